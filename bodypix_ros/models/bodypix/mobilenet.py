# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV1 as in BodyPix: batch norm folded, Relu6, thirteen depthwise-separable layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx

from ..graph import GraphBuilder
from .layers import append_heads, depthwise_kernel_of, full_convolution
from .strides import Layer, plan_layers
from .tfjs import Weights

LAYERS = 13
_SCOPE = 'MobilenetV1'


def layer_plan(multiplier: float, output_stride: int) -> tuple[Layer, ...]:
    """Return stride and dilation of the 13 depthwise layers for the requested output stride.

    The narrow checkpoints (below 1.0) have a native stride of 16. For 32 their last layer computes every second
    position, with exactly the values of stride 16 there, because only 1x1 convolutions follow.
    """
    nominal = {2: 2, 4: 2, 6: 2, 12: 2 if multiplier >= 1.0 else 1}
    steps = [nominal.get(index, 1) for index in range(1, LAYERS + 1)]
    layers = plan_layers(steps, output_stride, stride=2)  # the first, full convolution has stride 2
    natural = 2 * math.prod(layer.stride for layer in layers)
    if natural != output_stride:
        layers[-1] = Layer(output_stride // natural, 1)
    return tuple(layers)


def build_mobilenet(
    weights: Weights, multiplier: float, stride: int, dilation: str, heads: Sequence[str]
) -> onnx.ModelProto:
    """Build the network from a checkpoint's weights.

    Args:
        weights: tensors by their official names.
        multiplier: width of the network, which determines its nominal strides.
        stride: 8, 16 or 32 input pixels per output cell.
        dilation: 'trained' or 'tfjs', see `Layer.dilations`.
        heads: names of the heads, in the order of the output channels.

    Returns:
        A model from 'input' (N, 3, h, w), RGB in -1..1, h and w a multiple of the stride plus one, to
        'heads' (N, C, (h - 1) / stride + 1, (w - 1) / stride + 1), float32.

    Raises:
        ModelError: weights are missing, or their shapes do not match each other.
    """
    builder = GraphBuilder(weights, input_channels=3)
    value = _relu6(builder, full_convolution(builder, 'input', f'{_SCOPE}/Conv2d_0', stride=2))
    for index, layer in enumerate(layer_plan(multiplier, stride), start=1):
        value = _relu6(builder, _depthwise(builder, value, f'{_SCOPE}/Conv2d_{index}_depthwise', layer, dilation))
        value = _relu6(builder, full_convolution(builder, value, f'{_SCOPE}/Conv2d_{index}_pointwise'))
    return append_heads(builder, value, heads, _SCOPE)


def _depthwise(builder: GraphBuilder, value: str, name: str, layer: Layer, dilation: str) -> str:
    kernel = depthwise_kernel_of(builder.weight(f'{name}/depthwise_weights'))
    bias = builder.weight(f'{name}/depthwise_bias')
    return builder.convolution(
        value,
        name,
        kernel,
        bias,
        stride=layer.stride,
        dilation=layer.dilations(dilation),
        groups=kernel.shape[0],
    )


def _relu6(builder: GraphBuilder, value: str) -> str:
    low, high = builder.constant('zero', np.float32(0)), builder.constant('six', np.float32(6))
    return builder.add('Clip', [value, low, high], f'{value}/relu6')
