# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Raised hands and waves of synthetic people with known answers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from test_tracking import HEIGHT_PX, person_at

from bodypix_ros.gestures import GestureDetector, GestureKind
from bodypix_ros.people import PartRegion, Person
from bodypix_ros.regions import Box

START_S = 1.7e9
TORSO_PX = 0.32 * HEIGHT_PX
SHOULDER_Y = 100 + 0.18 * HEIGHT_PX
LEFT, RIGHT, BOTH, WAVING = GestureKind

Wrists = dict[str, tuple[float, float]]
"""Where wrists are: right of and above their shoulder, in torsos."""


def person_with(wrists: Wrists, noise: np.random.Generator | None = None, unseen: Iterable[str] = ()) -> Person:
    """Somebody who stands with wrists at the given places; keypoints that are unseen have a low score."""
    person = person_at(300, noise=noise)
    points = {point.name: point for point in person.keypoints}
    for side, (sideways, upwards) in wrists.items():
        shoulder, wrist = points[f'{side}_shoulder'], points[f'{side}_wrist']
        points[f'{side}_wrist'] = dataclasses.replace(
            wrist, x=shoulder.x + sideways * TORSO_PX, y=shoulder.y - upwards * TORSO_PX
        )
    for name in unseen:
        points[name] = dataclasses.replace(points[name], x=5.0, y=5.0, score=0.1)
    return dataclasses.replace(person, keypoints=tuple(points.values()))


def gestures_of(
    moves: Callable[[float], Person],
    rate_hz: float = 15,
    duration_s: float = 3,
    detector: GestureDetector | None = None,
) -> dict[float, dict[GestureKind, float]]:
    """The gestures by time, each with the time since which it holds."""
    detector = detector or GestureDetector()
    found = {}
    for index in range(round(rate_hz * duration_s)):
        s = round(index / rate_hz, 3)
        (gestures,) = detector.update([moves(s)], [7], START_S + s)
        found[s] = {one.kind: round(one.since_s - START_S, 3) for one in gestures}
    return found


def kinds(found: dict[float, dict[GestureKind, float]]) -> set[GestureKind]:
    """All gestures of a time."""
    return {kind for gestures in found.values() for kind in gestures}


def test_the_values_are_those_of_the_message() -> None:
    assert {kind.name: kind.value for kind in GestureKind} == {
        'LEFT_HAND_RAISED': 1, 'RIGHT_HAND_RAISED': 2, 'BOTH_HANDS_RAISED': 4, 'WAVING': 8,
    }  # fmt: skip


@pytest.mark.parametrize(
    ('wrists', 'expected'),
    [
        ({'left': (0.1, 0.8)}, {LEFT}),
        ({'right': (-0.1, 0.8)}, {RIGHT}),
        ({'left': (0.1, 0.8), 'right': (-0.1, 0.6)}, {LEFT, RIGHT, BOTH}),
        ({'left': (0.1, 0.3)}, set()),
        ({'left': (1.0, 0.0), 'right': (-1.0, 0.0)}, set()),
        ({}, set()),
    ],
)
@pytest.mark.parametrize('rate_hz', [5, 30])
def test_raised_hands_are_found(wrists: Wrists, expected: set[GestureKind], rate_hz: float) -> None:
    noise = np.random.default_rng(1)
    found = gestures_of(lambda _: person_with(wrists, noise), rate_hz, 2)
    assert kinds(found) == expected
    assert set(found[max(found)]) == expected


def test_a_hand_is_reported_after_a_third_of_a_second_with_the_stamp_at_which_it_rose() -> None:
    found = gestures_of(lambda s: person_with({'left': (0.1, 0.8)} if s >= 1 else {}), rate_hz=10)
    assert next(s for s, gestures in found.items() if gestures) == pytest.approx(1.3, abs=0.11)
    assert {since for gestures in found.values() for since in gestures.values()} == {1.0}


