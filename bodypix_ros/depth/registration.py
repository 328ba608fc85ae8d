# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixel of the camera image shows what a pixel of the depth image shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError

Labels = NDArray[Any]
"""(H, W) uint8 or int8: a mask, ids of people or body parts."""

Positions = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Columns and rows in the camera image, (H, W) each, pixels; both -1 where there is no position."""

Points = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""x, y and z, (H, W) each, metres."""

_ASPECT_TOLERANCE = 0.02
_FAR_M = 1e4


@dataclass(frozen=True)
class Pinhole:
    """A camera without distortion: size in pixels, focal lengths and principal point in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def from_info(cls, width: int, height: int, projection: Sequence[float], intrinsics: Sequence[float]) -> Pinhole:
        """Return the camera of a sensor_msgs/CameraInfo: its rectified image (P), or the raw one where P is zero.

        Raises:
            ImageError: neither matrix is that of a camera.
        """
        row = projection[4:8] if projection[0] else intrinsics[3:6]
        first = projection if projection[0] else intrinsics
        if not (width and height and first[0] > 0 and row[1] > 0 and np.isfinite([*first, *row]).all()):
            raise ImageError(
                f'camera_info of size {width}x{height} has no focal length in P or K: calibrate the camera'
            )
        return cls(width, height, first[0], row[1], first[2], row[2])

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3), from points in metres to pixels."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])

    def resized(self, width: int, height: int) -> Pinhole:
        """Return the camera of the same image in another size."""
        x, y = width / self.width, height / self.height
        return Pinhole(width, height, self.fx * x, self.fy * y, (self.cx + 0.5) * x - 0.5, (self.cy + 0.5) * y - 0.5)

    def points(self, x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]) -> NDArray[np.float32]:
        """Return the (N, 3) points, in metres, of N pixels with the given depths."""
        return np.stack([(x - self.cx) / self.fx * z, (y - self.cy) / self.fy * z, z], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Pose:
    """The pose of the depth camera in the optical frame of the camera: (3, 3) rotation, (3,) translation in metres."""

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]

    @classmethod
    def from_quaternion(cls, values: Sequence[float]) -> Pose:
        """Return the pose x, y, z, qx, qy, qz, qw."""
        x, y, z, w = np.asarray(values[3:]) / np.linalg.norm(values[3:])
        rotation = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        return cls(np.array(rotation), np.array(values[:3]))


def resize_labels(labels: Labels, size: tuple[int, int]) -> Labels:
    """Return labels in the height and width of a depth image that is registered to the camera image.

    Raises:
        ImageError: the aspect ratios differ, so the images cannot have the same field of view.
    """
    height, width = size
    if abs(labels.shape[1] * height / (labels.shape[0] * width) - 1) > _ASPECT_TOLERANCE:
        raise ImageError(
            f'the depth data has {width}x{height} pixels, the mask {labels.shape[1]}x{labels.shape[0]}: with different '
            'aspect ratios it is not registered to the camera image. Use registered data, or set depth_to_color'
        )
    return labels if labels.shape == size else cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)


class Projection:
    """Projects the pixels of a depth image into a camera image of another pose, field of view or size.

    A camera that is elsewhere may see a person in front of what the depth camera sees; such pixels count as people.
    """

    def __init__(self, depth: Pinhole, color: Pinhole, pose: Pose) -> None:
        """Prepare for a pair of cameras and the pose of the depth camera in the optical frame of the other one."""
        self.depth, self.color, self.pose = depth, color, pose
        y, x = np.mgrid[0 : depth.height, 0 : depth.width]
        pixels = np.stack([x, y, np.ones_like(x)]).reshape(3, -1)
        turned = color.matrix @ pose.rotation @ np.linalg.inv(depth.matrix) @ pixels
        self._turned: NDArray[np.float32] = turned.reshape(3, depth.height, depth.width).astype(np.float32)
        self._shift: list[float] = (color.matrix @ pose.translation).tolist()

    def pixels(self, depth_m: NDArray[np.float32]) -> Positions:
        """Return column and row of each depth pixel in the camera image, (H, W) each; -1 where there is no depth.

        Args:
            depth_m: (H, W) metres; pixels that are not positive and finite have no depth.
        """
        missing = ~(depth_m > 0) | (depth_m > _FAR_M)
        with np.errstate(all='ignore'):
            nearness = np.divide(np.float32(1), depth_m)
            x, y, scale = (cv2.scaleAdd(nearness, self._shift[axis], self._turned[axis]) for axis in range(3))
            missing |= ~(scale > 0)  # behind the camera
            np.divide(x, scale, out=x)
            np.divide(y, scale, out=y)
        np.copyto(x, -1, where=missing)
        np.copyto(y, -1, where=missing)
        return x, y


def project_points(points: Points, color: Pinhole, pose: Pose) -> Positions:
    """Return column and row of points in the camera image, (H, W) each; -1 where a point is not finite or behind it.

    Args:
        points: x, y and z, (H, W) each, metres in the optical frame of the depth camera.
        color: the camera of the image.
        pose: of the depth camera in the optical frame of the other one.
    """
    with np.errstate(all='ignore'):
        matrix, shift = color.matrix @ pose.rotation, color.matrix @ pose.translation
        x, y, scale = (sum(matrix[axis, i] * points[i] for i in range(3)) + shift[axis] for axis in range(3))
        behind = ~(scale > 1e-6)
        columns, rows = (x / scale).astype(np.float32), (y / scale).astype(np.float32)
    columns[behind] = rows[behind] = -1
    return columns, rows


class Registration:
    """Transfers labels of the camera image to a depth image or an organised point cloud.

    Without a pose, depth is registered to the camera image, and labels are only resized.
    """

    def __init__(self, pose: Pose | None = None) -> None:
        """Prepare for a pose of the depth camera in the optical frame of the other one."""
        self._pose = pose
        self._projection: Projection | None = None

    def positions(
        self, depth_m: NDArray[np.float32], depth: Pinhole | None, color: Pinhole | None, size: tuple[int, int]
    ) -> Positions | None:
        """Return where each pixel of a depth image is in the camera image; None where depth is registered to it.

        Args:
            depth_m: (H, W) metres.
            depth: camera of the depth image, None where it is not known yet.
            color: camera of the camera image, None where it is not known yet.
            size: height and width of the labels.

        Raises:
            ImageError: a camera is not known, or it is that of another image size.
        """
        if self._pose is None:
            return None
        if depth is None or color is None:
            missing = 'the depth image' if depth is None else 'the colour image'
            raise ImageError(f'depth_to_color needs the camera_info of {missing}, which has not arrived')
        depth = depth.resized(depth_m.shape[1], depth_m.shape[0])
        color = color.resized(size[1], size[0])
        if self._projection is None or (self._projection.depth, self._projection.color) != (depth, color):
            self._projection = Projection(depth, color, self._pose)
        return self._projection.pixels(depth_m)

    def positions_of_points(self, points: Points, color: Pinhole | None, size: tuple[int, int]) -> Positions | None:
        """Return where each point of a cloud is in the camera image; None where the cloud is registered to it.

        Args:
            points: x, y and z, (H, W) each, metres in the optical frame of the depth camera.
            color: camera of the camera image, None where it is not known yet.
            size: height and width of the labels.

        Raises:
            ImageError: the camera is not known.
        """
        if self._pose is None:
            return None
        if color is None:
            raise ImageError('depth_to_color needs the camera_info of the colour image, which has not arrived')
        return project_points(points, color.resized(size[1], size[0]), self._pose)


def transfer(labels: Labels, positions: Positions | None, size: tuple[int, int], nothing: int = 0) -> Labels:
    """Return labels of the camera image as labels of a depth image, (H, W).

    Args:
        labels: (h, w) of the camera image.
        positions: of the pixels of the depth image in it; None where depth is registered to it.
        size: height and width of the depth image.
        nothing: label of what the camera does not see and of what has no depth, 0..255.

    Raises:
        ImageError: depth cannot be registered to the camera image, by their aspect ratios.
    """
    if positions is None:
        return resize_labels(labels, size)
    return cv2.remap(
        labels.view(np.uint8), *positions, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=nothing
    ).view(labels.dtype)


def outside(positions: Positions | None, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Return which pixels of a depth image the camera does not see; None where it sees all of them.

    Args:
        positions: of these pixels in the camera image.
        size: height and width of the camera image.
    """
    if positions is None:
        return None
    x, y = positions
    return (x != -1) & ((x < -0.5) | (y < -0.5) | (x > size[1] - 0.5) | (y > size[0] - 0.5))
