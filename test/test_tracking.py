# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ids of people from image to image: synthetic scenes with known answers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import numpy as np
import pytest

from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS, KEYPOINTS
from bodypix_ros.people import Keypoint, Person
from bodypix_ros.regions import Box
from bodypix_ros.settings import TrackingSettings
from bodypix_ros.tracking import Tracker, assign

HEIGHT_PX = 200.0
WALK_PX_S = 150.0  # three quarters of the body's height a second: brisk
DEPTH_PX = 15.0  # the next person walks farther away from the camera, which sees the head so much higher or lower
FRONT = {
    'nose': (0, 0.06), 'left_eye': (0.02, 0.05), 'right_eye': (-0.02, 0.05), 'left_ear': (0.04, 0.06),
    'right_ear': (-0.04, 0.06), 'left_shoulder': (0.1, 0.18), 'right_shoulder': (-0.1, 0.18),
    'left_elbow': (0.13, 0.35), 'right_elbow': (-0.13, 0.35), 'left_wrist': (0.14, 0.5), 'right_wrist': (-0.14, 0.5),
    'left_hip': (0.07, 0.5), 'right_hip': (-0.07, 0.5), 'left_knee': (0.07, 0.73), 'right_knee': (-0.07, 0.73),
    'left_ankle': (0.07, 0.95), 'right_ankle': (-0.07, 0.95),
}  # fmt: skip
"""Somebody who stands: columns from the middle and rows from the top, in heights of the body."""


def person_at(x: float, y: float = 100.0, score: float = 0.8, noise: np.random.Generator | None = None) -> Person:
    """A person whose head is at x and y; box and keypoints jitter by a few pixels where there is noise."""
    jitter = (lambda deviation: float(noise.normal(0, deviation))) if noise else (lambda _: 0.0)
    width, height = 0.36 * HEIGHT_PX + jitter(6), HEIGHT_PX + jitter(6)
    return Person(
        id=1,
        score=score,
        box=Box(*(round(number) for number in (x - width / 2 + jitter(3), y + jitter(3), width, height))),
        keypoints=tuple(
            Keypoint(name, x + right * HEIGHT_PX + jitter(3), y + down * HEIGHT_PX + jitter(3), 0.9)
            for name, (right, down) in ((name, FRONT[name]) for name in KEYPOINTS)
        ),
        area_px=9000,
        parts=(),
    )


Path = Callable[[float], float | None]
"""Where somebody is at a time: x in pixels, None where nobody sees them."""


def stamps(rate_hz: float, duration_s: float, noise: np.random.Generator | None = None) -> Iterator[float]:
    """Stamps at a rate; with noise the intervals vary between half and three halves."""
    stamp_s = 1.7e9
    while stamp_s < 1.7e9 + duration_s:
        yield stamp_s
        stamp_s += (noise.uniform(0.5, 1.5) if noise else 1.0) / rate_hz


def ids_along(
    paths: Sequence[Path], times: Iterator[float], noise: np.random.Generator | None = None, missed: float = 0.0
) -> list[list[int]]:
    """The ids that each path gets, in order; people come in random order, and a share of them is missed."""
    tracker, order = Tracker(), np.random.default_rng(5)
    ids: list[list[int]] = [[] for _ in paths]
    for stamp_s in times:
        seen = [(index, x) for index, path in enumerate(paths) if (x := path(stamp_s - 1.7e9)) is not None]
        seen = [one for one in seen if order.random() >= missed]
        order.shuffle(seen)
        people = [person_at(x, 100 + DEPTH_PX * index, noise=noise) for index, x in seen]
        found = tracker.update(people, stamp_s)
        for (index, _), number in zip(seen, found, strict=True):
            ids[index].append(number)
    return ids


def only(ids: list[int]) -> int:
    """The one id that somebody had all the time."""
    assert len(set(ids)) == 1, ids
    return ids[0]


@pytest.mark.parametrize('rate_hz', [5, 10, 30])
def test_people_who_cross_keep_their_ids(rate_hz: float) -> None:
    noise = np.random.default_rng(rate_hz)
    paths = [lambda s: 100 + WALK_PX_S * s, lambda s: 700 - WALK_PX_S * s]
    first, second = ids_along(paths, stamps(rate_hz, 4, noise), noise)
    assert {only(first), only(second)} == {1, 2}


@pytest.mark.parametrize('rate_hz', [5, 10, 30])
@pytest.mark.parametrize('speed', [0.0, WALK_PX_S])
def test_an_id_survives_one_second_of_occlusion(rate_hz: float, speed: float) -> None:
    def hidden_for_a_second(s: float) -> float | None:
        return None if 1.5 < s < 2.5 else 100 + speed * s

    noise = np.random.default_rng(rate_hz)
    (ids,) = ids_along([hidden_for_a_second], stamps(rate_hz, 4, noise), noise)
    assert only(ids) == 1


@pytest.mark.parametrize('rate_hz', [5, 30])
def test_who_stops_behind_somebody_else_keeps_the_id(rate_hz: float) -> None:
    def walks_behind_and_stops(s: float) -> float | None:
        return None if 1.5 < s < 2.5 else 100 + WALK_PX_S * min(s, 1.9)

    noise = np.random.default_rng(rate_hz)
    walker, standing = ids_along([walks_behind_and_stops, lambda _: 420.0], stamps(rate_hz, 4, noise), noise)
    assert {only(walker), only(standing)} == {1, 2}


