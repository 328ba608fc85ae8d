# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Removes people from depth data with masks, and locates them in 3-D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from .. import msg
from ..depth import positions as located
from ..depth.people_mask import Depth, Mask, find_people, motion_px
from ..depth.registration import Pinhole, Points, Pose, Positions, Registration, outside, transfer
from ..errors import ImageError
from ..settings import DepthSettings
from .depth_outputs import FilteredDepth, FilteredPoints, LocatedPeople, LocatedPerson


@dataclass(frozen=True)
class DepthImage:
    """A depth image as it was received."""

    message: Image
    depth: Depth

    @property
    def metres(self) -> NDArray[np.float32]:
        """The depth, (H, W) float32 metres."""
        if self.depth.dtype == np.uint16:
            return np.multiply(self.depth, np.float32(0.001), dtype=np.float32)
        return self.depth


@dataclass
class SeenPeople:
    """The results of the segmentation node for one camera image: people, their pixels and parts."""

    array: msg.PersonArray | None = None
    labels: NDArray[np.uint8] | None = None
    parts: NDArray[np.int8] | None = None

    @property
    def complete(self) -> bool:
        """Whether all of it has arrived; models without parts publish none."""
        if self.array is None or self.labels is None:
            return False
        return self.parts is not None or not self.array.part_ids


class DepthProcessor:
    """Computes results from depth data, with the newest settings and cameras.

    Attributes:
        depth_info: the newest camera_info of the depth image; None before the first one.
        color_info: that of the colour image.
    """

    def __init__(self) -> None:
        self.depth_info: CameraInfo | None = None
        self.color_info: CameraInfo | None = None
        self.apply(DepthSettings())

    def apply(self, settings: DepthSettings) -> None:
        """Use other settings from now on."""
        self._settings = settings
        words = settings.depth_to_color.split()
        self._registration = Registration(Pose.from_quaternion([float(word) for word in words]) if words else None)

    def filter_depth(self, image: DepthImage, mask: Mask | None, apart_s: float) -> FilteredDepth:
        """Find people in a depth image with a mask that is `apart_s` older or newer; None passes it on with people.

        Raises:
            ImageError: the mask cannot be transferred to the depth image; the text says why.
        """
        if mask is None:
            return FilteredDepth(image.message, image.depth, None, self.depth_info)
        positions = None
        if self._settings.depth_to_color:
            cameras = _camera(self.depth_info), _camera(self.color_info)
            positions = self._registration.positions(image.metres, *cameras, mask.shape)
        focal_px = _focal_px(self.depth_info, image.depth.shape[1])
        people = self._find(image.depth, mask, positions, apart_s, focal_px)
        return FilteredDepth(image.message, image.depth, people, self.depth_info)

    def filter_points(self, cloud: tuple[PointCloud2, Points], mask: Mask | None, apart_s: float) -> FilteredPoints:
        """Find people in a cloud with a mask that is `apart_s` older or newer; None passes it on with people.

        Raises:
            ImageError: the mask cannot be transferred to the cloud; the text says why.
        """
        message, (x, y, z) = cloud
        if mask is None:
            return FilteredPoints(message, None)
        color = _camera(self.color_info)
        positions = self._registration.positions_of_points((x, y, z), color, mask.shape)
        with np.errstate(over='ignore', invalid='ignore'):
            distances = np.sqrt(x * x + y * y + z * z).astype(np.float32, copy=False)  # clouds may have any frame
        return FilteredPoints(message, self._find(distances, mask, positions, apart_s, float(z.shape[1])))

    def _find(
        self, depth: Depth, mask: Mask, positions: Positions | None, apart_s: float, focal_px: float
    ) -> NDArray[np.bool_]:
        """Return the pixels of people in depth data, (H, W)."""
        settings = self._settings
        people = transfer(mask, positions, depth.shape)
        moved_px = motion_px(people, depth, focal_px, apart_s * settings.people_speed_m_s)
        found: NDArray[np.bool_] = find_people(people, depth, settings.dilate_px, moved_px) > 0
        unseen = outside(positions, mask.shape) if settings.remove_outside else None
        return found if unseen is None else found | unseen

    def locate(self, image: DepthImage, seen: SeenPeople | None, apart_s: float) -> LocatedPeople | None:
        """Locate people in a depth image; None if the people in the camera image are not known.

        Raises:
            ImageError: there is no camera_info, or labels cannot be transferred to the depth image.
        """
        if seen is None or seen.array is None or seen.labels is None:
            return None
        depth_m, camera = image.metres, _camera(self.depth_info)
        if camera is None:
            raise ImageError('the positions of people need the camera_info of the depth image, which has not arrived')
        camera = camera.resized(depth_m.shape[1], depth_m.shape[0])
        color = _camera(self.color_info)
        positions = self._registration.positions(depth_m, camera, color, seen.labels.shape)
        labels = transfer(seen.labels, positions, depth_m.shape)
        parts = None if seen.parts is None else transfer(seen.parts, positions, depth_m.shape, nothing=255)
        persons = []
        for person in (one for one in seen.array.people if one.id):  # 0 is the background
            pixels = located.person_pixels(person.id, labels, parts, depth_m, self._settings.erode_px)
            position = located.measure(pixels, camera)
            if position is not None:
                scale = depth_m.shape[1] / seen.labels.shape[1]
                persons.append(
                    LocatedPerson(
                        person,
                        position,
                        located.measure_parts(pixels, camera),
                        _locate_keypoints(person, scale, positions, pixels, camera),
                        located.person_points(person.id, pixels, camera),
                    )
                )
        return LocatedPeople(image.message.header, seen.array, persons)


def _locate_keypoints(
    person: msg.Person, scale: float, positions: Positions | None, pixels: located.PersonPixels, camera: Pinhole
) -> list[tuple[float, float, float] | None]:
    """Return the positions of a person's keypoints; `scale` is from the camera image to a registered depth image."""
    points = [(one.x, one.y) for one in person.keypoints]
    if positions is None:
        points = [((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for x, y in points]
        return located.measure_keypoints(points, None, None, pixels, camera)
    return located.measure_keypoints(points, positions[0], positions[1], pixels, camera)


def _camera(info: CameraInfo | None) -> Pinhole | None:
    return None if info is None else Pinhole.from_info(info.width, info.height, info.p, info.k)


def _focal_px(info: CameraInfo | None, width: int) -> float:
    """Return the focal length of an image of a given width; a typical one if the camera is not calibrated."""
    try:
        camera = _camera(info)
    except ImageError:
        camera = None
    return float(width) if camera is None else camera.fx * width / camera.width
