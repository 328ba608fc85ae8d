# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Assigns the pixels of a mask to poses for our network: cell by cell, and pixel by pixel only at borders.

The input of our network has a few hundred pixels for images of any size, so estimates of keypoints differ between its
output cells rather than between pixels. They are computed at the corners of cells, and the distances from the poses are
interpolated between corners like logits. The cost therefore hardly depends on the size of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...parts import KEYPOINTS
from ..geometry import Geometry
from ..numpy_kernels import Mask
from .block_labels import Indices, PersonLabels, corner_views, label_mask
from .long_offsets import Floats, Positions, image_axes
from .pose_distances import PoseDistances

_BLOCKS = (4, 1)  # cells
_CHUNK = 1024  # corners; cv2.remap accepts at most 32766


def assign_by_cells(
    mask: Mask, poses: PoseDistances, long_offsets: NDArray[np.float32], geometry: Geometry, refine_steps: int
) -> PersonLabels:
    """Assign every pixel of the mask to the nearest pose; if there is only one pose, it gets all pixels.

    Args:
        mask: (H, W) bool, true where a person is.
        poses: at least one pose, with which the estimates are compared.
        long_offsets: (34, rows, columns) float32, pixels of the network input; first all dy, then all dx.
        geometry: of the image and our network.
        refine_steps: number of steps after the first.

    Returns:
        (H, W) uint8, 0 outside the mask, n the n-th pose.
    """
    if len(poses.labels) == 1:
        return mask * np.uint8(poses.labels[0])
    field = _DistanceField(_CornerEstimates(long_offsets, poses.keypoints, geometry, refine_steps), poses, geometry)
    occupied = _occupied_cells(mask, geometry)
    first, *others = corner_views(label_mask(_corners_of(occupied), field.label, _BLOCKS))
    labels = _enlarged(first, geometry) * mask
    mixed = occupied & np.logical_or.reduce([first != other for other in others])
    rows, columns = np.divmod(np.flatnonzero(_enlarged(mixed, geometry) & mask), mask.shape[1])
    field.complete(_corners_of(mixed))
    labels[rows, columns], _ = poses.nearest(field.interpolate(rows, columns))
    return labels


