# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Places in an image: bounding boxes, rotated squares, and the regions of a label image.

Regions are measured from the runs of equal pixels in the rows of the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A bounding box in pixels: columns x..x+width-1, rows y..y+height-1."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Region:
    """All pixels with the same code.

    Attributes:
        code: the code.
        area_px: number of pixels, at least 1.
        x, y: centroid, pixels; the centre of the first pixel is (0, 0).
        box: bounding box of the pixels.
    """

    code: int
    area_px: int
    x: float
    y: float
    box: Box


@dataclass(frozen=True)
class RotatedRegion:
    """A square of an image, which may be rotated and may extend beyond the image.

    Attributes:
        x, y: centre, pixels.
        size: side length, pixels.
        angle: clockwise rotation, radians, within -pi..pi: the upper side of the crop is at this angle in the image.

    Raises:
        ValueError: a value is not finite, or the size is not positive.
    """

    x: float
    y: float
    size: float
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.x, self.y, self.size, self.angle))) or self.size <= 0:
            raise ValueError(f'a region needs finite values and a positive size, got {self}')

    def scaled(self, factor: float) -> RotatedRegion:
        """Return the region with the same centre and `factor` times the size."""
        return replace(self, size=self.size * factor)

    def shifted(self, right: float, down: float) -> RotatedRegion:
        """Return the region moved along its own sides, by fractions of its size."""
        right, down = right * self.size, down * self.size
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return replace(self, x=self.x + right * cos - down * sin, y=self.y + right * sin + down * cos)

    def to_image(self, side: int) -> NDArray[np.float64]:
        """Return the (2, 3) affine transform from pixels of a crop of `side` x `side` to pixels of the image.

        Pixel (0, 0) of the crop is the corner of the region, not half a pixel inside, and the same applies to results:
        this is how MediaPipe crops on a CPU (ImageToTensorCalculator with OpenCV) and how its networks were trained.
        """
        scale = self.size / side
        cos, sin = scale * math.cos(self.angle), scale * math.sin(self.angle)
        return np.array(
            [[cos, -sin, self.x - (cos - sin) * side / 2], [sin, cos, self.y - (sin + cos) * side / 2]], np.float64
        )


def measure_regions(codes: NDArray[np.unsignedinteger[Any]]) -> list[Region]:
    """Measure every region of an image.

    Args:
        codes: (H, W), code of the region of each pixel; 0 for none.

    Returns:
        The regions that have pixels, ordered by code.
    """
    run_codes, rows, lefts, lengths = _runs(codes)
    if run_codes.size == 0:
        return []
    first = np.flatnonzero(np.diff(run_codes, prepend=0))  # first run of each region
    last = np.append(first[1:], run_codes.size) - 1
    areas = np.add.reduceat(lengths, first)
    x = np.add.reduceat(lengths * (lefts + (lengths - 1) / 2), first) / areas
    y = np.add.reduceat(lengths * rows, first) / areas
    left, right = np.minimum.reduceat(lefts, first), np.maximum.reduceat(lefts + lengths, first)
    top, bottom = rows[first], rows[last] + 1  # the runs of a region are ordered by row
    boxes = map(Box, left.tolist(), top.tolist(), (right - left).tolist(), (bottom - top).tolist())
    return list(map(Region, run_codes[first].tolist(), areas.tolist(), x.tolist(), y.tolist(), boxes))


def join_boxes(boxes: Sequence[Box]) -> Box | None:
    """Return the bounding box of all boxes; None for an empty sequence."""
    if not boxes:
        return None
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(x, y, right - x, bottom - y)


def _runs(
    codes: NDArray[np.unsignedinteger[Any]],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return code, row, first column and length of each run, ordered by code, row and column."""
    begins = np.ones(codes.shape, bool)
    np.not_equal(codes[:, 1:], codes[:, :-1], out=begins[:, 1:])
    starts = np.flatnonzero(begins)
    lengths = np.diff(starts, append=codes.size)
    run_codes = codes.ravel()[starts]
    order = np.argsort(run_codes, kind='stable')
    order = order[np.searchsorted(run_codes[order], 1) :]  # skip code 0
    rows, columns = np.divmod(starts[order], codes.shape[1])
    return run_codes[order].astype(np.intp), rows, columns, lengths[order]
