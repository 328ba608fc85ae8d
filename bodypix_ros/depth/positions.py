# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where people, their parts and their keypoints are in space, from a depth image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .registration import Pinhole

_MAX_M = 100.0
_LIMB_M = 1.0
"""A pixel that is farther from the median depth of its person, in depth, does not show the person."""
_OUTLIER_MADS = 4.5
"""Values at more median absolute deviations from the median are left out of the second median: 3 standard deviations
of a normal distribution."""
_MIN_TOLERANCE_M = 0.02
_KEYPOINT_RADIUS_PX = 3
_MIN_COUNT = 3
"""Fewer depths than this are noise."""


class Measured(NamedTuple):
    """A position measured from the depths of several pixels.

    Attributes:
        x, y, z: metres in the optical frame of the depth camera: to the right, down, forward.
        spread_m: median absolute deviation of the depths.
        samples: number of depths.
    """

    x: float
    y: float
    z: float
    spread_m: float
    samples: int


@dataclass(frozen=True)
class PersonPixels:
    """The N pixels of one person that have a depth.

    Attributes:
        x, y: (N,) columns and rows.
        z: (N,) depths in metres.
        parts: (N,) part ids, -1 for none.
        inner: (N,) whether a pixel is inside of its part, not at the border to another one.
    """

    x: NDArray[np.intp]
    y: NDArray[np.intp]
    z: NDArray[np.float32]
    parts: NDArray[np.int8]
    inner: NDArray[np.bool_]

    def select(self, where: NDArray[np.bool_]) -> PersonPixels:
        """Return some of the pixels."""
        return PersonPixels(self.x[where], self.y[where], self.z[where], self.parts[where], self.inner[where])


def person_pixels(
    person: int, labels: NDArray[np.uint8], parts: NDArray[np.int8] | None, depth_m: NDArray[np.float32], erode_px: int
) -> PersonPixels:
    """Return the pixels of a person that have a depth and are not at the border of the person.

    Args:
        person: its label.
        labels: (H, W) uint8, label of the person at each pixel of the depth image.
        parts: (H, W) int8, part ids; None where parts are not known.
        depth_m: (H, W) metres; 0 or NaN where there is no depth.
        erode_px: width of the border, where a depth may be that of the background.
    """
    mask: NDArray[np.uint8] = np.equal(labels, person).view(np.uint8)
    x0, y0, width, height = cv2.boundingRect(mask)
    if not width:
        nothing = np.zeros(0, np.intp)
        return PersonPixels(nothing, nothing, np.zeros(0, np.float32), np.zeros(0, np.int8), np.zeros(0, bool))
    area = np.s_[y0 : y0 + height, x0 : x0 + width]
    window = np.ones((2 * erode_px + 1,) * 2, np.uint8)
    core = cv2.erode(mask[area], window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    depths, ids = depth_m[area], np.full((height, width), -1, np.int8) if parts is None else parts[area]
    codes = ids.view(np.uint8)
    inner = cv2.erode(codes, window) == cv2.dilate(codes, window)
    y, x = np.nonzero((core > 0) & (depths > 0) & (depths < _MAX_M))
    pixels = PersonPixels(x + x0, y + y0, depths[y, x], ids[y, x], inner[y, x])
    return pixels.select(np.abs(pixels.z - np.median(pixels.z)) < _LIMB_M) if len(x) else pixels


def measure(pixels: PersonPixels, camera: Pinhole) -> Measured | None:
    """Return the position of what the pixels show: the median of each coordinate without outliers in depth.

    This is a position on the surface that faces the camera, not inside of the body.

    Returns:
        None where there are too few depths.
    """
    if len(pixels.z) < _MIN_COUNT:
        return None
    median = np.median(pixels.z)
    spread = float(np.median(np.abs(pixels.z - median)))
    near = pixels.select(np.abs(pixels.z - median) <= max(_OUTLIER_MADS * spread, _MIN_TOLERANCE_M))
    x, y, z = np.median(camera.points(near.x, near.y, near.z), axis=0).tolist()
    return Measured(x, y, z, spread, len(pixels.z))


def measure_parts(pixels: PersonPixels, camera: Pinhole) -> dict[int, Measured]:
    """Return the position of each part of a person, by its id; only pixels inside of the part count."""
    inside = pixels.select(pixels.inner & (pixels.parts >= 0))
    found = {int(part): measure(inside.select(inside.parts == part), camera) for part in np.unique(inside.parts)}
    return {part: position for part, position in found.items() if position is not None}


def measure_keypoints(
    keypoints: Sequence[tuple[float, float]],
    columns: NDArray[np.float32] | None,
    rows: NDArray[np.float32] | None,
    pixels: PersonPixels,
    camera: Pinhole,
) -> list[tuple[float, float, float] | None]:
    """Return the position of each keypoint, None where the person has no depth near it.

    Args:
        keypoints: N (x, y), pixels of the camera image.
        columns: (H, W), column of each pixel of the depth image in the camera image; None where the keypoints are
            already pixels of the depth image.
        rows: (H, W), its row.
        pixels: of the person.
        camera: of the depth image.
    """
    x: NDArray[Any] = pixels.x if columns is None else columns[pixels.y, pixels.x]
    y: NDArray[Any] = pixels.y if rows is None else rows[pixels.y, pixels.x]
    found: list[tuple[float, float, float] | None] = []
    for point_x, point_y in keypoints:
        near = np.maximum(np.abs(x - point_x), np.abs(y - point_y)) <= _KEYPOINT_RADIUS_PX
        position = measure(pixels.select(near), camera)
        found.append(None if position is None else (position.x, position.y, position.z))
    return found


POINT = np.dtype(
    {
        'names': ['x', 'y', 'z', 'id', 'part'],
        'formats': ['<f4', '<f4', '<f4', '<u2', 'i1'],
        'offsets': [0, 4, 8, 12, 14],
        'itemsize': 16,
    }
)
"""A point of a person: metres, id of the person, part id or -1."""


def person_points(person: int, pixels: PersonPixels, camera: Pinhole) -> NDArray[np.void]:
    """Return the points of a person, (N,) of type POINT."""
    points: NDArray[np.void] = np.zeros(len(pixels.z), POINT)
    for name, values in zip('xyz', camera.points(pixels.x, pixels.y, pixels.z).T, strict=True):
        points[name] = values
    points['id'], points['part'] = person, pixels.parts
    return points
