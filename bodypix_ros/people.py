# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""People in one image: poses, pixels and measured body parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .parts import BACKGROUND, PARTS, KeypointSet, PartIds, opposite_side, part_names
from .regions import Box, Region, join_boxes, measure_regions

CERTAIN = 0.3
"""Keypoints with at least this score count as seen by tracking, smoothing and gestures."""

Z_KINDS: dict[KeypointSet, int] = {'coco17': 0, 'blazepose33': 1}
"""What z means in the keypoints of a set: constants of PersonArray.msg."""

SIDES = {'left': 1, 'right': 2}
"""Sides of hands: constants of Hand.msg."""

_CODES = len(PARTS) + 1  # per person: one for no part, then the 24 parts


@dataclass(frozen=True)
class Keypoint:
    """One keypoint of a body or of a hand.

    Attributes:
        name: such as 'left_shoulder'; left and right are from the person's perspective.
        x, y: position in pixels, which may be outside the image; of world keypoints, metres.
        score: confidence that the keypoint is visible, 0..1.
        z: distance behind (+) or in front of (-) the midpoint of the hips (of a hand: its wrist), in pixels like x; of
            world keypoints, metres. NaN if the model does not provide it.
        presence: probability that the keypoint is within the image, visible or not, 0..1. NaN if the model does not
            provide it.
    """

    name: str
    x: float
    y: float
    score: float
    z: float = math.nan
    presence: float = math.nan


@dataclass(frozen=True)
class Pose:
    """The keypoints of one person.

    Attributes:
        score: mean score of the keypoints, 0..1; keypoints close to the same keypoint of a better pose count as 0.
            For bodypix_ros, see `inference.people.poses.decode_poses`; for BlazePose, the confidence in the person.
        keypoints: all of the set, including those with low scores, in the order of `KEYPOINTS` or
            `BLAZEPOSE_KEYPOINTS`.
        world_keypoints: the same in metres with the origin midway between the hips; empty if the model does not
            provide them.
    """

    score: float
    keypoints: tuple[Keypoint, ...]
    world_keypoints: tuple[Keypoint, ...] = ()

    def mirrored(self, width: int) -> Pose:
        """Return this pose in the mirrored image of the given width, with left and right swapped."""
        return Pose(
            self.score, _mirror_keypoints(self.keypoints, width - 1), _mirror_keypoints(self.world_keypoints, 0)
        )


def _mirror_keypoints(keypoints: Sequence[Keypoint], last_x: float) -> tuple[Keypoint, ...]:
    """Mirror x between 0 and `last_x`, and give each keypoint the position of that of the other side."""
    by_name = {point.name: point for point in keypoints}
    return tuple(
        replace(other, name=point.name, x=last_x - other.x)
        for point in keypoints
        for other in (by_name[opposite_side(point.name)],)
    )


@dataclass(frozen=True)
class Hand:
    """One hand of a person.

    Attributes:
        side: from the person's perspective.
        score: confidence that this is a hand, 0..1.
        keypoints: 21, in pixels: the wrist, then four per finger, from the thumb to the little finger.
    """

    side: Literal['left', 'right']
    score: float
    keypoints: tuple[Keypoint, ...]

    def mirrored(self, width: int) -> Hand:
        """Return this hand in the mirrored image of the given width, where it is one of the other side."""
        keypoints = tuple(replace(point, x=width - 1 - point.x) for point in self.keypoints)
        return Hand('right' if self.side == 'left' else 'left', self.score, keypoints)


