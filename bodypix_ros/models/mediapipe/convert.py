# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Builds ONNX from a .tflite graph: channels first, any batch size, float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx
from onnx import TensorProto, helper

from ...errors import ModelError
from ..disk import guarded
from ..graph import Nodes
from . import operators
from .conversion import Conversion, onnx_shape
from .tflite_file import Operator, Shape, TfliteGraph, read_tflite

CONVERTERS: dict[str, Callable[[Conversion, Operator], None]] = {
    'ADD': operators.add,
    'AVERAGE_POOL_2D': operators.average_pool,
    'CONCATENATION': operators.concatenate,
    'CONV_2D': operators.convolve,
    'Convolution2DTransposeBias': operators.convolve_transposed,
    'DENSIFY': operators.keep_constant,
    'DEPTHWISE_CONV_2D': operators.convolve_depthwise,
    'DEPTH_TO_SPACE': operators.depth_to_space,
    'DEQUANTIZE': operators.keep_constant,
    'FULLY_CONNECTED': operators.multiply_matrix,
    'HARD_SWISH': operators.hard_swish,
    'LOGISTIC': operators.logistic,
    'MAX_POOL_2D': operators.max_pool,
    'MEAN': operators.mean,
    'MUL': operators.multiply,
    'PAD': operators.pad,
    'PRELU': operators.prelu,
    'RELU': operators.relu,
    'RESHAPE': operators.reshape,
    'RESIZE_BILINEAR': operators.resize_bilinear,
}


def build_onnx(data: bytes, title: str, size: tuple[int, int], outputs: Mapping[str, Shape]) -> onnx.ModelProto:
    """Build the network in a .tflite file.

    Args:
        data: the content of the file.
        title: for error texts, such as the path of the file.
        size: expected height and width of the input, pixels.
        outputs: names and expected shapes of the outputs in the order of the file, without the batch. With three
            axes they are (channels, height, width).

    Returns:
        The checked model from 'input' (N, 3, height, width) float32, RGB, to the outputs (N, ...) float32.

    Raises:
        ModelError: the file is damaged, is another network or has an unknown operator, or the package tflite is
            missing.
    """
    graph = read_tflite(data, title)
    with guarded(f'converting {title} to ONNX'):
        _check_borders(graph, title, size, outputs)
        names = dict(zip(graph.outputs, outputs, strict=True))
        conversion = Conversion(graph, {graph.inputs[0]: 'input', **names})
        for operator in graph.operators:
            if operator.name not in CONVERTERS:
                raise ModelError(f'{title} has the operator {operator.name}, which is not supported')
            conversion.check_inputs(operator)
            CONVERTERS[operator.name](conversion, operator)
        return _finish(conversion.nodes, graph, size, outputs)


def _check_borders(graph: TfliteGraph, title: str, size: tuple[int, int], outputs: Mapping[str, Shape]) -> None:
    """Raise ModelError unless inputs and outputs have the expected shapes."""
    received = [graph.shapes[i] for i in (*graph.inputs, *graph.outputs)]
    expected = [(1, *size, 3), *((1, *channels_last(shape)) for shape in outputs.values())]
    if received != expected:
        raise ModelError(f'{title} must have an input and outputs of the shapes {expected}, got {received}')


def channels_last(shape: Shape) -> Shape:
    """Return (channels, height, width) as (height, width, channels), and any other shape as it is."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def _finish(nodes: Nodes, graph: TfliteGraph, size: tuple[int, int], outputs: Mapping[str, Shape]) -> onnx.ModelProto:
    model = nodes.model(
        [_value('input', (3, *size))],
        [_value(name, shape) for name, shape in outputs.items()],
    )
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    for value in inferred.graph.value_info:
        shape = tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)
        declared = onnx_shape(graph.shapes[int(value.name.partition('/')[0])])
        if '/' not in value.name and shape[1:] != declared[1:]:
            raise ModelError(f'tensor {value.name} must have the shape {declared} according to the file, got {shape}')
    return model


def _value(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ['n', *shape])
