# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Verifies that a provider has the same results as the CPU: images with people, and differences between results."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from ..errors import ProviderError
from .numpy_kernels import Confidence, Image, Labels, Mask

PICTURE = Path(__file__).parent / 'data' / 'astronaut.jpg'
"""Eileen Collins, by NASA, public domain; 38 % of the pixels are person."""

PERSON_SHARE = (0.05, 0.95)
"""Fraction of person pixels that the CPU must find in an image for a meaningful comparison."""

CONFIDENCE_STEPS = 8
"""Confidences, 0..255, are considered equal up to this difference."""

_VARIATIONS = ((1.0, 0.0), (0.8, 0.5), (0.65, 0.25), (0.9, 0.75), (0.7, 0.6), (0.85, 0.1), (0.75, 0.4), (0.95, 0.9))
"""Crops, used in turn: the visible fraction of the height of the picture, and the horizontal position, 0..1."""


_MOST_PICTURES = 4 * len(_VARIATIONS)


@dataclass(frozen=True)
class Tolerance:
    """Fractions of the pixels that must be equal."""

    mask: float
    parts: float


FP32 = Tolerance(mask=0.999, parts=0.995)
FP16 = Tolerance(mask=0.995, parts=0.99)


@dataclass(frozen=True)
class Difference:
    """Fractions of the pixels of an image, 0..1, that differ between two results."""

    mask: float
    parts: float
    confidence: float

    @property
    def largest(self) -> float:
        """The largest of the three."""
        return max(self.mask, self.parts, self.confidence)

    def exceeds(self, tolerance: Tolerance) -> bool:
        """Return whether the results differ by more than the tolerance; that of masks also applies to confidences."""
        return max(self.mask, self.confidence) > 1 - tolerance.mask or self.parts > 1 - tolerance.parts


class Result(Protocol):
    """A result that can be compared: a `Decoded` or a `Segmentation`."""

    @property
    def mask(self) -> Mask:
        """(H, W) bool."""

    @property
    def parts(self) -> Labels | None:
        """(H, W) int8."""

    @property
    def confidence(self) -> Confidence | None:
        """(H, W) uint8."""


def compare(found: Result, expected: Result) -> Difference:
    """Return the differences between a result and the expected one; a wrong shape differs everywhere."""
    return Difference(
        mask=_share(found.mask, expected.mask, 0),
        parts=_share(found.parts, expected.parts, 0),
        confidence=_share(found.confidence, expected.confidence, CONFIDENCE_STEPS),
    )


def _share(found: Mask | Labels | Confidence | None, expected: Mask | Labels | Confidence | None, steps: int) -> float:
    """Return the fraction of the pixels that differ by more than `steps`; 0 if the result was not requested."""
    if found is None or expected is None:
        return 0.0
    if found.shape != expected.shape:
        return 1.0
    return float(np.mean(np.abs(found.astype(np.int16) - expected.astype(np.int16)) > steps))


def worst(found: Sequence[Result], expected: Sequence[Result], tolerance: Tolerance) -> Difference | None:
    """Return the largest difference of several results if it exceeds the tolerance, otherwise None."""
    if len(found) != len(expected):
        return Difference(1.0, 1.0, 1.0)
    differences = [compare(one, other) for one, other in zip(found, expected, strict=True)]
    excessive = [difference for difference in differences if difference.exceeds(tolerance)]
    return max(excessive, key=lambda difference: difference.largest, default=None)


def person_pictures(height: int, width: int) -> Iterator[Image]:
    """Yield different images of the given size with people.

    The packaged picture is scaled, mirrored and darkened. Wide and tall images repeat it, so that people remain upright
    and keep their proportions.
    """
    canvas = _canvas(height / width)
    for index in range(_MOST_PICTURES):
        share, start = _VARIATIONS[index % len(_VARIATIONS)]
        rows, columns = (max(round(share * size), 1) for size in canvas.shape[:2])
        top, left = (int(start * (size - shown)) for size, shown in zip(canvas.shape[:2], (rows, columns), strict=True))
        shown = canvas[top : top + rows, left : left + columns]
        if (index + index // len(_VARIATIONS)) % 2:
            shown = shown[:, ::-1]
        shrinks = height < rows and width < columns
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        picture = cv2.resize(np.ascontiguousarray(shown), (width, height), interpolation=interpolation)
        yield np.asarray(cv2.convertScaleAbs(picture, alpha=1 - 0.4 * index / _MOST_PICTURES), np.uint8)


def _canvas(aspect: float) -> Image:
    """Return the packaged picture, repeated and cropped to a ratio of height to width."""
    picture = _packaged_picture()
    side = picture.shape[0]
    if aspect < 1:
        columns = math.ceil(side / aspect)
        return np.concatenate([picture, picture[:, ::-1]] * math.ceil(columns / side / 2), axis=1)[:, :columns]
    rows = math.ceil(side * aspect)
    return np.concatenate([picture] * math.ceil(rows / side), axis=0)[:rows]


@cache
def _packaged_picture() -> Image:
    picture = cv2.imread(str(PICTURE))
    if picture is None:
        raise ProviderError(f'{PICTURE}, which is used to verify GPUs, is missing or damaged; reinstall bodypix_ros')
    return np.asarray(picture, np.uint8)


def shows_people(result: Result) -> bool:
    """Return whether a mask is neither nearly empty nor nearly full."""
    return PERSON_SHARE[0] <= float(np.mean(result.mask)) <= PERSON_SHARE[1]
