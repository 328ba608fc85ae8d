# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Replaces strides by dilations, so that one set of weights supports every output stride."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """Stride and dilation rate of one layer."""

    stride: int
    rate: int

    def dilations(self, rule: str) -> tuple[int, int]:
        """Return the distance of the kernel's taps, (height, width), pixels.

        Args:
            rule: 'trained' dilates both axes, as in training; 'tfjs' dilates only the height, as TensorFlow.js does
                when it executes the published graphs of BodyPix 2, which have malformed attributes.
        """
        return (self.rate, self.rate if rule == 'trained' else 1)


def plan_layers(nominal: Iterable[int], output_stride: int, stride: int) -> list[Layer]:
    """Return stride and rate of each layer for an output stride.

    Once the output stride is reached, layers have stride 1, and their nominal strides multiply the dilation rate of the
    following layers.

    Args:
        nominal: strides of the layers in a network without dilation.
        output_stride: of the whole network, input pixels per output cell.
        stride: of the layers before the first of these.

    Source: BodyPix 1.1 `toOutputStridedLayers`, slim's `stack_blocks_dense`.
    """
    layers, rate = [], 1
    for step in nominal:
        if stride == output_stride:
            layers.append(Layer(1, rate))
            rate *= step
        else:
            layers.append(Layer(step, 1))
            stride *= step
    return layers


def executed_stride(version: int, multiplier: float, stride: int) -> int:
    """Return the actual output stride of a network for a requested stride.

    The checkpoints with a multiplier below 1.0 have a native stride of 16. BodyPix 1 accepts 32 for them but runs 16,
    and so does this package. BodyPix 2 has no such graph; see `layer_plan`.

    Args:
        version: of BodyPix, 1 or 2.
        multiplier: width of MobileNetV1.
        stride: requested stride: 8, 16 or 32.
    """
    return 16 if version == 1 and multiplier < 1.0 and stride == 32 else stride
