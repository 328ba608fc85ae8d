# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts a network to half precision."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..errors import ModelError

FULL_AT_FIRST = 2
"""Number of convolutions at the beginning that remain float32.

They detect edges: BodyPix has weights up to 63 there that nearly cancel out, for which fp16 is too coarse. In fp16 they
alone would change 0.3 % of the part labels; in float32 they take almost no additional time.
"""


def halve(graph: onnx.GraphProto) -> None:
    """Convert a network to fp16 in place; its input, its outputs, its first and its last layers remain float32.

    The last layers are the 1x1 convolutions of the heads. Their offsets are hundreds of pixels, which fp16 would round
    to eighths.

    Args:
        graph: of a network with one float32 input and float32 outputs.

    Raises:
        ModelError: a weight is beyond the range of fp16.
    """
    convolutions = [index for index, node in enumerate(graph.node) if node.op_type == 'Conv']
    outputs = {output.name for output in graph.output}
    first = convolutions[FULL_AT_FIRST] if len(convolutions) > FULL_AT_FIRST else len(graph.node)
    conversion = _Conversion(graph)
    for index, node in enumerate(graph.node):
        conversion.take(node, half=index >= first and not outputs.intersection(node.output))
    del graph.node[:], graph.initializer[:]
    graph.node.extend(conversion.nodes)
    graph.initializer.extend(conversion.constants.values())


class _Conversion:
    """A graph on its way to mixed precision: nodes, with casts where precisions meet, and the constants they use."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._originals = {tensor.name: tensor for tensor in graph.initializer}
        self._sizes = {tensor.name for tensor in graph.initializer if tensor.data_type != TensorProto.FLOAT} | {''}
        self._halves: set[str] = set()
        self._casts: set[str] = set()

    def take(self, node: onnx.NodeProto, *, half: bool) -> None:
        """Append a node that computes in fp16 or in float32; nodes that compute sizes and shapes are unchanged."""
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        if node.op_type == 'Shape' or node.input[0] in self._sizes:
            copy.input[:] = [self._kept(name) for name in node.input]
            self._sizes.update(node.output)
        else:
            features = 1 if node.op_type == 'Resize' else len(node.input)
            copy.input[:] = [self._converted(name, half) for name in node.input[:features]]
            copy.input.extend(self._kept(name) for name in node.input[features:])
            self._halves.update(node.output if half else ())
        self.nodes.append(copy)

    def _kept(self, name: str) -> str:
        """Return the name of a value that keeps its type."""
        if name in self._originals:
            self.constants[name] = self._originals[name]
        return name

    def _converted(self, name: str, half: bool) -> str:
        """Return the name of a value in the requested precision."""
        if name in self._sizes:
            return self._kept(name)
        if name in self._originals:
            tensor = _half(self._originals[name]) if half else self._originals[name]
            self.constants[tensor.name] = tensor
            return tensor.name
        if (name in self._halves) == half:
            return name
        cast = f'{name}/half' if half else f'{name}/float'
        if cast not in self._casts:
            self._casts.add(cast)
            kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
            self.nodes.append(helper.make_node('Cast', [name], [cast], to=kind))
        return cast


def _half(tensor: onnx.TensorProto) -> onnx.TensorProto:
    values = numpy_helper.to_array(tensor)
    largest = np.abs(values).max(initial=0)
    if largest > np.finfo(np.float16).max:
        raise ModelError(f'the weights {tensor.name} reach {largest:g}, which fp16 cannot hold; set precision to fp32')
    return numpy_helper.from_array(values.astype(np.float16), f'{tensor.name}/half')
