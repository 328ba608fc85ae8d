# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What cameras, lenses and codecs do to pictures, at random and on the device."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

BLURRED, COARSE = slice(0, 6), slice(8, 13)
"""Fortieths of a batch that are blurred, and that come from a camera of low resolution. Samples of a batch are in
random order, so fixed places keep the shapes fixed."""

_FORTIETHS = 40
_BLUR_RADIUS = 3
_COARSE_TENTHS = (3, 4, 5, 6, 7)
"""Resolutions of a coarse camera, tenths."""


class Chance:
    """Random numbers on a device.

    Args:
        device: of the numbers.
        seed: of all chance.
    """

    def __init__(self, device: torch.device, seed: int) -> None:
        self.device = device
        self.generator = torch.Generator(device=device)
        self.generator.manual_seed(seed)
        self.host = random.Random(seed)
        """For decisions of the program itself, which should not wait for the device."""

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return numbers between two bounds."""
        return torch.rand(*shape, generator=self.generator, device=self.device) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Return numbers of mean 0 and deviation 1."""
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def order(self, count: int) -> Tensor:
        """Return a random permutation."""
        return torch.randperm(count, generator=self.generator, device=self.device)

    def draw(self, weights: Tensor, count: int) -> Tensor:
        """Return indices, each as likely as its weight."""
        return torch.multinomial(weights, count, replacement=True, generator=self.generator)


def disturb(pictures: Tensor, chance: Chance) -> Tensor:
    """Change light and colours, and blur, coarsen and add noise to some.

    Args:
        pictures: (n, 3, s, s) float32 RGB, 0..255.
        chance: source of random numbers.

    Returns:
        (n, 3, s, s) float32, -1..1.
    """
    x = _relight(pictures / 255, chance)
    x = _replace(x, BLURRED, lambda part: _blur(part, chance))
    x = _replace(x, COARSE, lambda part: _coarsen(part, chance))
    n = len(x)
    noise = torch.where(chance.uniform(n, 1, 1, 1) < 0.3, chance.uniform(n, 1, 1, 1, low=0.01, high=0.06), 0.0)
    x = x + chance.normal(*x.shape) * noise
    return x.clamp(0, 1) * 2 - 1


def _relight(x: Tensor, chance: Chance) -> Tensor:
    """Apply gamma, exposure, white balance, lift and saturation."""
    n = len(x)
    x = x.clamp(1e-4, 1) ** torch.exp(chance.normal(n, 1, 1, 1) * 0.25)
    gains = torch.exp(chance.normal(n, 1, 1, 1) * 0.15) * torch.exp(chance.normal(n, 3, 1, 1) * 0.07)
    x = x * gains + chance.normal(n, 1, 1, 1) * 0.06
    grey = x.mean(1, keepdim=True)
    faded = chance.uniform(n, 1, 1, 1) < 0.12
    saturation = torch.where(faded, chance.uniform(n, 1, 1, 1, high=0.5), 1 + chance.normal(n, 1, 1, 1) * 0.2)
    return grey + (x - grey) * saturation.clamp(0, 2)


def _replace(x: Tensor, share: slice, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Change some samples of a batch."""
    start, end = (len(x) * place // _FORTIETHS for place in (share.start, share.stop))
    if end > start:
        x[start:end] = change(x[start:end])
    return x


def _blur(x: Tensor, chance: Chance) -> Tensor:
    """Blur by one Gaussian, whose deviation is drawn anew for every batch."""
    deviation = chance.uniform(1, low=0.5, high=1.8)
    steps = torch.arange(-_BLUR_RADIUS, _BLUR_RADIUS + 1, device=x.device, dtype=torch.float32)
    kernel = torch.exp(-steps.square() / (2 * deviation.square()))
    kernel = kernel / kernel.sum()
    padded = functional.pad(x, (_BLUR_RADIUS,) * 4, mode='reflect')
    flat = padded.flatten(0, 1)[:, None]
    return functional.conv2d(functional.conv2d(flat, kernel[None, None, None]), kernel[None, None, :, None]).view_as(x)


def _coarsen(x: Tensor, chance: Chance) -> Tensor:
    """See the pictures as a camera of lower resolution does."""
    size = x.shape[-1] * chance.host.choice(_COARSE_TENTHS) // 10
    small = functional.interpolate(x, size=(size, size), mode='area')
    return functional.interpolate(small, size=x.shape[-2:], mode='bilinear', align_corners=True)