@pytest.mark.parametrize('rate_hz', [10, 30])
def test_missed_detections_do_not_change_ids(rate_hz: float) -> None:
    noise = np.random.default_rng(rate_hz)
    paths = [lambda s: 100 + WALK_PX_S * s, lambda s: 400 + 20 * s, lambda s: 900 - 60 * s]
    found = ids_along(paths, stamps(rate_hz, 5, noise), noise, missed=0.2)
    assert len({only(ids[2:]) for ids in found}) == 3  # the first sighting may not be confirmed


def test_who_comes_later_gets_a_new_id_and_no_id_is_used_again() -> None:
    paths = [
        lambda s: 100 if s < 2 else None,
        lambda s: 500 if s > 1 else None,
        lambda s: 100 if s > 4 else None,  # at the place of the first, two seconds later
    ]
    assert [only(ids) for ids in ids_along(paths, stamps(10, 6))] == [1, 2, 3]


def test_a_track_ends_after_track_hold() -> None:
    tracker = Tracker(TrackingSettings(track_hold_s=0.5))
    assert [tracker.update([person_at(100)], stamp_s) for stamp_s in (0.0, 0.1, 0.6)] == [[1], [1], [1]]
    assert tracker.update([], 1.0) == []
    assert tracker.update([person_at(100)], 1.2) == [2]


def test_stamps_that_go_back_end_all_tracks() -> None:
    tracker = Tracker()
    assert [tracker.update([person_at(100)], stamp_s) for stamp_s in (10.0, 10.1, 10.1, 3.0, 3.1)] == [
        [1], [1], [1], [2], [2],
    ]  # fmt: skip


def test_a_low_score_continues_a_track_but_begins_none() -> None:
    tracker = Tracker(TrackingSettings(track_threshold=0.5))
    assert tracker.update([person_at(100), person_at(500, score=0.45)], 0.0) == [1, 0]
    assert tracker.update([person_at(102, score=0.45), person_at(500, score=0.45)], 0.1) == [1, 0]
    assert tracker.update([person_at(104, score=0.45), person_at(500)], 0.2) == [1, 2]


def test_a_high_score_is_matched_before_a_low_one() -> None:
    tracker = Tracker()
    tracker.update([person_at(100)], 0.0)
    assert tracker.update([person_at(100, score=0.45), person_at(108)], 0.1) == [0, 1]


def test_a_person_seen_only_once_leaves_no_track() -> None:
    tracker = Tracker()
    assert tracker.update([person_at(100)], 0.0) == [1]
    assert tracker.update([], 0.1) == []
    assert tracker.update([person_at(100)], 0.2) == [2]


def test_a_person_without_pixels_is_tracked_by_keypoints() -> None:
    tracker = Tracker()
    assert tracker.update([dataclasses.replace(person_at(100), box=None)], 0.0) == [1]
    assert tracker.update([dataclasses.replace(person_at(110), box=None)], 0.1) == [1]
    assert tracker.update([dataclasses.replace(person_at(120), box=None)], 0.2) == [1]


def test_a_person_without_pixels_and_keypoints_gets_no_id() -> None:
    nothing = dataclasses.replace(
        person_at(100), box=None, keypoints=tuple(Keypoint(name, 100, 100, 0.1) for name in KEYPOINTS)
    )
    assert Tracker().update([nothing, person_at(300)], 0.0) == [0, 1]


def test_keypoints_that_are_not_finite_are_ignored() -> None:
    def damaged(x: float) -> Person:
        person = person_at(x)
        return dataclasses.replace(person, keypoints=(Keypoint('nose', math.nan, 5.0, 0.9), *person.keypoints[1:]))

    tracker = Tracker()
    assert tracker.update([damaged(100), person_at(300)], 0.0) == [1, 2]
    assert tracker.update([damaged(105), person_at(300)], 0.1) == [1, 2]


def test_boxes_alone_are_enough() -> None:
    tracker = Tracker()
    boxes = [dataclasses.replace(person_at(x), keypoints=()) for x in (100, 500)]
    assert tracker.update(boxes, 0.0) == [1, 2]
    assert tracker.update(boxes[::-1], 0.1) == [2, 1]


def test_tracks_continue_with_the_keypoints_of_another_model() -> None:
    tracker = Tracker()
    assert tracker.update([person_at(100), person_at(500)], 0.0) == [1, 2]
    others = []
    for x in (510, 110):
        by_name = {point.name: point for point in person_at(x).keypoints}
        points = [by_name.get(name, Keypoint(name, 0.0, 0.0, 0.9)) for name in BLAZEPOSE_KEYPOINTS]
        others.append(dataclasses.replace(person_at(x), keypoints=tuple(points)))
    assert tracker.update(others, 0.1) == [2, 1]


@pytest.mark.parametrize('shape', [(1, 1), (3, 3), (2, 5), (5, 3), (4, 6)])
def test_the_assignment_is_the_best_of_all(shape: tuple[int, int]) -> None:
    similarity = np.random.default_rng(sum(shape)).random(shape)
    small, large = min(shape), max(shape)
    wide = similarity if shape[0] <= shape[1] else similarity.T
    best = max(
        sum(wide[row, column] for row, column in enumerate(chosen)) for chosen in permutations(range(large), small)
    )
    pairs = assign(similarity)
    assert len(pairs) == len({row for row, _ in pairs}) == len({column for _, column in pairs}) == small
    assert sum(similarity[pair] for pair in pairs) == pytest.approx(best)


def test_nothing_is_assigned_to_nobody() -> None:
    assert assign(np.zeros((0, 3))) == assign(np.zeros((3, 0))) == []
