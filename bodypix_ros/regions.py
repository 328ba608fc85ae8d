"""Area, centroid and bounding box of the regions of a label image, computed from runs of equal pixels in its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
