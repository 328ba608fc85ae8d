"""The people of one picture: their poses, their pixels and their parts, measured."""

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

_CODES = len(PARTS) + 1  # of one person: no part, then the 24 parts


@dataclass(frozen=True)
class Keypoint:
    """One of the 17 keypoints: its position in pixels of the picture, perhaps outside of it, and its score, 0..1."""

    name: str
    x: float
    y: float
    score: float


@dataclass(frozen=True)
class Pose:
    """The keypoints of somebody.

    Attributes:
        score: mean score of the keypoints, 0..1; those that another, surer pose has nearly at the same place count 0.
        keypoints: all 17, in the order of `KEYPOINTS`, weak ones too.
    """

    score: float
    keypoints: tuple[Keypoint, ...]

    def mirrored(self, width: int) -> Pose:
        """Return this pose as the mirrored picture of the given width shows it, with left and right exchanged."""
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
        part: 0..23, numbered as in the picture of parts.
        name: the part's name; left and right are the person's own.
        area_px: number of pixels, at least 1.
        x, y: centroid, pixels.
        box: the smallest box around the pixels.
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
        id: 1..n, the person's label in `People.labels`.
        score: of the pose, 0..1.
        box: the smallest box around the person's pixels; None where only keypoints were found.
        keypoints: all 17, in the order of `KEYPOINTS`, weak ones too.
        area_px: number of the person's pixels.
        parts: the parts that have pixels, in the order of their numbers; empty where parts were not asked for.
    """

    id: int
    score: float
    box: Box | None
    keypoints: tuple[Keypoint, ...]
    area_px: int
    parts: tuple[PartRegion, ...]


@dataclass(frozen=True, eq=False)
class People:
    """Who is who in one picture of height H and width W.

    Attributes:
        persons: those whose pose scores well enough, in the order in which they were found: surest keypoint first.
        labels: (H, W) uint8, 0 nobody, n the pixels of `persons[n - 1]`.
        poses: every pose that was found, those too weak to be a person included.
    """

    persons: tuple[Person, ...]
    labels: NDArray[np.uint8]
    poses: tuple[Pose, ...]

    def mask_of(self, person: Person) -> NDArray[np.bool_]:
        """Return (H, W) bool, true where this person is."""
        mask: NDArray[np.bool_] = self.labels == person.id
        return mask

    def parts_of(self, person: Person, parts: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return (H, W) int8: this person's parts out of the picture of everybody's; -1 elsewhere."""
        return np.where(self.mask_of(person), parts, np.int8(BACKGROUND))


def describe_persons(
    labels: NDArray[np.uint8], parts: NDArray[np.int8] | None, poses: Sequence[Pose], part_ids: PartIds
) -> tuple[Person, ...]:
    """Measure each person's pixels and parts.

    Args:
        labels: (H, W) uint8, 0 nobody, n the pixels of the n-th pose.
        parts: (H, W) int8, part id 0..23 or -1; None where parts were not asked for.
        poses: of the persons.
        part_ids: how `parts` is numbered.
    """
    codes = labels.astype(np.uint16) * np.uint16(_CODES)
    if parts is not None:
        codes += (parts + np.int8(1)).view(np.uint8)
    regions = {  # pixels of nobody come under label 0, which is no pose's
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
"""Each keypoint's number in a mirrored picture."""
