# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where hands of people are searched for, and whose they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe.hands import FoundHand, Palm
from bodypix_ros.inference.mediapipe.person_hands import PersonHands, assign_closest, centimetre_px, expect_hands
from bodypix_ros.parts import HAND_KEYPOINTS
from bodypix_ros.people import Keypoint, PartRegion, Person
from bodypix_ros.regions import Box, RotatedRegion
from bodypix_ros.segmentation import VideoState

IMAGE = np.zeros((400, 400, 3), np.uint8)
POSE = {
    'left_shoulder': (236, 100), 'right_shoulder': (164, 100), 'left_hip': (230, 200), 'right_hip': (170, 200),
    'left_elbow': (270, 140), 'right_elbow': (130, 140), 'left_wrist': (320, 140), 'right_wrist': (130, 90),
}  # fmt: skip
"""Somebody of whom two pixels are about one centimetre: the left forearm points to the right, the right one up."""


def person(places=POSE, unseen=(), parts=()) -> Person:
    keypoints = tuple(Keypoint(name, x, y, 0.1 if name in unseen else 0.9) for name, (x, y) in places.items())
    return Person(1, 0.9, Box(130, 50, 200, 300), keypoints, 9999, tuple(parts))


class Networks:
    """Stands for a `HandFinder`: returns given palms, and hands with their wrist at the bottom of their region."""

    def __init__(self, palms=(), scores=()) -> None:
        self.palms, self.scores = list(palms), list(scores)
        self.searched: list[RotatedRegion] = []
        self.regions: list[RotatedRegion] = []

    def detect(self, image, regions):
        self.searched = list(regions)
        return self.palms if regions else []

    def find(self, image, regions):
        self.regions = list(regions)
        return [hand_in(region, score) for region, score in zip(regions, [*self.scores, *[0.9] * 9], strict=False)]


def hand_in(region: RotatedRegion, score: float) -> FoundHand | None:
    wrist = region.shifted(0, 0.3)
    points = np.tile([region.x, region.y, 0], (21, 1)).astype(np.float32)
    points[0, :2] = wrist.x, wrist.y
    return FoundHand(score, 0.5, points) if score > 0.5 else None


def palm_at(x: float, y: float, angle: float = 0.0) -> Palm:
    return Palm(0.8, (x, y), RotatedRegion(x, y, 52, angle).shifted(0, -0.3))


def test_hands_are_expected_beyond_the_wrists() -> None:
    left, right = expect_hands(3, person())
    assert (left.person, left.side, right.side) == (3, 'left', 'right')
    assert left.cm_px == right.cm_px == pytest.approx(2, rel=0.05)
    assert left.middle == pytest.approx((320 + 9 * left.cm_px, 140))
    assert right.middle == pytest.approx((130, 90 - 9 * right.cm_px))
    assert left.angle == pytest.approx(math.pi / 2)
    assert right.angle == pytest.approx(0)
    assert left.search.size == pytest.approx(48 * left.cm_px)
    assert right.region is not None
    assert right.region.size == pytest.approx(26 * right.cm_px)


def test_without_the_elbow_the_region_is_around_the_wrist_and_has_no_direction() -> None:
    left, _ = expect_hands(0, person(unseen=['left_elbow']))
    assert left.middle == left.wrist == (320, 140)
    assert left.region is None


def test_pixels_of_a_hand_replace_a_wrist_that_is_not_visible() -> None:
    part = PartRegion(23, 'left_hand', 500, 350.0, 150.0, Box(330, 130, 40, 40))
    (left,) = expect_hands(0, person(unseen=['left_wrist', 'right_wrist'], parts=[part]))
    assert (left.side, left.middle, left.region) == ('left', (350.0, 150.0), None)


def test_only_pixels_are_visible() -> None:
    part = PartRegion(23, 'left_hand', 500, 350.0, 150.0, Box(330, 130, 30, 45))
    (left,) = expect_hands(0, person(unseen=POSE, parts=[part]))
    assert left.cm_px == 3