def test_both_hands_are_raised_since_the_second_one() -> None:
    def moves(s: float) -> Person:
        return person_with({'left': (0.1, 0.8)} | ({'right': (-0.1, 0.8)} if s >= 1 else {}))

    assert gestures_of(moves, rate_hz=10)[2.0] == {LEFT: 0.0, RIGHT: 1.0, BOTH: 1.0}


def test_a_hand_that_falls_between_nose_and_chin_stays_raised_and_below_it_is_down_at_once() -> None:
    heights = {0: 0.8, 1: 0.35, 2: 0.2}
    found = gestures_of(lambda s: person_with({'left': (0.1, heights[int(s)])}), rate_hz=10)
    assert found[1.9] == {LEFT: 0.0}
    assert found[2.0] == {}


def test_a_short_touch_of_the_head_is_no_raised_hand() -> None:
    assert kinds(gestures_of(lambda s: person_with({'left': (0.1, 0.6)} if 1 <= s <= 1.2 else {}))) == set()


def test_a_wrist_may_be_missing_for_a_moment() -> None:
    def moves(s: float) -> Person:
        return person_with({'left': (0.1, 0.8)}, unseen=['left_wrist'] if 1 < s < 1.4 else [])

    assert gestures_of(moves)[2.0] == {LEFT: 0.0}


def test_a_wrist_missing_for_longer_ends_the_gesture() -> None:
    def moves(s: float) -> Person:
        return person_with({'left': (0.1, 0.8)}, unseen=['left_wrist'] if 1 < s < 2 else [])

    found = gestures_of(moves, rate_hz=10)
    assert found[1.7] == {}
    assert found[2.5] == {LEFT: 2.0}


@pytest.mark.parametrize(
    'unseen',
    [
        ['left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'],
        ['left_shoulder'],
        ['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_elbow', 'right_elbow'],
    ],
    ids=['no legs', 'no left shoulder', 'no head and elbows'],
)
def test_raised_hands_need_no_more_than_a_shoulder_and_a_scale(unseen: list[str]) -> None:
    assert kinds(gestures_of(lambda _: person_with({'left': (0.1, 0.8)}, unseen=unseen))) == {LEFT}


def test_nothing_is_found_without_shoulders() -> None:
    unseen = ['left_shoulder', 'right_shoulder']
    assert kinds(gestures_of(lambda _: person_with({'left': (0.1, 0.8)}, unseen=unseen))) == set()


def wave(s: float, wave_hz: float = 2.0, amplitude: float = 0.2, upwards: float = 0.3) -> Wrists:
    """The right wrist on its way to and fro."""
    return {'right': (-0.3 + amplitude * math.sin(2 * math.pi * wave_hz * s), upwards)}


@pytest.mark.parametrize(('rate_hz', 'wave_hz'), [(8, 1.2), (10, 2), (15, 3), (30, 1.2), (30, 3)])
def test_a_wave_is_found_within_one_and_a_half_seconds(rate_hz: float, wave_hz: float) -> None:
    noise = np.random.default_rng(1)
    found = gestures_of(lambda s: person_with(wave(s, wave_hz), noise), rate_hz)
    first = min(s for s, gestures in found.items() if WAVING in gestures)
    assert first <= 1.5
    assert all(gestures == {WAVING: first} for s, gestures in found.items() if s >= first)


def test_a_wave_ends_when_the_hand_falls() -> None:
    found = gestures_of(lambda s: person_with(wave(s) if s < 2 else {}), rate_hz=10)
    assert WAVING in found[1.9]
    assert WAVING not in found[2.0]


def test_a_wave_that_stops_is_over_after_one_and_a_half_seconds() -> None:
    found = gestures_of(lambda s: person_with(wave(min(s, 2.0))), duration_s=4)
    assert WAVING in found[2.0]
    assert WAVING not in found[3.6]


@pytest.mark.parametrize('missing', ['right_wrist', 'right_shoulder', 'left_shoulder', 'left_hip'])
def test_a_wave_is_found_although_a_third_of_a_keypoint_is_missing(missing: str) -> None:
    noise, chance = np.random.default_rng(1), np.random.default_rng(2)
    found = gestures_of(lambda s: person_with(wave(s), noise, [missing] if chance.random() < 0.33 else []), rate_hz=20)
    assert WAVING in found[2.0]


