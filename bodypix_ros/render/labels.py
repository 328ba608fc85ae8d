# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Label images: selecting labels and mapping labels to colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_labels, require_same_size

Labels = NDArray[Any]
"""(H, W) bool or integers: a person mask, part ids or person ids."""

Rgba = tuple[int, int, int, int]
"""Red, green, blue and opacity, each 0..255."""


def as_list(labels: Labels | Sequence[Labels]) -> list[Labels]:
    """Return one or several label images as a list; raise ImageError if one is invalid or the sizes differ."""
    people = [labels] if labels is None or isinstance(labels, np.ndarray) else list(labels)
    for number, one in enumerate(people):
        require_labels('labels', one)
        require_same_size('the first person', people[0], f'person {number + 1}', one)
    return people


def select(labels: Labels, ids: Iterable[int]) -> NDArray[np.uint8]:
    """Return (H, W) uint8, 255 where the label is one of the ids, 0 elsewhere."""
    wanted = list(ids)
    if labels.dtype.itemsize > 1:
        return np.isin(labels, wanted).astype(np.uint8) * np.uint8(255)
    every_label = np.arange(256, dtype=np.uint8).view(np.int8 if labels.dtype == np.int8 else np.uint8)
    table = np.isin(every_label, wanted).astype(np.uint8) * np.uint8(255)
    return np.asarray(cv2.LUT(np.ascontiguousarray(labels).view(np.uint8), table), np.uint8)


def paint(index: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace each index by its colour.

    Args:
        index: (H, W) uint8, row of `colors`; indices out of range become transparent black.
        colors: (N, 4) uint8, at most 256 rows.

    Returns:
        (H, W, 4) uint8.
    """
    # cv2.LUT is fast but maps each index to one value, so the four bytes of a colour are packed into an int32.
    table = np.zeros((256, 4), np.uint8)
    table[: len(colors)] = colors
    packed = np.asarray(cv2.LUT(np.ascontiguousarray(index), table.view(np.int32).reshape(1, 256)))
    return packed.view(np.uint8).reshape(*index.shape, 4)
