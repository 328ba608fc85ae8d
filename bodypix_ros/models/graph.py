# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Builds ONNX graphs: nodes, constants, and convolutions whose shapes are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..errors import ModelError

Weights = Mapping[str, NDArray[np.float32]]
"""Weights by name."""

_SAME_CHANNELS = ('Clip', 'Relu', 'MaxPool', 'Add')
"""Operators whose output has the same number of channels as each input."""

OPSET = 17  # supported by the ONNX Runtime of all supported platforms
IR_VERSION = 8


class Nodes:
    """ONNX nodes and constants under construction; values are named by strings."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Append one node and return the name of its output."""
        return self.add_many(operator, inputs, [output], **attributes)[0]

    def add_many(self, operator: str, inputs: Sequence[str], outputs: list[str], **attributes: Any) -> list[str]:
        """Append one node and return the names of its outputs."""
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return outputs

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """Add a constant and return its name; a name that exists is not added again."""
        self._constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def model(self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """Return the checked model from the inputs to the outputs."""
        graph = helper.make_graph(self._nodes, 'bodypix', inputs, outputs, list(self._constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


class GraphBuilder(Nodes):
    """The graph of a network, made from the weights of a checkpoint."""

    def __init__(self, weights: Weights, input_channels: int | None = None) -> None:
        super().__init__()
        self.weights = weights
        self._channels = {} if input_channels is None else {'input': input_channels}

    def weight(self, name: str) -> NDArray[np.float32]:
        """Return the weights with this name.

        Raises:
            ModelError: the checkpoint does not contain them.
        """
        if name not in self.weights:
            raise ModelError(f'the checkpoint has no weights named {name}; it is not a BodyPix checkpoint')
        return self.weights[name]

    def add_many(self, operator: str, inputs: Sequence[str], outputs: list[str], **attributes: Any) -> list[str]:
        """Append one node and return the names of its outputs.

        Raises:
            ModelError: values with different numbers of channels are added.
        """
        if operator in _SAME_CHANNELS:
            channels = {self._channels[value] for value in inputs if value in self._channels}
            if len(channels) > 1:
                raise ModelError(f'{outputs[0]} adds values of {" and ".join(map(str, sorted(channels)))} channels')
            self._channels.update({output: count for output in outputs for count in channels})
        return super().add_many(operator, inputs, outputs, **attributes)

    def convolution(
        self,
        value: str,
        name: str,
        kernel: NDArray[np.float32],
        bias: NDArray[np.float32],
        *,
        stride: int = 1,
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
    ) -> str:
        """Append a convolution with a padding of half its (dilated) kernel on every side.

        With valid input sizes (a multiple of the stride, plus one) this is equal to TensorFlow's SAME padding.

        Args:
            value: name of the input, (N, in, h, w).
            name: name of the output.
            kernel: (out, in / groups, height, width).
            bias: (out,).
            stride: step, pixels.
            dilation: distance of the kernel's taps, (height, width), pixels.
            groups: `out` for a depthwise convolution.

        Raises:
            ModelError: the shapes of kernel and bias do not match each other or the input.
        """
        self._check_shapes(value, name, kernel.shape, bias.shape, groups)
        height, width = kernel.shape[2:]
        pad_y, pad_x = dilation[0] * (height - 1) // 2, dilation[1] * (width - 1) // 2
        return self.add(
            'Conv',
            [value, self.constant(f'{name}/kernel', kernel), self.constant(f'{name}/bias', bias)],
            name,
            kernel_shape=[height, width],
            strides=[stride, stride],
            dilations=list(dilation),
            pads=[pad_y, pad_x, pad_y, pad_x],
            group=groups,
        )

    def _check_shapes(self, value: str, name: str, kernel: tuple[int, ...], bias: tuple[int, ...], groups: int) -> None:
        channels = self._channels.get(value, kernel[1] * groups)  # the channels of other operators are not tracked
        if min(kernel) < 1 or kernel[1] * groups != channels or bias != (kernel[0],):
            raise ModelError(
                f'{name} must have weights for {channels} input channels and one bias for each output channel, got a '
                f'kernel of shape {kernel} in {groups} groups and a bias of shape {bias}'
            )
        self._channels[name] = kernel[0]

    def finish(self, output: str, channels: int) -> onnx.ModelProto:
        """Return the checked model from 'input' (N, 3, h, w) to the named output (N, channels, oh, ow), float32."""
        return self.model(
            [helper.make_tensor_value_info('input', TensorProto.FLOAT, ['n', 3, 'h', 'w'])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ['n', channels, 'oh', 'ow'])],
        )
