# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantises MobileNetV1: activations in uint8, weights in int8, sums in int32.

Processors with 8-bit dot products (VNNI on x86, SDOT on ARM) run it twice as fast as float32. All activations are
clipped to 0..6, so one scale of 256 steps suits all of them, and no calibration images are required. The first layer,
whose input has another range, and the heads, whose output requires a finer resolution, remain in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ..graph import GraphBuilder

_STEP = np.float32(6 / 255)
"""Step of the activations."""

_LARGEST = 127


def quantise_mobilenet(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantise a network that `build_mobilenet` returned.

    Args:
        model: from 'input' to 'heads', float32: a chain of convolutions with a clip to 0..6 after all but the last.

    Returns:
        A model with the same input and output.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    builder = GraphBuilder(constants)
    step, zero = builder.constant('step', _STEP), builder.constant('nought', np.uint8(0))
    first, *middle, last = (node for node in model.graph.node if node.op_type == 'Conv')
    value = _copy(builder, first, 'input')
    value = builder.add('Clip', [value, *(_constant(builder, name) for name in ('zero', 'six'))], f'{value}/relu6')
    value = builder.add('QuantizeLinear', [value, step, zero], f'{value}/bytes')
    for node in middle:
        value = _in_bytes(builder, node, value, step, zero)
    value = builder.add('DequantizeLinear', [value, step, zero], f'{value}/floats')
    return builder.finish(_copy(builder, last, value), constants[last.input[1]].shape[0])


def round_kernels(kernels: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round the kernel of each output channel to multiples of its step, so that its sum is preserved.

    The inputs of a kernel's taps are similar, because they are neighbouring pixels, and activations are never negative.
    The error of the sum of the weights therefore matters more than the error of each weight; some weights are rounded
    in the other direction.

    Args:
        kernels: (out, in / groups, height, width).

    Returns:
        The kernels as integers of -127..127, and the (out,) step of each channel.
    """
    flat = kernels.reshape(len(kernels), -1)
    steps = np.maximum(np.abs(flat).max(axis=1), np.float32(1e-8)) / np.float32(_LARGEST)
    exact = flat / steps[:, None]
    rounded = np.rint(exact)
    remainders = exact - rounded
    missing = np.rint(remainders.sum(axis=1))
    order = np.argsort(-remainders * np.sign(missing)[:, None], axis=1, kind='stable')
    moved = np.arange(flat.shape[1]) < np.abs(missing)[:, None]
    np.put_along_axis(rounded, order, np.take_along_axis(rounded, order, 1) + moved * np.sign(missing)[:, None], 1)
    return np.clip(rounded, -_LARGEST, _LARGEST).astype(np.int8).reshape(kernels.shape), steps


def _in_bytes(builder: GraphBuilder, node: onnx.NodeProto, value: str, step: str, zero: str) -> str:
    """Append a quantised convolution; the saturation of its output replaces the clip that follows."""
    name = node.output[0]
    kernels, steps = round_kernels(builder.weight(node.input[1]))
    bias = np.rint(builder.weight(node.input[2]) / (steps * _STEP)).astype(np.int32)
    inputs = [
        *(value, step, zero),
        builder.constant(f'{name}/kernel', kernels),
        builder.constant(f'{name}/steps', steps),
        builder.constant(f'{name}/zeros', np.zeros(len(kernels), np.int8)),
        *(step, zero),
        builder.constant(f'{name}/bias', bias),
    ]
    return builder.add('QLinearConv', inputs, name, **_attributes(node))


def _copy(builder: GraphBuilder, node: onnx.NodeProto, value: str) -> str:
    """Append a convolution unchanged."""
    inputs = [value, *(_constant(builder, name) for name in node.input[1:])]
    return builder.add('Conv', inputs, node.output[0], **_attributes(node))


def _constant(builder: GraphBuilder, name: str) -> str:
    return builder.constant(name, builder.weight(name))


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
