# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Regions of people for BlazePose."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe.blazepose import BlazePosePerson
from bodypix_ros.inference.mediapipe.pose_regions import distinct_people, is_same_person, region_of_pose
from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS
from bodypix_ros.people import Keypoint, Pose
from bodypix_ros.regions import RotatedRegion

STANDING = {  # 100 pixels per metre
    'nose': (200, 30), 'left_eye': (203, 27), 'right_eye': (197, 27), 'left_shoulder': (218, 50),
    'right_shoulder': (182, 50), 'left_hip': (212, 100), 'right_hip': (188, 100), 'left_ankle': (212, 190),
    'right_ankle': (188, 190),
}  # fmt: skip
HEAD = ('nose', 'left_eye', 'right_eye')


def pose(points: dict[str, tuple[float, float]], *names: str) -> Pose:
    return Pose(0.9, tuple(Keypoint(name, *points[name], 0.9) for name in names or points))


def test_the_region_of_a_standing_person_contains_the_whole_body() -> None:
    region = region_of_pose(pose(STANDING))
    assert region is not None
    assert (region.x, region.y, region.angle) == pytest.approx((200, 100, 0))
    assert region.size / 2 >= 110  # farther than the ankles


def test_the_region_is_rotated_with_the_body() -> None:
    lying = {name: (-y, x) for name, (x, y) in STANDING.items()}  # turned clockwise: the head points to the right
    region = region_of_pose(pose(lying))
    assert region is not None
    assert (region.x, region.y, region.angle) == pytest.approx((-100, 200, math.pi / 2))


def test_invisible_legs_are_included() -> None:
    whole, upper = (region_of_pose(pose(STANDING, *names)) for names in ((), tuple(STANDING)[:7]))
    assert whole is not None
    assert upper is not None
    assert upper.size == pytest.approx(whole.size, rel=0.1)


@pytest.mark.parametrize('names', [(*HEAD, 'left_shoulder', 'right_shoulder'), HEAD])
def test_invisible_hips_are_assumed_below(names: tuple[str, ...]) -> None:
    region = region_of_pose(pose(STANDING, *names))
    assert region is not None
    assert (region.x, region.y) == pytest.approx((200, 100), abs=15)
    assert region.size == pytest.approx(275, rel=0.15)


@pytest.mark.parametrize('names', [('nose',), ('left_ankle', 'right_ankle'), ('nose', 'left_hip')])
def test_too_few_keypoints_have_no_region(names: tuple[str, ...]) -> None:
    assert region_of_pose(pose(STANDING, *names)) is None
    uncertain = Pose(0.1, tuple(Keypoint(name, *place, 0.1) for name, place in STANDING.items()))
    assert region_of_pose(uncertain) is None


def test_regions_are_of_the_same_person_if_centre_and_size_are_close() -> None:
    region = RotatedRegion(100, 100, 200)
    assert is_same_person(region, RotatedRegion(110, 95, 260, 1.0))
    assert not is_same_person(region, RotatedRegion(160, 100, 200))
    assert not is_same_person(region, RotatedRegion(100, 100, 500))


def person(x: float, score: float = 0.9) -> BlazePosePerson:
    keypoints = tuple(Keypoint(name, x + index, 3.0 * index, score) for index, name in enumerate(BLAZEPOSE_KEYPOINTS))
    return BlazePosePerson(0.9, keypoints, keypoints, np.zeros((256, 256), np.float32), RotatedRegion(x, 50, 100), None)


def test_a_person_who_was_found_twice_is_one() -> None:
    people = [person(100), person(105), person(150)]
    assert distinct_people(people) == [people[0], people[2]]
    assert distinct_people([]) == []


def test_people_without_common_visible_keypoints_are_different() -> None:
    people = [person(100), person(100, score=0.1)]
    assert distinct_people(people) == people
