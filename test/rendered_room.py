# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A rendered room with a person of known shape, as a depth camera sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from bodypix_ros.depth.registration import Pinhole
from bodypix_ros.parts import part_names

FLOOR_Y = 1.2  # the camera is 1.2 m above the floor; x right, y down, z forward
WALL_Z = 5.0
SIDE_X = 2.5
CAMERA = Pinhole(640, 480, 525.0, 525.0, 319.5, 239.5)

BODY = {  # centre relative to the feet and semi-axes of an ellipsoid, metres
    'left_face': ((0.0, -1.62, 0.0), (0.10, 0.14, 0.11)),
    'right_face': ((0.0, -1.48, 0.0), (0.07, 0.10, 0.07)),  # the neck
    'torso_front': ((0.0, -1.18, 0.0), (0.21, 0.34, 0.13)),
    'left_upper_arm_front': ((0.27, -1.28, 0.0), (0.07, 0.19, 0.07)),
    'right_upper_arm_front': ((-0.27, -1.28, 0.0), (0.07, 0.19, 0.07)),
    'left_lower_arm_front': ((0.33, -0.98, -0.05), (0.05, 0.18, 0.06)),
    'right_lower_arm_front': ((-0.33, -0.98, -0.05), (0.05, 0.18, 0.06)),
    'left_upper_leg_front': ((0.11, -0.66, 0.0), (0.10, 0.30, 0.11)),
    'right_upper_leg_front': ((-0.11, -0.66, 0.0), (0.10, 0.30, 0.11)),
    'left_lower_leg_front': ((0.11, -0.24, 0.03), (0.07, 0.26, 0.08)),
    'right_lower_leg_front': ((-0.11, -0.24, 0.03), (0.07, 0.26, 0.08)),
}
PARTS = {name: part_names('bodypix1').index(name) for name in BODY}


@dataclass(frozen=True)
class View:
    """What a camera sees: (H, W) float32 depth in metres, and (H, W) int8 part of the person, -1 elsewhere."""

    depth_m: NDArray[np.float32]
    parts: NDArray[np.int8]

    @property
    def mask(self) -> NDArray[np.uint8]:
        """255 where the person is."""
        return np.where(self.parts >= 0, 255, 0).astype(np.uint8)


@dataclass(frozen=True)
class Room:
    """The room, seen by a camera at some position in the frame of the depth camera; its axes are parallel."""

    camera: Pinhole = CAMERA
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    directions: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        y, x = np.mgrid[0 : self.camera.height, 0 : self.camera.width]
        camera = self.camera
        rays = np.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones(x.shape)])
        object.__setattr__(self, 'directions', rays)

    def view(self, person: tuple[float, float] | None) -> View:
        """Render the room, with a person whose feet are at this x and z, or empty."""
        depth, parts = self._walls(), np.full(self.directions.shape[1:], -1, np.int8)
        if person is not None:
            for name, (centre, axes) in BODY.items():
                at = np.array([person[0] + centre[0], FLOOR_Y + centre[1], person[1] + centre[2]])
                hit = self._ellipsoid(at - self.position, np.array(axes))
                nearer = hit < depth
                depth[nearer], parts[nearer] = hit[nearer], PARTS[name]
        return View(depth.astype(np.float32), parts)

    def _walls(self) -> NDArray[np.float64]:
        x, y, _ = self.directions
        with np.errstate(divide='ignore'):
            floor = np.where(y > 0, (FLOOR_Y - self.position[1]) / y, np.inf)
            side = (SIDE_X - np.sign(x) * self.position[0]) / np.abs(x)
        return np.minimum(np.minimum(floor, side), WALL_Z - self.position[2])

    def _ellipsoid(self, centre: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
        ray, at = self.directions / axes[:, None, None], centre / axes
        a, b, c = (ray**2).sum(0), np.tensordot(at, ray, 1), at @ at - 1
        under = b * b - a * c
        return np.where(under >= 0, (b - np.sqrt(np.maximum(under, 0))) / a, np.inf)


def with_noise(depth_m: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return a depth image as a structured-light camera gives it: noise, mixed depths at edges, holes.

    Source of the noise: Nguyen, Izadi and Lovell, Modeling Kinect Sensor Noise, 2012.
    """
    generator = np.random.default_rng(seed)
    sigma = 0.0012 + 0.0019 * (depth_m - 0.4) ** 2
    noisy = depth_m + sigma * generator.standard_normal(depth_m.shape)
    low, high = cv2.erode(depth_m, np.ones((3, 3))), cv2.dilate(depth_m, np.ones((3, 3)))
    edge = high - low > 0.1
    share = generator.random(depth_m.shape)
    noisy[edge] = (low + share * (high - low))[edge]
    noisy[edge & (generator.random(depth_m.shape) < 0.3)] = 0
    spots = cv2.dilate((generator.random(depth_m.shape) < 0.001).astype(np.uint8), np.ones((4, 4)))
    noisy[spots > 0] = 0
    return noisy.astype(np.float32)


def millimetres(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return a depth image as 16UC1 holds it."""
    return np.rint(depth_m * 1000).astype(np.uint16)


def voxels(depth_m: NDArray[np.float32], size_m: float = 0.05, camera: Pinhole = CAMERA) -> set[int]:
    """Return the cells of a map that a depth image occupies, as numbers."""
    y, x = np.nonzero(depth_m > 0)
    cells = np.floor(camera.points(x, y, depth_m[y, x]) / size_m).astype(np.int64)
    return set(np.unique(cells @ VOXEL_STEPS).tolist())


VOXEL_STEPS = np.array([1 << 40, 1 << 20, 1])
"""What a step along each axis adds to the number of a cell."""
