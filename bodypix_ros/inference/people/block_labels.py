# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labels an image without computing every pixel: the corners of blocks first, their interior only if these differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..numpy_kernels import Mask

PersonLabels = NDArray[np.uint8]
Indices = NDArray[np.intp]
LabelAt = Callable[[Indices, Indices], tuple[PersonLabels, Mask]]


def label_mask(mask: Mask, label_at: LabelAt, steps: Sequence[int], *, margin: int = 0) -> PersonLabels:
    """Label the true pixels of a mask with a function that is expensive and constant nearly everywhere.

    The image is divided into square blocks. If the four corners of a block have the same label, and the pixels near
    each corner resemble it, the whole block has this label; otherwise it is divided into smaller blocks, down to single
    pixels. Borders between labels are therefore exact, but a region that contains no corner of a block is missed.

    Args:
        mask: (H, W) bool; blocks without a true pixel are skipped.
        label_at: returns for the pixels in (n,) rows and (n,) columns their labels, (n,) uint8, and whether the pixels
            near them have the same labels, (n,) bool. It is also called for pixels outside the mask.
        steps: side lengths of the blocks, pixels, in descending order, each a multiple of the next, the last 1.
        margin: number of neighbouring blocks in each direction that are divided together with a block.

    Returns:
        (H, W) uint8, 0 outside the mask.
    """
    undecided = _occupied(mask, steps[0])
    labels = np.zeros(undecided.shape, np.uint8)
    for step, finer in pairwise(steps):
        first, agreed = _label_corners(undecided, label_at, step, mask.shape)
        np.copyto(labels, first, where=undecided)
        undecided &= _widened(undecided & ~agreed, margin)
        blocks = tuple(-(-size // finer) for size in mask.shape)
        labels = _enlarged(labels, step // finer, blocks)
        undecided = _enlarged(undecided.view(np.uint8), step // finer, blocks).view(np.bool_)
    rows, columns = np.divmod(np.flatnonzero(undecided & mask), mask.shape[1])
    labels[rows, columns], _ = label_at(rows, columns)
    labels *= mask
    return labels


def _occupied(mask: Mask, step: int) -> Mask:
    """Return for each block whether it contains a true pixel."""
    rows, columns = (-(-size // step) for size in mask.shape)
    padded = np.zeros((rows * step, columns * step), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    in_rows = np.logical_or.reduce(padded.reshape(rows, step, -1), axis=1)
    occupied: Mask = np.logical_or.reduce(in_rows.reshape(rows, columns, step), axis=2)
    return occupied


def _label_corners(blocks: Mask, label_at: LabelAt, step: int, shape: tuple[int, ...]) -> tuple[PersonLabels, Mask]:
    """Return the label of the first corner of each given block, and whether its four corners represent the block."""
    wanted = np.zeros((blocks.shape[0] + 1, blocks.shape[1] + 1), bool)
    for corner in corner_views(wanted):
        np.logical_or(corner, blocks, out=corner)
    rows, columns = np.nonzero(wanted)
    labels, sure = np.zeros(wanted.shape, np.uint8), wanted.copy()
    labels[rows, columns], sure[rows, columns] = label_at(
        np.minimum(rows * step, shape[0] - 1), np.minimum(columns * step, shape[1] - 1)
    )
    first, *others = corner_views(labels)
    agreed = np.logical_and.reduce([*corner_views(sure), *(first == other for other in others)])
    return first, agreed


def corner_views(grid: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return views of the four corners of each block."""
    return grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]


def _widened(blocks: Mask, margin: int) -> Mask:
    if margin == 0:
        return blocks
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    widened: Mask = cv2.dilate(blocks.view(np.uint8), kernel).view(np.bool_)
    return widened


def _enlarged(values: PersonLabels, factor: int, shape: tuple[int, ...]) -> PersonLabels:
    """Repeat each value `factor` times along both axes and crop the result to a shape."""
    size = values.shape[1] * factor, values.shape[0] * factor
    enlarged = cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(enlarged[: shape[0], : shape[1]], np.uint8)
