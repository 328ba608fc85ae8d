# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Support for cameras mounted sideways: rotates their images upright, and rotates the results back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .people import Hand, Keypoint, PartRegion, People, Person, Pose
from .regions import Box
from .segmentation import Segmentation

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def rotate_image(image: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """Rotate an image clockwise.

    Args:
        image: (H, W) or (H, W, C) uint8.
        degrees: 0, 90, 180 or 270.

    Returns:
        (H, W, ...) after 0 and 180 degrees, (W, H, ...) after 90 and 270.
    """
    return np.asarray(cv2.rotate(image, _TURNS[degrees]), np.uint8) if degrees else image


def rotate_back(segmentation: Segmentation, degrees: int) -> Segmentation:
    """Rotate the segmentation of an image that `rotate_image` returned back to the original orientation.

    Args:
        segmentation: of the rotated image.
        degrees: clockwise rotation of the image: 0, 90, 180 or 270.
    """
    if not degrees:
        return segmentation
    height, width = segmentation.mask.shape  # of the rotated image
    back = _Rotation(360 - degrees, height, width)
    return dataclasses.replace(
        segmentation,
        mask=back.labels(segmentation.mask),
        parts=None if segmentation.parts is None else back.labels(segmentation.parts),
        confidence=None if segmentation.confidence is None else back.labels(segmentation.confidence),
        people=None if segmentation.people is None else back.people(segmentation.people),
    )


@dataclasses.dataclass(frozen=True)
class _Rotation:
    """A clockwise rotation of an image of the given height and width, pixels."""

    degrees: int
    height: int
    width: int

    def labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Rotate a (height, width) array of one-byte values."""
        return rotate_image(labels.view(np.uint8), self.degrees).view(labels.dtype)

    def people(self, people: People) -> People:
        """Rotate keypoints, boxes, centroids and labels."""
        return dataclasses.replace(
            people,
            persons=tuple(self._person(person) for person in people.persons),
            labels=self.labels(people.labels),
            poses=tuple(self._pose(pose) for pose in people.poses),
        )

    def _person(self, person: Person) -> Person:
        return dataclasses.replace(
            person,
            box=None if person.box is None else self._box(person.box),
            keypoints=self._keypoints(person.keypoints),
            parts=tuple(self._part(part) for part in person.parts),
            world_keypoints=self._world_keypoints(person.world_keypoints),
            hands=tuple(self._hand(hand) for hand in person.hands),
        )

    def _pose(self, pose: Pose) -> Pose:
        return dataclasses.replace(
            pose,
            keypoints=self._keypoints(pose.keypoints),
            world_keypoints=self._world_keypoints(pose.world_keypoints),
        )

    def _hand(self, hand: Hand) -> Hand:
        return dataclasses.replace(hand, keypoints=self._keypoints(hand.keypoints))

    def _keypoints(self, points: Sequence[Keypoint]) -> tuple[Keypoint, ...]:
        places = [self._position(point.x, point.y) for point in points]
        return tuple(dataclasses.replace(point, x=x, y=y) for point, (x, y) in zip(points, places, strict=True))

    def _world_keypoints(self, points: Sequence[Keypoint]) -> tuple[Keypoint, ...]:
        """Rotate about the origin, whose axes are those of the image."""
        cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[self.degrees]
        return tuple(
            dataclasses.replace(point, x=cosine * point.x - sine * point.y, y=sine * point.x + cosine * point.y)
            for point in points
        )

    def _part(self, part: PartRegion) -> PartRegion:
        x, y = self._position(part.x, part.y)
        return dataclasses.replace(part, x=x, y=y, box=self._box(part.box))

    def _position(self, x: float, y: float) -> tuple[float, float]:
        """Return the position after the rotation of the pixel in column x and row y."""
        if self.degrees == 90:
            return self.height - 1 - y, x
        if self.degrees == 180:
            return self.width - 1 - x, self.height - 1 - y
        return y, self.width - 1 - x

    def _box(self, box: Box) -> Box:
        x0, y0 = self._position(box.x, box.y)
        x1, y1 = self._position(box.x + box.width - 1, box.y + box.height - 1)
        left, top = min(x0, x1), min(y0, y1)
        return Box(int(left), int(top), int(abs(x1 - x0)) + 1, int(abs(y1 - y0)) + 1)
