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

    def pixels(self, depth_m: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return column and row of each depth pixel in the camera image, (H, W) each; -1 where there is no depth.

        Args:
            depth_m: (H, W) metres; pixels that are not positive and finite have no depth.
        """
        missing = ~(depth_m > 0) | (depth_m > _FAR_M)
        with np.errstate(divide='ignore', invalid='ignore'):
            nearness = np.divide(np.float32(1), depth_m)
            x, y, scale = (cv2.scaleAdd(nearness, self._shift[axis], self._turned[axis]) for axis in range(3))
            missing |= ~(scale > 0)  # behind the camera
            np.divide(x, scale, out=x)
            np.divide(y, scale, out=y)
        np.copyto(x, -1, where=missing)
        np.copyto(y, -1, where=missing)
        return x, y


def project_points(
    points: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], color: Pinhole, pose: Pose
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
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


def look_up(
    labels: Labels, columns: NDArray[np.float32], rows: NDArray[np.float32], outside: int = 0, nothing: int = 0
) -> Labels:
    """Return the label at each position, (H, W).

    Args:
        labels: (h, w).
        columns: (H, W) of the positions, pixels; -1 where there is no position.
        rows: (H, W) of the positions, pixels; -1 where there is no position.
        outside: label of positions that are not in the image, 0..255.
        nothing: label where there is no position, 0..255.
    """
    found = cv2.remap(
        labels.view(np.uint8), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=outside
    )
    if outside != nothing:
        found[columns == -1] = nothing
    return found.view(labels.dtype)
