"""Where BlazePose looks for people: regions from the poses that our network finds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...people import CERTAIN, Keypoint, Pose
from .blazepose import region_around
from .regions import Region

# BlazePose expects regions of the whole body, also if only a part of it is visible. Measured on photographs of COCO.
_BODY_RADIUS = 2.2  # distance of the farthest point of a standing person from the hips, torso lengths
_BEYOND_KEYPOINTS = 1.2  # distance of the farthest point over that of the farthest keypoint: hair, hands, feet
_TORSO_PER_SHOULDERS = 1.35  # torso length over shoulder width, seen from the front

_SAME_CENTER, _SAME_SIZE = 0.15, 2.0
"""Regions of the same person: largest distance of the centres, in sides, and largest ratio of the sides."""

Point = tuple[float, float]


def region_of_pose(pose: Pose) -> Region | None:
    """Return the region of the whole body of a person; None if neither shoulders nor hips are known.

    Args:
        pose: with the keypoints of BodyPix.
    """
    points = {point.name: point for point in pose.keypoints if point.score >= CERTAIN}
    shoulders, hips = _middle(points, 'shoulder'), _middle(points, 'hip')
    if shoulders is None or (hips is None and len(_pair(points, 'shoulder')) < 2):
        return None
    if hips is None:  # outside the image, or hidden: a person who is upright is assumed
        left, right = _pair(points, 'shoulder')
        hips = shoulders[0], shoulders[1] + _TORSO_PER_SHOULDERS * math.dist((left.x, left.y), (right.x, right.y))
    torso_px = math.dist(shoulders, hips)
    if torso_px == 0:
        return None
    farthest_px = max(math.dist(hips, (point.x, point.y)) for point in points.values())
    radius_px = max(_BEYOND_KEYPOINTS * farthest_px, _BODY_RADIUS * torso_px)
    share = radius_px / torso_px
    return region_around(hips, [hips[axis] + share * (shoulders[axis] - hips[axis]) for axis in (0, 1)])


def is_same_person(first: Region, second: Region) -> bool:
    """Return whether two regions probably contain the same person."""
    distance = math.dist((first.x, first.y), (second.x, second.y))
    ratio = max(first.size, second.size) / min(first.size, second.size)
    return distance <= _SAME_CENTER * min(first.size, second.size) and ratio <= _SAME_SIZE


def distinct(regions: Sequence[Region]) -> list[int]:
    """Return the indices of the regions that are not of the same person as an earlier one."""
    kept: list[int] = []
    for index, region in enumerate(regions):
        if not any(is_same_person(region, regions[other]) for other in kept):
            kept.append(index)
    return kept


def _pair(points: dict[str, Keypoint], name: str) -> list[Keypoint]:
    return [points[key] for key in (f'left_{name}', f'right_{name}') if key in points]


def _middle(points: dict[str, Keypoint], name: str) -> Point | None:
    """Return the middle of a pair of keypoints, or the one that is known."""
    pair = _pair(points, name)
    if not pair:
        return None
    return sum(point.x for point in pair) / len(pair), sum(point.y for point in pair) / len(pair)
