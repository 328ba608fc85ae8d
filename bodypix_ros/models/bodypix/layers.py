# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The layers of BodyPix networks: convolutions with the weights of a TensorFlow.js checkpoint, and heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from ...errors import ModelError
from ..graph import GraphBuilder, Weights
from .heads import HEAD_CHANNELS, HEAD_LAYERS, MASK_HEADS


def kernel_of(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a convolution's (height, width, in, out) weights in the layout of ONNX: (out, in, height, width).

    Raises:
        ModelError: they do not have four axes.
    """
    _check_axes(weights)
    return weights.transpose(3, 2, 0, 1)


def depthwise_kernel_of(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (height, width, channels, 1) weights as (channels, 1, height, width).

    Raises:
        ModelError: they do not have four axes.
    """
    _check_axes(weights)
    return weights.transpose(2, 3, 0, 1)


def _check_axes(weights: NDArray[np.float32]) -> None:
    if weights.ndim != 4:
        raise ModelError(f'the weights of a convolution must have four axes, got the shape {weights.shape}')


def full_convolution(
    builder: GraphBuilder, value: str, layer: str, *, stride: int = 1, dilation: tuple[int, int] = (1, 1)
) -> str:
    """Append a convolution of the checkpoint that is not depthwise.

    Args:
        builder: the graph so far.
        value: name of the input.
        layer: name of the layer in the checkpoint, such as 'MobilenetV1/Conv2d_0'.
        stride: step, pixels.
        dilation: distance of the kernel's taps, (height, width), pixels.
    """
    kernel, bias = kernel_of(builder.weight(f'{layer}/weights')), builder.weight(f'{layer}/Conv2D_bias')
    return builder.convolution(value, layer, kernel, bias, stride=stride, dilation=dilation)


def append_heads(builder: GraphBuilder, features: str, heads: Sequence[str], scope: str) -> onnx.ModelProto:
    """Append all requested heads as one 1x1 convolution, which is faster than several, and finish the graph.

    Args:
        builder: the graph so far.
        features: name of the last features.
        heads: names of heads, in the order of the output's channels.
        scope: prefix of the heads' weights, such as 'MobilenetV1'.

    Raises:
        ModelError: the checkpoint lacks a head, or a head has a wrong size.
    """
    _check_heads(builder.weights, heads, scope)
    layers = [f'{scope}/{HEAD_LAYERS[head]}' for head in heads]
    kernels = [kernel_of(builder.weight(f'{layer}/weights')) for layer in layers]
    biases = [builder.weight(f'{layer}/Conv2D_bias') for layer in layers]
    for layer, kernel, bias in zip(layers, kernels, biases, strict=True):
        if kernel.shape[1:] != kernels[0].shape[1:] or bias.shape != kernel.shape[:1]:
            raise ModelError(f'{layer} has weights of shape {kernel.shape} and biases of shape {bias.shape}')
    output = builder.convolution(features, 'heads', np.concatenate(kernels), np.concatenate(biases))
    return builder.finish(output, sum(HEAD_CHANNELS[head] for head in heads))


def _check_heads(weights: Weights, heads: Sequence[str], scope: str) -> None:
    layers = {head: f'{scope}/{HEAD_LAYERS[head]}/weights' for head in heads}
    missing = [head for head, layer in layers.items() if layer not in weights]
    if missing:
        reason = (
            'it is not a BodyPix checkpoint'
            if set(missing) & set(MASK_HEADS)
            else 'people require a checkpoint of BodyPix 2'
        )
        raise ModelError(f'the checkpoint has no head {", ".join(missing)}; {reason}')
    for head, layer in layers.items():
        if weights[layer].shape[-1] != HEAD_CHANNELS[head]:
            raise ModelError(f'the head {head} has {weights[layer].shape[-1]} channels, expected {HEAD_CHANNELS[head]}')
