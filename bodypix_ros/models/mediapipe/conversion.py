# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A conversion from .tflite to ONNX: the graph under construction, and the tensors that are known so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..graph import Nodes
from .tflite_file import Constant, Operator, Shape, TfliteGraph

CHANNELS_FIRST = (0, 3, 1, 2)
"""The axes of (N, height, width, channels) in the order of ONNX."""

_RELU, _RELU6 = 1, 3  # of tflite.ActivationFunctionType


class Conversion:
    """The ONNX graph under construction, and the names and constant values of the tensors so far."""

    def __init__(self, graph: TfliteGraph, names: dict[int, str]) -> None:
        """Begin a conversion.

        Args:
            graph: the graph to convert.
            names: the names of inputs and outputs by the indices of their tensors.
        """
        self.graph = graph
        self.nodes = Nodes()
        self.constants: dict[int, Constant] = dict(graph.constants)
        self._names = names
        self._computed = set(graph.inputs)

    def check_inputs(self, operator: Operator) -> None:
        """Raise ModelError if a tensor does not exist, or is used before it is computed."""
        for tensor in (*operator.inputs, operator.output):
            if not -1 <= tensor < len(self.graph.shapes):  # -1 is an optional input that is absent
                raise ModelError(f'{operator.name} refers to the tensor {tensor}, which does not exist')
        for tensor in operator.inputs:
            if tensor not in self._computed and tensor not in self.constants and tensor != -1:
                raise ModelError(f'{operator.name} uses the tensor {tensor} before it is computed')
        if operator.output in self._computed or operator.output in self.constants:
            raise ModelError(f'{operator.name} computes the tensor {operator.output}, which exists')

    def constant(self, operator: Operator, position: int) -> Constant:
        """Return the value of a constant input, float32 or int32."""
        tensor = operator.inputs[position]
        if tensor not in self.constants:
            raise ModelError(f'input {position} of {operator.name} must be a constant')
        value = self.constants[tensor]
        return value.astype(np.float32) if value.dtype == np.float16 else value

    def bias(self, operator: Operator, position: int, channels: int) -> NDArray[np.float32]:
        """Return the value of an optional bias, (channels,)."""
        if len(operator.inputs) <= position or operator.inputs[position] == -1:
            return np.zeros(channels, np.float32)
        return self.constant(operator, position)

    def value(self, operator: Operator, position: int = 0) -> str:
        """Return the name of an input in ONNX; a constant is added to the graph, with channels first."""
        tensor = operator.inputs[position]
        if tensor in self.constants:
            value = self.constant(operator, position)
            return self.nodes.constant(
                f'{tensor}/constant', value.transpose(CHANNELS_FIRST) if value.ndim == 4 else value
            )
        return self._names.get(tensor, str(tensor))

    def shape(self, operator: Operator, position: int = 0) -> Shape:
        """Return the shape of an input, with channels last as in the file."""
        return self.graph.shapes[operator.inputs[position]]

    def output_shape(self, operator: Operator) -> Shape:
        """Return the shape of the output, with channels last as in the file."""
        return self.graph.shapes[operator.output]

    def emit(self, operator: Operator, onnx_operator: str, inputs: list[str], **attributes: Any) -> None:
        """Append the node that computes the output, and the activation that is fused with the operator, if any."""
        name = self._names.get(operator.output, str(operator.output))
        activation = getattr(operator.options, 'FusedActivationFunction', lambda: 0)()
        if activation not in (0, _RELU, _RELU6):
            raise ModelError(f'{operator.name} must have the activation 0, 1 (RELU) or 3 (RELU6), got {activation}')
        linear = f'{operator.output}/linear' if activation else name
        self.nodes.add(onnx_operator, inputs, linear, **attributes)
        if activation == _RELU:
            self.nodes.add('Relu', [linear], name)
        elif activation == _RELU6:
            limits = [self.nodes.constant(f'{limit:g}/limit', np.float32(limit)) for limit in (0.0, 6.0)]
            self.nodes.add('Clip', [linear, *limits], name)
        self._computed.add(operator.output)

    def helper(self, operator: Operator, onnx_operator: str, inputs: list[str], **attributes: Any) -> str:
        """Append a node in front of the one that computes the output, and return its name."""
        return self.nodes.add(onnx_operator, inputs, f'{operator.output}/{onnx_operator}', **attributes)

    def weights(self, operator: Operator, suffix: str, value: Constant) -> str:
        """Add a constant that belongs to an operator and return its name."""
        return self.nodes.constant(f'{operator.output}/{suffix}', value)


def onnx_shape(shape: Shape) -> Shape:
    """Return a shape with four axes with channels first, and any other as it is."""
    return tuple(shape[axis] for axis in CHANNELS_FIRST) if len(shape) == 4 else shape