def test_hands_of_distant_people_are_not_searched_for() -> None:
    small = {name: (x / 5, y / 5) for name, (x, y) in POSE.items()}
    assert list(expect_hands(0, person(small))) == []
    assert list(expect_hands(0, person(unseen=POSE))) == []


def test_foreshortened_limbs_do_not_change_the_scale() -> None:
    places = {name: (float(x), float(y)) for name, (x, y) in POSE.items()}
    places.update(left_wrist=(275.0, 140.0), right_wrist=(130.0, 135.0))
    assert centimetre_px(places) == pytest.approx(2, rel=0.1)
    assert centimetre_px({'left_wrist': (1.0, 2.0)}) == 0


def test_the_closest_pair_is_assigned_first() -> None:
    assert assign_closest(np.array([[3.0, 1.0], [2.0, 0.5]])) == {1: 1, 0: 0}
    assert assign_closest(np.array([[15.0], [13.0]])) == {1: 0}
    assert assign_closest(np.zeros((2, 0))) == {}


def test_palms_are_assigned_to_the_closest_wrists() -> None:
    networks = Networks([palm_at(128, 92), palm_at(322, 138, math.pi / 2), palm_at(50, 300)])
    ((left, right),) = PersonHands(networks).find(IMAGE, [person()])
    assert len(networks.searched) == 2
    assert networks.regions == [networks.palms[1].region, networks.palms[0].region]
    assert (left.side, right.side) == ('left', 'right')
    assert tuple(point.name for point in left.keypoints) == HAND_KEYPOINTS
    assert (right.keypoints[0].x, right.keypoints[0].y) == pytest.approx((128, 92))
    assert right.keypoints[0].score == right.score == 0.9


def test_a_region_is_at_least_as_large_as_a_hand() -> None:
    small = Palm(0.8, (130.0, 90.0), RotatedRegion(130, 80, 10))
    networks = Networks([small])
    PersonHands(networks).find(IMAGE, [person(unseen=['left_wrist'])])
    (region,) = networks.regions
    assert (region.x, region.y, region.size) == pytest.approx((130, 80, 36), rel=0.05)


def test_a_hand_without_a_palm_needs_a_higher_score() -> None:
    for score, sides in ((0.79, ['right']), (0.81, ['left', 'right'])):
        networks = Networks([palm_at(130, 90)], [0.6, score])
        (hands,) = PersonHands(networks).find(IMAGE, [person()])
        assert [hand.side for hand in hands] == sides


def test_a_hand_is_not_assigned_to_both_sides() -> None:
    together = {**POSE, 'left_elbow': (190, 140), 'left_wrist': (140, 90)}
    networks = Networks([palm_at(131, 90)], [0.9, 0.85])
    networks.find = lambda image, regions: [hand_in(networks.palms[0].region, score) for score in (0.9, 0.85)]
    (hands,) = PersonHands(networks).find(IMAGE, [person(together)])
    assert [hand.side for hand in hands] == ['right']


def test_hands_of_a_video_are_detected_once() -> None:
    networks, state = Networks([palm_at(130, 90), palm_at(320, 140, math.pi / 2)]), VideoState()
    finder = PersonHands(networks)
    finder.find(IMAGE, [person()], state)
    assert len(networks.searched) == len(state.hands) == 2
    expected = [region for _, region in state.hands]
    assert len(finder.find(IMAGE, [person()], state)[0]) == 2
    assert networks.searched == []
    assert sorted(networks.regions, key=str) == sorted(expected, key=str)
    networks.scores = [0.1, 0.9]
    (hands,) = finder.find(IMAGE, [person()], state)
    assert len(hands) == len(state.hands) == 1
    finder.find(IMAGE, [person()], state)
    assert len(networks.searched) == 1


def test_every_person_has_an_entry() -> None:
    assert PersonHands(Networks()).find(IMAGE, [person(unseen=POSE), person(unseen=POSE)]) == [(), ()]
    assert PersonHands(Networks()).find(IMAGE, []) == []
