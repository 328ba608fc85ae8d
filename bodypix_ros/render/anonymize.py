# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Covers regions of an image so that the people there cannot be recognised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_channels
from ..regions import Box
from ..settings import AnonymizeStyle

CELLS_PER_HEAD = 4
"""Cells across a head: identification by people needs about 16 (Harmon and Julesz 1973), and networks need about 8."""

_MIN_CELL_PX = 4
_FILL_COLOR = 127


@dataclass(frozen=True, eq=False)
class Cover:
    """A region to be covered.

    Attributes:
        box: the region, inside the image.
        head_px: size of the head in it, pixels: cells are this size divided by `CELLS_PER_HEAD`.
        mask: (box.height, box.width) bool, the pixels of the box to be covered; None for all.
    """

    box: Box
    head_px: float
    mask: NDArray[np.bool_] | None = None


def cover_regions(image: NDArray[np.uint8], covers: Iterable[Cover], style: AnonymizeStyle) -> NDArray[np.uint8]:
    """Return a copy of an image with regions covered.

    Args:
        image: (H, W, 3) uint8, any channel order.
        covers: the regions; where they overlap, the coarsest cells are shown.
        style: 'pixelate' shows the mean colour of each cell, 'blur' interpolates between these colours, and 'fill' is
            uniformly grey. Only the means are kept, so blur and pixelate cannot be inverted by deconvolution.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: the image has a wrong shape or type.
    """
    require_channels('image', image, 3)
    covered = image.copy()
    for cover in sorted(covers, key=lambda one: one.head_px):  # a small head within a large one would show more of it
        x, y, width, height = cover.box
        target = covered[y : y + height, x : x + width]
        # The pixels come from the input: a region that was already covered would have a finer grid in the overlap.
        hidden = _hide(image[y : y + height, x : x + width], cover.head_px, style)
        if cover.mask is None:
            target[:] = hidden
        else:
            cv2.copyTo(hidden, cover.mask.view(np.uint8), target)
    return covered


def _hide(region: NDArray[np.uint8], head_px: float, style: AnonymizeStyle) -> NDArray[np.uint8]:
    """Return a region of the image in which nobody can be recognised, (h, w, 3) uint8."""
    if style == 'fill':
        return np.full_like(region, _FILL_COLOR)
    height, width = region.shape[:2]
    cell_px = max(head_px / CELLS_PER_HEAD, _MIN_CELL_PX)
    cells = max(1, int(width / cell_px)), max(1, int(height / cell_px))
    means = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    interpolation = cv2.INTER_NEAREST if style == 'pixelate' else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(means, (width, height), interpolation=interpolation), np.uint8)