@pytest.mark.parametrize(
    'moves',
    [
        lambda s: {'right': (-0.3, 0.6 + 0.3 * math.sin(9 * s))},  # up and down
        lambda s: wave(s, upwards=-0.2),  # below the shoulder
        lambda s: wave(s, amplitude=0.05),  # a tremble
        lambda s: {'right': (-0.5 + s, 0.5)},  # once from side to side
        lambda s: {side: (0.3 * math.sin(6 * s), -1.0) for side in ('left', 'right')},  # walking
    ],
    ids=['up and down', 'low', 'trembling', 'once', 'walking'],
)
def test_other_movements_are_no_wave(moves: Callable[[float], Wrists]) -> None:
    noise = np.random.default_rng(1)
    assert WAVING not in kinds(gestures_of(lambda s: person_with(moves(s), noise)))


def with_hand(person: Person, side: str, sideways: float, upwards: float, area_px: int = 300) -> Person:
    """The person with pixels of a hand, in torsos right of and above its shoulder."""
    shoulder = next(point for point in person.keypoints if point.name == f'{side}_shoulder')
    x, y = shoulder.x + sideways * TORSO_PX, shoulder.y - upwards * TORSO_PX
    return dataclasses.replace(person, parts=(PartRegion(23, f'{side}_hand', area_px, x, y, Box(0, 0, 20, 20)),))


@pytest.mark.parametrize('unseen', [[], ['left_wrist']])
def test_the_pixels_of_a_hand_count_more_than_its_wrist(unseen: list[str]) -> None:
    person = person_with({'left': (0.1, -1.0)}, unseen=unseen)
    assert kinds(gestures_of(lambda _: with_hand(person, 'left', 0.2, 0.9))) == {LEFT}


@pytest.mark.parametrize(('upwards', 'area_px'), [(0.9, 20), (2.0, 300)], ids=['too small', 'out of reach'])
def test_pixels_that_are_no_hand_are_ignored(upwards: float, area_px: int) -> None:
    person = person_with({'left': (0.1, -1.0)})
    assert kinds(gestures_of(lambda _: with_hand(person, 'left', 0.2, upwards, area_px))) == set()


def test_a_wave_is_found_by_the_pixels_of_the_hand() -> None:
    def moves(s: float) -> Person:
        return with_hand(person_with({}, unseen=['right_wrist']), 'right', *wave(s)['right'])

    assert WAVING in gestures_of(moves)[2.0]


@pytest.mark.parametrize('pauses', [1.5, 4, 8])
def test_pixels_that_come_and_go_are_no_wave(pauses: float) -> None:
    def moves(s: float) -> Person:
        person = person_with({'right': (-0.5, 0.3)})  # the wrist and the middle of the hand are half a torso apart
        return with_hand(person, 'right', 0.0, 0.3) if int(s * pauses) % 2 else person

    assert kinds(gestures_of(moves, rate_hz=30, duration_s=4)) == set()


def test_shoulders_that_come_and_go_are_no_wave() -> None:
    def moves(s: float) -> Person:
        return person_with({'left': (0.1, 0.8)}, unseen=['left_shoulder' if int(s * 4) % 2 else 'right_shoulder'])

    assert kinds(gestures_of(moves)) == {LEFT}


def test_people_without_id_have_no_gestures_and_ids_are_kept_apart() -> None:
    detector = GestureDetector()
    raised, still = person_with({'left': (0.1, 0.8)}), person_with({})
    for index in range(10):
        found = detector.update([raised, still, raised], [0, 1, 2], START_S + index / 10)
    assert [[one.kind for one in gestures] for gestures in found] == [[], [], [LEFT]]


def test_stamps_that_go_back_begin_anew() -> None:
    detector = GestureDetector()
    gestures_of(lambda _: person_with({'left': (0.1, 0.8)}), detector=detector)
    assert detector.update([person_with({'left': (0.1, 0.8)})], [7], START_S) == [()]
