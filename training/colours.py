"""What cameras, lenses and codecs do to a picture, at random."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def disturb(picture: Picture, rng: np.random.Generator) -> Picture:
    """Change light and colours, and sometimes blur, add noise and compress.

    Args:
        picture: (h, w, 3) uint8 RGB.
        rng: source of chance.
    """
    picture = _relight(picture, rng)
    if rng.random() < 0.12:
        picture = _fade(picture, rng)
    if rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.2:
        picture = _add_noise(picture, rng)
    if rng.random() < 0.2:
        picture = _compress(picture, rng)
    return picture


def _relight(picture: Picture, rng: np.random.Generator) -> Picture:
    """Apply exposure, contrast, gamma and white balance, as one table for each channel."""
    values = np.linspace(0, 1, 256)
    gamma = np.exp(rng.normal(0, 0.2))
    gains = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.05, 3))
    lift = rng.normal(0, 0.05)
    table = (values[:, None] ** gamma * gains + lift).clip(0, 1) * 255
    relit: Picture = cv2.LUT(picture, table.astype(np.uint8)[None])
    return relit


def _fade(picture: Picture, rng: np.random.Generator) -> Picture:
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    share = rng.choice([1.0, rng.random()])
    faded: Picture = cv2.addWeighted(grey, share, picture, 1 - share, 0)
    return faded


def _add_noise(picture: Picture, rng: np.random.Generator) -> Picture:
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(2, 14))
    noisy: Picture = (picture + noise).clip(0, 255).astype(np.uint8)
    return noisy


def _compress(picture: Picture, rng: np.random.Generator) -> Picture:
    _, data = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])
    decoded: Picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return decoded
