# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names and shapes of the tensors in the official checkpoints, and weights of those shapes made of seeded noise."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from bodypix_ros.models.bodypix.tfjs import Weights

Shapes = dict[str, tuple[int, ...]]

BODYPIX1_HEADS = {'heatmap_2': 17, 'offset_2': 34, 'part_heatmap_2': 24, 'segment_2': 1}
BODYPIX2_HEADS = {
    **BODYPIX1_HEADS,
    'embedding_2': 34,
    'displacement_fwd_2': 32,
    'displacement_bwd_2': 32,
    'part_offset_2': 48,
}


def mobilenet_shapes(multiplier: float, version: int) -> Shapes:
    """Shapes of a MobileNetV1 checkpoint; the narrow ones do not double at their twelfth layer."""
    last = 32 if multiplier == 1.0 else 16
    widths = [round(32 * multiplier * times) for times in (1, 2, 4, 4, 8, 8, *([16] * 6), last, last)]
    shapes = _convolution('MobilenetV1/Conv2d_0', 3, 3, widths[0])
    for index, (before, after) in enumerate(pairwise(widths), start=1):
        name = f'MobilenetV1/Conv2d_{index}'
        shapes[f'{name}_depthwise/depthwise_weights'] = (3, 3, before, 1)
        shapes[f'{name}_depthwise/depthwise_bias'] = (before,)
        shapes |= _convolution(f'{name}_pointwise', 1, before, after)
    for head, channels in (BODYPIX1_HEADS if version == 1 else BODYPIX2_HEADS).items():
        shapes |= _convolution(f'MobilenetV1/{head}', 1, widths[-1], channels)
    return shapes


def resnet_shapes(width: int = 64) -> Shapes:
    """Shapes of the ResNet50 checkpoint, less the paddings that the graph reads; other widths are for quick tests."""
    shapes, before = _convolution('resnet_v1_50/conv1', 7, 3, width), width
    for block, units in enumerate((3, 4, 6, 3), start=1):
        inner = width * 2 ** (block - 1)
        for unit in range(1, units + 1):
            name = f'resnet_v1_50/block{block}/unit_{unit}/bottleneck_v1'
            if unit == 1:
                shapes |= _convolution(f'{name}/shortcut', 1, before, 4 * inner)
            shapes |= _convolution(f'{name}/conv1', 1, before, inner)
            shapes |= _convolution(f'{name}/conv2', 3, inner, inner)
            shapes |= _convolution(f'{name}/conv3', 1, inner, 4 * inner)
            before = 4 * inner
    for head, channels in BODYPIX2_HEADS.items():
        shapes |= _convolution(f'resnet_v1_50/{head}', 1, before, channels)
    return shapes


def noise(shapes: Shapes, seed: int = 0) -> Weights:
    """Weights of these shapes that keep what flows through the network at about the size of its input."""
    random = np.random.default_rng(seed)
    return {name: _scale(name, shape) * random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def _scale(name: str, shape: tuple[int, ...]) -> np.float32:
    if len(shape) == 1:
        return np.float32(0.2)  # biases
    inputs = math.prod(shape[:2]) * (1 if 'depthwise' in name else shape[2])
    residual = 0.2 if name.endswith('/conv3/weights') else 1.0  # sixteen of them are added up
    return np.float32(residual * math.sqrt(2 / inputs))


def _convolution(name: str, size: int, before: int, after: int) -> Shapes:
    return {f'{name}/weights': (size, size, before, after), f'{name}/Conv2D_bias': (after,)}
