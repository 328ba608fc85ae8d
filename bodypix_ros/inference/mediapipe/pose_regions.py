# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where BlazePose looks for people: regions from the poses that our network finds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from ...people import CERTAIN, Pose
from ...regions import RotatedRegion
from .blazepose import BlazePosePerson, region_around

# BlazePose expects regions of the whole body, also if only a part of it is visible.
_KNOWN = 0.2  # minimum score of a keypoint of our network; BlazePose decides whether there is a person
_BODY_M = {  # lengths of an adult, roughly
    ('left_shoulder', 'right_shoulder'): 0.37,
    ('left_shoulder', 'left_hip'): 0.5,
    ('right_shoulder', 'right_hip'): 0.5,
}
_HEAD_M = {('left_eye', 'right_eye'): 0.063, ('left_ear', 'right_ear'): 0.15}
_SHOULDERS_TO_HIPS_M, _HEAD_TO_HIPS_M = 0.5, 0.7
_BODY_RADIUS_M = 1.1  # distance of the farthest point of a standing person from the hips; measured on photographs
_BEYOND_KEYPOINTS = 1.2  # distance of the farthest point over that of the farthest keypoint: hair, hands, feet
_HEAD = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')

_SAME_CENTER, _SAME_SIZE = 0.15, 2.0
"""Regions of the same person: largest distance of the centres, in sides, and largest ratio of the sides."""

_SAME_KEYPOINTS = 0.1
"""Poses of the same person: largest median distance of the keypoints, in sides of the region."""

Point = tuple[float, float]


def region_of_pose(pose: Pose) -> RotatedRegion | None:
    """Return the region of the whole body of a person; None if too few keypoints are known.

    Invisible hips are assumed below the shoulders or the head.

    Args:
        pose: with the keypoints of BodyPix.
    """
    points = {point.name: (point.x, point.y) for point in pose.keypoints if point.score >= _KNOWN}
    px_per_m = _scale(points, _BODY_M) or _scale(points, _HEAD_M)
    head, shoulders = _middle(points, _HEAD), _middle(points, ('left_shoulder', 'right_shoulder'))
    hips = _middle(points, ('left_hip', 'right_hip'))
    above = shoulders or head
    if px_per_m == 0 or above is None:
        return None
    up = _direction(hips, above) if hips else (0.0, -1.0)
    if hips is None:
        down_px = px_per_m * (_HEAD_TO_HIPS_M if shoulders is None else _SHOULDERS_TO_HIPS_M)
        hips = above[0] - up[0] * down_px, above[1] - up[1] * down_px
    farthest_px = max(math.dist(hips, point) for point in points.values())
    radius_px = max(_BEYOND_KEYPOINTS * farthest_px, _BODY_RADIUS_M * px_per_m)
    return region_around(hips, (hips[0] + up[0] * radius_px, hips[1] + up[1] * radius_px))


def is_same_person(first: RotatedRegion, second: RotatedRegion) -> bool:
    """Return whether two regions probably contain the same person."""
    distance = math.dist((first.x, first.y), (second.x, second.y))
    ratio = max(first.size, second.size) / min(first.size, second.size)
    return distance <= _SAME_CENTER * min(first.size, second.size) and ratio <= _SAME_SIZE


def distinct_people(people: Sequence[BlazePosePerson]) -> list[BlazePosePerson]:
    """Return the people without those who are the same as an earlier one, found in another region."""
    kept: list[BlazePosePerson] = []
    for person in people:
        if not any(_are_close(person, other) for other in kept):
            kept.append(person)
    return kept


def _are_close(first: BlazePosePerson, second: BlazePosePerson) -> bool:
    """Return whether most keypoints that are visible in both poses are at the same places."""
    distances = [
        math.dist((one.x, one.y), (other.x, other.y))
        for one, other in zip(first.keypoints, second.keypoints, strict=True)
        if min(one.score, other.score) >= CERTAIN
    ]
    size = min(first.mask_region.size, second.mask_region.size)
    return bool(distances) and median(distances) <= _SAME_KEYPOINTS * size


def _scale(points: Mapping[str, Point], lengths_m: Mapping[tuple[str, str], float]) -> float:
    """Return the pixels per metre; 0 if no length is known. The longest counts: those along the view appear shorter."""
    known = (pair for pair in lengths_m if points.keys() >= set(pair))
    return max((math.dist(points[pair[0]], points[pair[1]]) / lengths_m[pair] for pair in known), default=0.0)


def _middle(points: Mapping[str, Point], names: Sequence[str]) -> Point | None:
    """Return the mean of those keypoints that are known; None if none is."""
    known = [points[name] for name in names if name in points]
    if not known:
        return None
    return sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known)


def _direction(start: Point, end: Point) -> Point:
    """Return the unit vector from one point to another; upwards if they are equal."""
    length = math.dist(start, end)
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length) if length else (0.0, -1.0)
