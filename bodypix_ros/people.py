"""People in one image: poses, pixels and measured body parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from .parts import BACKGROUND, KEYPOINTS, PARTS, PartIds, part_names
from .regions import Box, Region, join_boxes, measure_regions

CERTAIN = 0.3
"""Keypoints with at least this score count as seen by tracking, smoothing and gestures."""

_CODES = len(PARTS) + 1  # per person: one for no part, then the 24 parts


@dataclass(frozen=True)
class Keypoint:
    """One of the 17 keypoints: its position in pixels, which may be outside the image, and its score, 0..1."""

    name: str
    x: float
    y: float
    score: float


@dataclass(frozen=True)
class Pose:
    """The keypoints of one person.

    Attributes:
        score: mean score of the keypoints, 0..1; keypoints close to the same keypoint of a better pose count as 0.
            For bodypix_ros, see `inference.people.poses.decode_poses`.
        keypoints: all 17, including those with low scores, in the order of `KEYPOINTS`.
    """

    score: float
    keypoints: tuple[Keypoint, ...]

    def mirrored(self, width: int) -> Pose:
        """Return this pose in the mirrored image of the given width, with left and right swapped."""
        swapped = [self.keypoints[index] for index in _COUNTERPART]
        return Pose(
            self.score,
            tuple(
                Keypoint(name, width - 1 - point.x, point.y, point.score)
                for name, point in zip(KEYPOINTS, swapped, strict=True)
            ),
        )


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
        keypoints: all 17, including those with low scores, in the order of `KEYPOINTS`.
        area_px: number of the person's pixels.
        parts: the visible parts, ordered by number; empty if parts were not requested.
    """

    id: int
    score: float
    box: Box | None
    keypoints: tuple[Keypoint, ...]
    area_px: int
    parts: tuple[PartRegion, ...]


@dataclass(frozen=True, eq=False)
class People:
    """The people in one image of height H and width W.

    Attributes:
        persons: people whose pose reaches the score threshold, in the order of detection: best keypoint first.
        labels: (H, W) uint8, 0 background, n the pixels of `persons[n - 1]`.
        poses: all poses, including those below the score threshold.
    """

    persons: tuple[Person, ...]
    labels: NDArray[np.uint8]
    poses: tuple[Pose, ...]

    def mask_of(self, person: Person) -> NDArray[np.bool_]:
        """Return the mask of a person, (H, W) bool."""
        mask: NDArray[np.bool_] = self.labels == person.id
        return mask

    def parts_of(self, person: Person, parts: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the parts of one person, (H, W) int8, from the parts of all people; -1 elsewhere."""
        return np.where(self.mask_of(person), parts, np.int8(BACKGROUND))


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
    )


def _counterpart(name: str) -> str:
    side, _, rest = name.partition('_')
    return {'left': f'right_{rest}', 'right': f'left_{rest}'}.get(side, name)


_COUNTERPART = tuple(KEYPOINTS.index(_counterpart(name)) for name in KEYPOINTS)
"""The number of each keypoint in a mirrored image."""