@dataclass(frozen=True)
class PartRegion:
    """The pixels of one body part of one person.

    Attributes:
        part: 0..23, in the numbering of the parts image.
        name: name of the part; left and right are from the person's perspective.
        area_px: number of pixels, at least 1.
        x, y: centroid, pixels.
        box: bounding box of the pixels.
    """

    part: int
    name: str
    area_px: int
    x: float
    y: float
    box: Box


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        id: 1..n, the label of the person in `People.labels`.
        score: of the pose, 0..1.
        box: bounding box of the person's pixels; None if only keypoints were found.
        keypoints: see `Pose`.
        area_px: number of the person's pixels.
        parts: the visible parts, ordered by number; empty if parts were not requested or the model has none.
        world_keypoints: see `Pose`.
        hands: empty if hands were not requested.
    """

    id: int
    score: float
    box: Box | None
    keypoints: tuple[Keypoint, ...]
    area_px: int
    parts: tuple[PartRegion, ...]
    world_keypoints: tuple[Keypoint, ...] = ()
    hands: tuple[Hand, ...] = ()

    @property
    def pose(self) -> Pose:
        """The pose from which the person was measured, see `describe_persons`."""
        return Pose(self.score, self.keypoints, self.world_keypoints)


@dataclass(frozen=True, eq=False)
class People:
    """The people in one image of height H and width W.

    Attributes:
        persons: people whose pose reaches the score threshold, in the order of detection: best keypoint first.
        labels: (H, W) uint8, 0 background, n the pixels of `persons[n - 1]`.
        poses: all poses, including those below the score threshold.
        keypoint_set: names and order of the keypoints of all persons and poses.
    """

    persons: tuple[Person, ...]
    labels: NDArray[np.uint8]
    poses: tuple[Pose, ...]
    keypoint_set: KeypointSet = 'coco17'

    def mask_of(self, person: Person) -> NDArray[np.bool_]:
        """Return the mask of a person, (H, W) bool."""
        mask: NDArray[np.bool_] = self.labels == person.id
        return mask

    def parts_of(self, person: Person, parts: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the parts of one person, (H, W) int8, from the parts of all people; -1 elsewhere."""
        return np.where(self.mask_of(person), parts, np.int8(BACKGROUND))

    def mirrored(self, parts: NDArray[np.int8] | None, part_ids: PartIds) -> People:
        """Return the people of the mirrored image.

        Args:
            parts: (H, W) int8, part ids of the mirrored image; None if parts were not requested.
            part_ids: numbering of `parts`.
        """
        labels, width = np.ascontiguousarray(self.labels[:, ::-1]), self.labels.shape[1]
        poses = [person.pose.mirrored(width) for person in self.persons]
        persons = tuple(
            replace(new, hands=tuple(hand.mirrored(width) for hand in reversed(old.hands)))
            for new, old in zip(describe_persons(labels, parts, poses, part_ids), self.persons, strict=True)
        )
        return replace(self, persons=persons, labels=labels, poses=tuple(pose.mirrored(width) for pose in self.poses))


def describe_persons(
    labels: NDArray[np.uint8], parts: NDArray[np.int8] | None, poses: Sequence[Pose], part_ids: PartIds
) -> tuple[Person, ...]:
    """Measure the pixels and parts of each person.

    Args:
        labels: (H, W) uint8, 0 background, n the pixels of the n-th pose.
        parts: (H, W) int8, part id 0..23 or -1; None if parts were not requested.
        poses: poses of the people.
        part_ids: numbering of `parts`.
    """
    codes = labels.astype(np.uint16) * np.uint16(_CODES)
    if parts is not None:
        codes += (parts + np.int8(1)).view(np.uint8)
    regions = {  # label 0 is the background
        label: tuple(group) for label, group in groupby(measure_regions(codes), lambda region: region.code // _CODES)
    }
    names = part_names(part_ids)
    return tuple(_person(label, pose, regions.get(label, ()), names) for label, pose in enumerate(poses, start=1))


def _person(label: int, pose: Pose, regions: Sequence[Region], names: Sequence[str]) -> Person:
    return Person(
        id=label,
        score=pose.score,
        box=join_boxes([region.box for region in regions]),
        keypoints=pose.keypoints,
        area_px=sum(region.area_px for region in regions),
        parts=tuple(
            PartRegion(part, names[part], region.area_px, region.x, region.y, region.box)
            for region in regions
            if (part := region.code % _CODES - 1) != BACKGROUND
        ),
        world_keypoints=pose.world_keypoints,
    )
