# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ResNet50 as in BodyPix 2: slim's resnet_v1_50, batch norm folded into the convolutions, 2048 features."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from ..graph import GraphBuilder
from .layers import append_heads, full_convolution
from .strides import Layer, plan_layers
from .tfjs import Weights

_SCOPE = 'resnet_v1_50'
_BLOCKS = ((3, 2), (4, 2), (6, 2), (3, 1))
"""Number of units of each block, and the stride of its last unit."""


def unit_plan(output_stride: int) -> dict[str, Layer]:
    """Return stride and dilation of the 16 units by name, for the requested output stride.

    Source: the published graphs of ResNet50 with strides 16 and 32, which have the same weights.
    """
    names, steps = [], []
    for block, (units, stride) in enumerate(_BLOCKS, start=1):
        for unit in range(1, units + 1):
            names.append(f'{_SCOPE}/block{block}/unit_{unit}/bottleneck_v1')
            steps.append(stride if unit == units else 1)
    layers = plan_layers(steps, output_stride, stride=4)  # conv1 and pool1 have stride 2 each
    return dict(zip(names, layers, strict=True))


def build_resnet(weights: Weights, stride: int, dilation: str, heads: Sequence[str]) -> onnx.ModelProto:
    """Build the network from a checkpoint's weights.

    Args:
        weights: tensors by their official names.
        stride: 8, 16 or 32 input pixels per output cell; 8 was never published.
        dilation: 'trained' or 'tfjs', see `Layer.dilations`.
        heads: names of the heads, in the order of the output channels.

    Returns:
        A model from 'input' (N, 3, h, w), RGB 0..255 minus the mean of ImageNet, h and w a multiple of the stride plus
        one, to 'heads' (N, C, (h - 1) / stride + 1, (w - 1) / stride + 1), float32.

    Raises:
        ModelError: weights are missing, or their shapes do not match each other.
    """
    builder = GraphBuilder(weights, input_channels=3)
    value = _relu(builder, full_convolution(builder, 'input', f'{_SCOPE}/conv1', stride=2))
    # The published graph pads with zeros; the values are never negative, so the padding of ONNX has the same result.
    value = builder.add('MaxPool', [value], 'pool1', kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for name, layer in unit_plan(stride).items():
        value = _unit(builder, value, name, layer, dilation)
    return append_heads(builder, value, heads, _SCOPE)


def _unit(builder: GraphBuilder, value: str, name: str, layer: Layer, dilation: str) -> str:
    """Append a bottleneck: 1x1, 3x3 and 1x1 convolutions, parallel to a shortcut."""
    dilations = layer.dilations(dilation)
    branch = _relu(builder, full_convolution(builder, value, f'{name}/conv1'))
    branch = _relu(builder, full_convolution(builder, branch, f'{name}/conv2', stride=layer.stride, dilation=dilations))
    branch = full_convolution(builder, branch, f'{name}/conv3')
    shortcut = _shortcut(builder, value, f'{name}/shortcut', layer.stride)
    return _relu(builder, builder.add('Add', [branch, shortcut], f'{name}/add'))


def _shortcut(builder: GraphBuilder, value: str, name: str, stride: int) -> str:
    """Append the shortcut: a projection in the first unit of a block, otherwise every stride-th position."""
    if '/unit_1/' in name:
        return full_convolution(builder, value, name, stride=stride)
    if stride == 1:
        return value
    return builder.add('MaxPool', [value], name, kernel_shape=[1, 1], strides=[stride, stride])


def _relu(builder: GraphBuilder, value: str) -> str:
    return builder.add('Relu', [value], f'{value}/relu')
