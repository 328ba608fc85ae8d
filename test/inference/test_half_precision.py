# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which layers compute in fp16."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from gpu_on_cpu import own_network, real_network
from onnx import TensorProto, helper, numpy_helper

from bodypix_ros.errors import ModelError
from bodypix_ros.inference.half_precision import halve


def _chain(kernels: list[np.ndarray]) -> onnx.GraphProto:
    """Convolutions one after the other, each with a Relu6 of shared bounds."""
    nodes, value = [], 'input'
    for index in range(len(kernels)):
        nodes.append(helper.make_node('Conv', [value, f'kernel{index}'], [f'conv{index}']))
        value = nodes[-1].output[0]
        if index < len(kernels) - 1:
            nodes.append(helper.make_node('Clip', [value, 'zero', 'six'], [f'clip{index}']))
            value = nodes[-1].output[0]
    constants = [numpy_helper.from_array(kernel, f'kernel{index}') for index, kernel in enumerate(kernels)]
    constants += [numpy_helper.from_array(np.float32(number), name) for name, number in (('zero', 0), ('six', 6))]
    shape = [1, 1, 2, 2]
    return helper.make_graph(
        nodes,
        'chain',
        [helper.make_tensor_value_info('input', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, shape)],
        constants,
    )


def _ones(count: int) -> list[np.ndarray]:
    return [np.ones((1, 1, 1, 1), np.float32) for _ in range(count)]


def test_the_first_two_convolutions_and_the_last_stay_float32() -> None:
    graph = _chain(_ones(5))
    halve(graph)
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    assert {name for name, kind in types.items() if kind == TensorProto.FLOAT} == {
        'kernel0', 'kernel1', 'kernel4', 'zero', 'six',
    }  # fmt: skip
    assert {name for name, kind in types.items() if kind == TensorProto.FLOAT16} == {
        'kernel2/half', 'kernel3/half', 'zero/half', 'six/half',
    }  # fmt: skip


def test_a_network_of_three_convolutions_stays_as_it_is() -> None:
    graph = _chain(_ones(3))
    before = graph.SerializeToString()
    halve(graph)
    assert not [node for node in graph.node if node.op_type == 'Cast']
    assert len(graph.SerializeToString()) == len(before)


def test_precisions_meet_in_one_cast_each() -> None:
    graph = _chain(_ones(5))
    halve(graph)
    casts = [(node.input[0], node.output[0]) for node in graph.node if node.op_type == 'Cast']
    assert casts == [('clip1', 'clip1/half'), ('clip3', 'clip3/float')]
    onnx.checker.check_model(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8))


def test_input_and_output_keep_their_names_and_types(server, model_dir) -> None:
    graph = onnx.load_from_string(real_network(server, model_dir, people=True).onnx).graph
    expected = [graph.input[0].SerializeToString(), graph.output[0].SerializeToString()]
    halve(graph)
    assert [graph.input[0].SerializeToString(), graph.output[0].SerializeToString()] == expected
    halves = [tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT16]
    assert len(halves) == 2 * 25 + 2  # 25 of 28 convolutions, and the bounds of Relu6


def test_weights_that_fp16_cannot_hold_are_refused() -> None:
    kernels = _ones(5)
    kernels[2][:] = 7e4
    with pytest.raises(
        ModelError, match='the weights kernel2 reach 70000, which fp16 cannot hold; set precision to fp32'
    ):
        halve(_chain(kernels))


def test_our_network_keeps_its_outputs_and_the_computation_of_sizes() -> None:
    graph = onnx.load_from_string(own_network(people=True).onnx).graph
    expected = [output.SerializeToString() for output in graph.output]
    halve(graph)
    assert [output.SerializeToString() for output in graph.output] == expected
    cast = {node.input[0] for node in graph.node if node.op_type == 'Cast'}
    sizes = {name for node in graph.node if node.op_type == 'Resize' for name in node.input[1:]}
    assert not cast & sizes
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    last = [node for node in graph.node if node.output[0] in ('fine', 'pose')]
    assert [types[node.input[1]] for node in last] == [TensorProto.FLOAT, TensorProto.FLOAT]
    kernels = [types[node.input[1]] for node in graph.node if node.op_type == 'Conv']
    assert kernels.count(TensorProto.FLOAT) == 4
