"""What changes while the student learns: the learning rate and the size of its samples."""

from __future__ import annotations

import math

SIZES = ((0.0, 161), (0.4, 193), (0.75, 241))
"""From which share of the training on samples have which size, pixels: small ones first, since they are quick."""

_WARM_UP = 0.03


def learning_rate(progress: float, peak: float) -> float:
    """Return the learning rate: a short rise, then half a cosine down to a hundredth.

    Args:
        progress: share of the training that is done, 0..1.
        peak: the highest learning rate.
    """
    if progress < _WARM_UP:
        return peak * (0.02 + 0.98 * progress / _WARM_UP)
    share = (progress - _WARM_UP) / (1 - _WARM_UP)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * min(share, 1.0))) / 2)


def sample_size(progress: float) -> int:
    """Return the size of samples, pixels, when this share of the training is done."""
    return [size for start, size in SIZES if start <= progress][-1]
