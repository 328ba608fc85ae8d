# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads are covered in every image, also in those in which they are not found."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros.anonymizer import SEARCH_SETTINGS, Anonymizer, memory_s
from bodypix_ros.people import People
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import AnonymizeSettings

SIZE = (200, 300)
NOISE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)


@cache
def _segmenter() -> bodypix_ros.Segmenter:
    return bodypix_ros.load(provider='cpu')


def scene(*faces: tuple[int, int], body: bool = False) -> Segmentation:
    """A segmentation with faces of 40x40 pixels at these places, each on a body."""
    parts = np.full(SIZE, -1, np.int8)
    for x, y in faces:
        if body:
            parts[y + 40 : y + 110, x - 15 : x + 55] = 12
        parts[y : y + 40, x : x + 40] = 0
    mask = parts >= 0
    return Segmentation(mask, parts, People((), np.zeros(SIZE, np.uint8), ()), confidence=mask.view(np.uint8) * 255)


def changed(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (image != NOISE).any(axis=2)


def fill(**changes: object) -> Anonymizer:
    return Anonymizer(AnonymizeSettings(anonymize_style='fill').changed(changes))


@pytest.mark.parametrize(('anonymize', 'grown'), [('faces', 12), ('heads', 22)])
def test_a_head_is_covered_with_its_margin(anonymize: str, grown: int) -> None:
    found = fill(anonymize=anonymize).anonymize(NOISE, scene((100, 60)), 0.0)
    assert found.boxes == ((100 - grown, 60 - grown, 40 + 2 * grown, 40 + 2 * grown),)
    assert (found.people, found.doubtful) == (1, '')
    x, y, width, height = found.boxes[0]
    expected = np.zeros(SIZE, bool)
    expected[y : y + height, x : x + width] = True
    assert (changed(found.image) == expected).all()


def test_all_pixels_of_people_are_covered_with_their_margin() -> None:
    people = scene((100, 60), body=True)
    covered = changed(fill(anonymize='people').anonymize(NOISE, people, 0.0).image)
    assert covered[people.mask].all()
    assert covered[170 + 11, 120]  # the margin is 0.3 of a head of 40 pixels
    assert not covered[170 + 13, 120]
    assert not covered[150, 85 - 13]


def test_a_small_head_has_the_margin_of_a_larger_one() -> None:
    """Positions are not more accurate for small heads: the margin is that of a head of 0.04 of 300 pixels."""
    parts = np.full(SIZE, -1, np.int8)
    parts[60:66, 100:106] = 0
    found = fill(anonymize='faces').anonymize(NOISE, Segmentation(parts >= 0, parts), 0.0)
    assert found.boxes == ((96, 56, 14, 14),)


def test_a_person_without_a_head_is_covered_as_a_whole() -> None:
    people = scene((100, 60), body=True)
    legs = Segmentation(people.mask, np.where(people.mask, np.int8(12), np.int8(-1)), people.people)
    found = fill().anonymize(NOISE, legs, 0.0)
    assert changed(found.image)[people.mask].all()
    assert (found.people, found.doubtful) == (1, '')


def test_a_region_in_which_a_person_is_only_possible_is_covered() -> None:
    people = scene((100, 60), body=True)
    possible = Segmentation(np.zeros(SIZE, bool), confidence=people.mask.view(np.uint8) * np.uint8(90))
    assert changed(fill().anonymize(NOISE, possible, 0.0).image)[people.mask].all()


def test_a_model_that_only_has_masks_covers_whole_people() -> None:
    people = scene((100, 60), body=True)
    found = fill(anonymize='faces').anonymize(NOISE, Segmentation(people.mask), 0.0)
    assert changed(found.image)[people.mask].all()


def test_a_lost_head_stays_covered_and_moves_on() -> None:
    anonymizer = fill(anonymize_hold_s=0.5)
    for frame in range(6):
        anonymizer.anonymize(NOISE, scene((60 + 5 * frame, 60)), frame / 10)
    held = anonymizer.anonymize(NOISE, scene(), 0.6)
    assert changed(held.image)[60:100, 90:130].all()
    assert (held.people, held.doubtful) == (0, '')
    later = anonymizer.anonymize(NOISE, scene(), 0.9)
    assert changed(later.image)[60:100, 105:145].all()
    assert not changed(later.image)[:, :70].any()
    lost = anonymizer.anonymize(NOISE, scene(), 1.1)
    assert lost.boxes == ()
    assert lost.doubtful == '1 head could not be found for 0.5 s and may now be visible'
    assert anonymizer.anonymize(NOISE, scene(), 1.2).doubtful == ''


def lost_after(*faces: tuple[int, int], last: Segmentation) -> str:
    """The doubt about an image 1 s after a series of images with one face each."""
    anonymizer = fill()
    for number, face in enumerate(faces):
        anonymizer.anonymize(NOISE, scene(face), number / 10)
    return anonymizer.anonymize(NOISE, last, (len(faces) - 1) / 10 + 1).doubtful


def test_a_head_that_is_lost_is_doubtful() -> None:
    assert lost_after((60, 60), (60, 60), (60, 60), last=scene())


def test_a_head_that_was_seldom_found_is_not_doubtful() -> None:
    assert lost_after((60, 60), (60, 60), last=scene()) == ''


def test_a_head_that_leaves_the_image_is_not_doubtful() -> None:
    assert lost_after((240, 60), (250, 60), (260, 60), last=scene()) == ''


def test_a_head_in_front_of_which_another_one_is_found_is_not_doubtful() -> None:
    assert lost_after((60, 60), (60, 60), (60, 60), last=scene((70, 60))) == ''


def test_a_small_region_in_a_large_lost_head_does_not_replace_it() -> None:
    parts = np.full(SIZE, -1, np.int8)
    parts[30:170, 80:220] = 0
    anonymizer = fill()
    anonymizer.anonymize(NOISE, Segmentation(parts >= 0, parts), 0.0)
    noise = scene()
    noise.mask[70:76, 110:116] = True
    assert changed(anonymizer.anonymize(NOISE, noise, 0.1).image)[30:170, 80:220].all()


def test_holding_can_be_switched_off() -> None:
    anonymizer = fill(anonymize_hold_s=0.0)
    anonymizer.anonymize(NOISE, scene((60, 60)), 0.0)
    assert anonymizer.anonymize(NOISE, scene(), 0.1).boxes == ()


def test_after_a_jump_back_in_time_nothing_is_held() -> None:
    anonymizer = fill()
    anonymizer.anonymize(NOISE, scene((60, 60)), 10.0)
    assert anonymizer.anonymize(NOISE, scene(), 9.9).boxes == ()


def test_a_head_is_covered_before_it_is_first_found() -> None:
    anonymizer = fill(anonymize_hold_s=0.5)
    upcoming = [anonymizer.detect(scene((80 + 10 * number, 60)), number / 10) for number in range(1, 6)]
    covered = changed(anonymizer.cover(NOISE, anonymizer.detect(scene(), 0.0), upcoming).image)
    assert covered[60:100, 80:120].all()
    assert not covered[:, 150:].any()


def test_a_head_is_not_covered_long_before_it_is_first_found() -> None:
    anonymizer = fill(anonymize_hold_s=0.5)
    upcoming = [anonymizer.detect(scene((80, 60)), 0.6)]
    assert anonymizer.cover(NOISE, anonymizer.detect(scene(), 0.0), upcoming).boxes == ()


def test_a_found_head_is_not_held_as_well() -> None:
    anonymizer = fill()
    anonymizer.anonymize(NOISE, scene((60, 60), (200, 60)), 0.0)
    found = anonymizer.anonymize(NOISE, scene((64, 60), (196, 60)), 0.1)
    assert (len(found.boxes), found.doubtful) == (2, '')


def test_an_independent_anonymizer_covers_an_image_in_the_same_way_wherever_it_started() -> None:
    places = [(20 + 9 * number, 40 + 7 * (number % 3)) for number in range(14)]
    scenes = [scene(*([place] if number % 5 < 3 else [])) for number, place in enumerate(places)]
    settings = AnonymizeSettings(anonymize_style='fill', anonymize_hold_s=0.3)

    def covered_from(first: int) -> list[object]:
        anonymizer = Anonymizer(settings, independent=True)
        return [anonymizer.anonymize(NOISE, scenes[number], number / 10).boxes for number in range(first, 14)]

    everything = covered_from(0)
    assert [bool(boxes) for boxes in everything] == [True] * 14
    memory = round(10 * memory_s(settings))
    for first in range(1, 14 - memory):
        assert covered_from(first)[memory:] == everything[first + memory :]


def test_a_lost_person_is_held_as_a_whole() -> None:
    anonymizer = fill(anonymize='people')
    people = scene((100, 60), body=True)
    anonymizer.anonymize(NOISE, people, 0.0)
    assert changed(anonymizer.anonymize(NOISE, scene(), 0.1).image)[people.mask].all()


def test_the_astronaut_cannot_be_recognised(astronaut: NDArray[np.uint8]) -> None:
    found = _segmenter().segment(astronaut, SEARCH_SETTINGS, people=True, confidence=True)
    result = Anonymizer(AnonymizeSettings()).anonymize(astronaut, found, 0.0)
    x, y, width, height = 175, 65, 95, 125  # the face, by hand
    face = result.image[y : y + height, x : x + width].astype(float)
    assert result.people >= 1
    assert any(
        box.x <= x and box.y <= y and box.x + box.width >= x + width and box.y + box.height >= y + height
        for box in result.boxes
    )
    assert np.abs(np.diff(face, axis=1)).max() < 12  # no edges are left
    assert np.abs(np.diff(astronaut[y : y + height, x : x + width].astype(float), axis=1)).max() > 100
