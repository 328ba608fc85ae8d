"""MobileNetV1 as BodyPix has it: batch norm folded, Relu6, thirteen depthwise-separable layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from .graph import GraphBuilder, append_heads, conv_bias, depthwise_kernel_of, kernel_of
from .tfjs import Weights

LAYERS = 13
_SCOPE = 'MobilenetV1'
_HEAD_LAYERS = {
    'segments': 'segment_2',
    'part_heatmaps': 'part_heatmap_2',
    'heatmaps': 'heatmap_2',
    'short_offsets': 'offset_2',
    'displacement_fwd': 'displacement_fwd_2',
    'displacement_bwd': 'displacement_bwd_2',
    'long_offsets': 'embedding_2',
}


@dataclass(frozen=True)
class Layer:
    """Stride and dilation of one depthwise layer."""

    stride: int
    rate: int


def layer_plan(multiplier: float, output_stride: int) -> tuple[Layer, ...]:
    """Return stride and dilation of the 13 depthwise layers so that the network's output stride is as wanted.

    Source: BodyPix 1.x `toOutputStridedLayers`: once the wanted stride is reached, a layer keeps stride 1 and its
    nominal stride widens the dilation of the layers after it. The narrow checkpoints (below 1.0) have a natural
    stride of 16; for 32 their last layer takes every second position, which gives exactly the values that stride 16
    has there, since only 1x1 convolutions follow.
    """
    nominal = {2: 2, 4: 2, 6: 2, 12: 2 if multiplier >= 1.0 else 1}
    layers, stride, rate = [], 2, 1  # the first, full convolution has stride 2
    for index in range(1, LAYERS + 1):
        step = nominal.get(index, 1)
        if stride == output_stride:
            layers.append(Layer(1, rate))
            rate *= step
        else:
            layers.append(Layer(step, 1))
            stride *= step
    if stride != output_stride:
        layers[-1] = Layer(output_stride // stride, 1)
    return tuple(layers)


def build_mobilenet(
    weights: Weights, multiplier: float, stride: int, dilation: str, heads: Sequence[str]
) -> onnx.ModelProto:
    """Build the network from a checkpoint's weights.

    Args:
        weights: tensors by their official names.
        multiplier: width of the network, which decides its nominal strides.
        stride: 8, 16 or 32 input pixels per output cell.
        dilation: 'trained' dilates in both axes, as the weights were trained; 'tfjs' in height alone, as
            TensorFlow.js executes the published graphs, whose attributes are malformed.
        heads: which heads, in the order of the output's channels.

    Returns:
        A model from 'input' (N, 3, h, w), RGB in -1..1, h and w a multiple of the stride plus one, to
        'heads' (N, C, (h - 1) / stride + 1, (w - 1) / stride + 1), float32.

    Raises:
        ModelError: weights are missing.
    """
    builder = GraphBuilder(weights)
    value = _relu6(builder, _full_convolution(builder, 'input', 'Conv2d_0', stride=2))
    for index, layer in enumerate(layer_plan(multiplier, stride), start=1):
        rates = (layer.rate, layer.rate if dilation == 'trained' else 1)
        value = _relu6(builder, _depthwise(builder, value, f'Conv2d_{index}_depthwise', layer.stride, rates))
        value = _relu6(builder, _full_convolution(builder, value, f'Conv2d_{index}_pointwise'))
    return append_heads(builder, value, heads, _SCOPE, _HEAD_LAYERS)


def _full_convolution(builder: GraphBuilder, value: str, name: str, stride: int = 1) -> str:
    kernel = kernel_of(builder.weight(f'{_SCOPE}/{name}/weights'))
    return builder.convolution(value, name, kernel, conv_bias(builder, f'{_SCOPE}/{name}'), stride=stride)


def _depthwise(builder: GraphBuilder, value: str, name: str, stride: int, dilation: tuple[int, int]) -> str:
    kernel = depthwise_kernel_of(builder.weight(f'{_SCOPE}/{name}/depthwise_weights'))
    bias = builder.weight(f'{_SCOPE}/{name}/depthwise_bias')
    return builder.convolution(
        value, name, kernel, bias, stride=stride, dilation=dilation, groups=kernel.shape[0]
    )


def _relu6(builder: GraphBuilder, value: str) -> str:
    low, high = builder.constant('zero', np.float32(0)), builder.constant('six', np.float32(6))
    return builder.add('Clip', [value, low, high], f'{value}/relu6')