class _CornerEstimates:
    """Estimates of keypoints from the corners of output cells.

    The long offsets are followed as by `InterpolatedOffsets`, in units of the pose heads' cells and without rounding to
    pixels of the image.
    """

    def __init__(
        self, long_offsets: NDArray[np.float32], keypoints: Sequence[int], geometry: Geometry, refine_steps: int
    ) -> None:
        """Prepare to estimate the given keypoints.

        Args:
            long_offsets: (34, rows, columns) float32, first all dy, then all dx.
            keypoints: their numbers.
            geometry: of the image.
            refine_steps: number of steps after the first.
        """
        down, across = long_offsets.reshape(2, len(KEYPOINTS), *long_offsets.shape[1:])[:, list(keypoints)]
        rows, columns = down.shape[1:]
        self._offsets = (np.stack([across, down], axis=-1) / geometry.pose_stride).reshape(-1, columns, 2)
        self._first_rows = np.arange(len(keypoints), dtype=np.float32)[:, None] * rows  # first row of each keypoint
        self._last_rows = self._first_rows + (rows - 1)
        self._steps = refine_steps + 1
        self._vertical, self._horizontal = image_axes(geometry)
        self._corner_rows = np.linspace(0, geometry.height - 1, geometry.output_height)  # pixels of the image
        self._corner_columns = np.linspace(0, geometry.width - 1, geometry.output_width)

    def __call__(self, rows: Indices, columns: Indices) -> Positions:
        """Return (keypoints, n) complex64 positions, pixels of the image, for corners in (n,) rows and columns."""
        positions = np.empty((len(self._first_rows), rows.size, 2), np.float32)
        positions[..., 0] = self._horizontal.cells(self._corner_columns[columns])
        positions[..., 1] = self._vertical.cells(self._corner_rows[rows]) + self._first_rows
        places = np.empty_like(positions)
        for _ in range(self._steps):
            places[..., 0] = positions[..., 0]
            np.maximum(positions[..., 1], self._first_rows, out=places[..., 1])
            np.minimum(places[..., 1], self._last_rows, out=places[..., 1])
            positions += cv2.remap(self._offsets, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        estimates = np.empty(positions.shape[:2], np.complex64)
        estimates.real = self._horizontal.pixels(positions[..., 0])
        estimates.imag = self._vertical.pixels(positions[..., 1] - self._first_rows)
        return estimates


class _DistanceField:
    """Distances from the poses at the corners of the output cells, computed where they are needed."""

    def __init__(self, estimates: _CornerEstimates, poses: PoseDistances, geometry: Geometry) -> None:
        shape = geometry.output_height, geometry.output_width
        self._estimates, self._poses, self._geometry = estimates, poses, geometry
        self._values = np.zeros((len(poses.labels), *shape), np.float32)
        self._known = np.zeros(shape, bool)

    def label(self, rows: Indices, columns: Indices) -> tuple[PersonLabels, Mask]:
        """Return the labels of corners, and that the pixels near them have the same labels; see `label_mask`."""
        labels = np.empty(rows.size, np.uint8)
        for start in range(0, rows.size, _CHUNK):
            chunk = slice(start, start + _CHUNK)
            distances = self._poses.of(self._estimates(rows[chunk], columns[chunk]))
            self._values[:, rows[chunk], columns[chunk]] = distances
            labels[chunk], _ = self._poses.nearest(distances)
        self._known[rows, columns] = True
        return labels, np.ones(rows.size, bool)

    def complete(self, corners: Mask) -> None:
        """Compute the distances of those corners for which they are not known."""
        self.label(*np.nonzero(corners & ~self._known))

    def interpolate(self, rows: Indices, columns: Indices) -> Floats:
        """Return the (poses, n) distances of the pixels in (n,) rows and (n,) columns of the image."""
        vertical, horizontal = self._geometry.rows, self._geometry.columns
        left, right = horizontal.low[columns], horizontal.high[columns]
        left_weight, right_weight = horizontal.low_weight[columns], horizontal.high_weight[columns]
        upper, lower = vertical.low[rows], vertical.high[rows]
        above = self._values[:, upper, left] * left_weight + self._values[:, upper, right] * right_weight
        below = self._values[:, lower, left] * left_weight + self._values[:, lower, right] * right_weight
        return above * vertical.low_weight[rows] + below * vertical.high_weight[rows]


def _occupied_cells(mask: Mask, geometry: Geometry) -> Mask:
    """Return for each cell whether it contains a true pixel; if cells have unequal sizes, neighbours may count too."""
    tops, lefts = geometry.cell_rows[:-1], geometry.cell_columns[:-1]
    height, width = int(np.diff(geometry.cell_rows).max()), int(np.diff(geometry.cell_columns).max())
    pixels = mask.view(np.uint8)
    in_rows = cv2.dilate(pixels, np.ones((height, 1), np.uint8), anchor=(0, 0))[np.minimum(tops, len(mask) - 1)]
    occupied = cv2.dilate(in_rows, np.ones((1, width), np.uint8), anchor=(0, 0))
    cells: Mask = occupied[:, np.minimum(lefts, mask.shape[1] - 1)].view(np.bool_)
    return cells


def _corners_of(cells: Mask) -> Mask:
    """Return which corners belong to at least one of the given cells."""
    corners = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), bool)
    for view in corner_views(corners):
        view |= cells
    return corners


def _enlarged(cells: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """Return for each pixel of the image the value of its cell."""
    rows = np.repeat(cells, np.diff(geometry.cell_columns), axis=1)
    return np.repeat(rows, np.diff(geometry.cell_rows), axis=0)
