"""Replaces strides by dilations, so that one set of weights serves every output stride."""

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
            rule: 'trained' dilates in both axes, as the weights were trained; 'tfjs' in height alone, as TensorFlow.js
                executes the published graphs of BodyPix 2, whose attributes are malformed.
        """
        return (self.rate, self.rate if rule == 'trained' else 1)


def plan_layers(nominal: Iterable[int], output_stride: int, stride: int) -> list[Layer]:
    """Return stride and rate of each layer for an output stride.

    Once the wanted stride is reached, a layer keeps stride 1 and its nominal stride widens the rate of the layers
    after it.

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
    """Return the output stride that a network really has when this one is requested.

    The checkpoints below multiplier 1.0 have a natural stride of 16. BodyPix 1 accepts 32 for them and runs 16, so
    that is what we do: its masks are those of stride 16. For BodyPix 2 no such graph is known; see `layer_plan`.

    Args:
        version: of BodyPix, 1 or 2.
        multiplier: width of MobileNetV1.
        stride: 8, 16 or 32 as asked for.
    """
    return 16 if version == 1 and multiplier < 1.0 and stride == 32 else stride
