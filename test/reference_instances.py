# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BodyPix's WebGL way of assigning pixels, plainly: every pixel, every keypoint, every step. Slow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.inference.geometry import Geometry
from bodypix_ros.parts import KEYPOINTS
from bodypix_ros.people import Pose

_FAR_PX2 = np.float32(1e6)


def assign_pixels(
    mask: NDArray[np.bool_],
    poses: Sequence[Pose],
    long_offsets: NDArray[np.float32],
    geometry: Geometry,
    *,
    min_keypoint_score: float = 0.3,
    refine_steps: int = 10,
) -> NDArray[np.uint8]:
    """(H, W) uint8: 0 nobody, n the n-th pose."""
    rows, columns = np.nonzero(mask)
    estimates = [
        _estimate(keypoint, rows, columns, long_offsets, geometry, refine_steps) for keypoint in range(len(KEYPOINTS))
    ]
    best = np.full(rows.size, _FAR_PX2)
    owner = np.zeros(rows.size, np.uint8)
    for label, pose in enumerate(poses, start=1):
        strong = [index for index, point in enumerate(pose.keypoints) if point.score > min_keypoint_score]
        total = np.zeros(rows.size, np.float32)
        for index in strong:
            y, x = estimates[index]
            total += (x - np.float32(pose.keypoints[index].x)) ** 2 + (y - np.float32(pose.keypoints[index].y)) ** 2
        if strong:
            mean = total / np.float32(len(strong))
            owner[mean < best] = label
            best = np.minimum(best, mean)
    labels = np.zeros(mask.shape, np.uint8)
    labels[rows, columns] = owner
    return labels


def _estimate(
    keypoint: int,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    long_offsets: NDArray[np.float32],
    geometry: Geometry,
    refine_steps: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Estimates of the keypoint by the pixels: y and x."""
    scale_y, scale_x = geometry.offset_scale
    down = long_offsets[keypoint] * np.float32(scale_y)
    across = long_offsets[len(KEYPOINTS) + keypoint] * np.float32(scale_x)
    y, x = rows.astype(np.float32), columns.astype(np.float32)
    for _ in range(1 + refine_steps):
        nearest_y = np.floor(np.minimum(y, geometry.height - 1) + np.float32(0.5))
        nearest_x = np.floor(np.minimum(x, geometry.width - 1) + np.float32(0.5))
        cell_y, cell_x = _cells(nearest_y, nearest_x, geometry)
        y, x = y + _sample(down, cell_y, cell_x), x + _sample(across, cell_y, cell_x)
    return y, x


def _cells(
    y: NDArray[np.float32], x: NDArray[np.float32], geometry: Geometry
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    top, bottom, left, right = geometry.padding
    shrink_y = np.float32(geometry.input_height / (top + geometry.height + bottom))
    shrink_x = np.float32(geometry.input_width / (left + geometry.width + right))
    return ((y + top + 1) * shrink_y - 1) / geometry.pose_stride, ((x + left + 1) * shrink_x - 1) / geometry.pose_stride


def _sample(values: NDArray[np.float32], y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate between the four cells around each place; outside, the outermost cells go on for ever."""
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    above, below = (np.clip(edge, 0, last_row).astype(int) for edge in (np.floor(y), np.ceil(y)))
    left, right = (np.clip(edge, 0, last_column).astype(int) for edge in (np.floor(x), np.ceil(x)))
    down, across = y - np.floor(y), x - np.floor(x)
    upper = values[above, left] * (1 - across) + values[above, right] * across
    lower = values[below, left] * (1 - across) + values[below, right] * across
    return upper * (1 - down) + lower * down
