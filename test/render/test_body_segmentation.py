# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of body-segmentation."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.people import People, Pose, describe_persons
from bodypix_ros.render import encode_parts, encode_person, segment_people, to_binary_mask, to_colored_mask
from bodypix_ros.segmentation import Segmentation

RED, CLEAR, BLACK = (255, 0, 0, 255), [0, 0, 0, 0], [0, 0, 0, 255]


def test_a_person_is_255_and_opaque() -> None:
    assert encode_person(np.array([[True, False]])).tolist() == [[[255, 0, 0, 255], CLEAR]]


def test_parts_are_their_ids_and_the_background_is_24_and_transparent() -> None:
    assert encode_parts(np.array([[-1, 0, 23]], np.int8)).tolist() == [[[24, 0, 0, 0], BLACK, [23, 0, 0, 255]]]


def test_a_binary_mask_shows_people_through_black_by_default() -> None:
    assert to_binary_mask(encode_person(np.array([[True, False]]))).tolist() == [[CLEAR, BLACK]]


@pytest.mark.parametrize(
    ('threshold', 'foreground'), [(0.498, [True, True]), (0.5, [False, True]), (0.51, [False, False])]
)
def test_half_of_255_is_rounded_up_to_128(threshold: float, foreground: list[bool]) -> None:
    mask = np.array([[[255, 0, 0, 127], [255, 0, 0, 128]]], np.uint8)
    assert (to_binary_mask(mask, RED, threshold=threshold)[0, :, 0] == 255).tolist() == foreground


def test_values_choose_the_parts_that_are_foreground() -> None:
    mask = to_binary_mask(encode_parts(np.array([[-1, 0, 5, 23]], np.int8)), RED, values=(0, 23, 24))
    assert (mask[0, :, 0] == 255).tolist() == [False, True, False, True]


def test_several_people_are_one_foreground() -> None:
    people = [encode_person(np.array([[1, 0, 0]])), encode_person(np.array([[0, 0, 1]]))]
    mask = to_binary_mask(people, RED)
    assert mask is not None
    assert mask[0, :, 0].tolist() == [255, 0, 255]


def test_a_coloured_mask_takes_colours_with_and_without_opacity() -> None:
    parts = encode_parts(np.array([[-1, 0, 1]], np.int8))
    assert to_colored_mask(parts, np.array([[1, 2, 3], [4, 5, 6]], np.uint8)).tolist() == [
        [BLACK, [1, 2, 3, 255], [4, 5, 6, 255]]
    ]
    assert to_colored_mask(parts, np.array([[1, 2, 3, 9], [4, 5, 6, 8]], np.uint8), (7, 7, 7, 7)).tolist() == [
        [[7, 7, 7, 7], [1, 2, 3, 9], [4, 5, 6, 8]]
    ]


def test_later_people_cover_earlier_ones() -> None:
    people = [encode_parts(np.array([row], np.int8)) for row in ([0, 0, -1], [-1, 1, 1])]
    mask = to_colored_mask(people, np.array([[1, 1, 1], [2, 2, 2]], np.uint8))
    assert mask is not None
    assert mask[0, :, 0].tolist() == [1, 2, 2]


def test_no_people_have_no_masks() -> None:
    assert to_binary_mask([]) is None
    assert to_colored_mask([], np.zeros((1, 3), np.uint8)) is None


def test_a_value_without_a_colour_is_named() -> None:
    with pytest.raises(ImageError, match='value 3 has no colour: 2 colours were given'):
        to_colored_mask(encode_parts(np.array([[3]], np.int8)), np.zeros((2, 3), np.uint8))


def test_masks_of_other_kinds_and_sizes_are_refused() -> None:
    with pytest.raises(ImageError, match=r'a mask must be \(H, W, 4\) of type uint8, got \(2, 2, 3\)'):
        to_binary_mask(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ImageError, match='the first mask is 2x1, mask 2 is 1x2'):
        to_binary_mask([np.zeros((1, 2, 4), np.uint8), np.zeros((2, 1, 4), np.uint8)])
    with pytest.raises(SettingError, match='threshold must be between 0 and 1, got 2'):
        to_binary_mask(np.zeros((2, 2, 4), np.uint8), threshold=2)


def two_people() -> Segmentation:
    labels = np.array([[1, 0, 2]], np.uint8)
    parts = np.array([[0, -1, 12]], np.int8)
    poses = [Pose(0.9, ()), Pose(0.8, ())]
    people = People(describe_persons(labels, parts, poses, 'bodypix1'), labels, tuple(poses))
    return Segmentation(labels > 0, parts, people)


def test_the_people_of_bodypix_have_one_value() -> None:
    (one,) = segment_people(two_people())
    assert one.values.tolist() == [[255, 0, 255]]
    assert one.probability.tolist() == [[1, 0, 1]]
    assert one.value_to_label(255) == 'person'
    with pytest.raises(ImageError, match='a mask value must be 255, got 0'):
        one.value_to_label(0)


def test_each_person_has_a_mask() -> None:
    first, second = segment_people(two_people(), multiple=True)
    assert first.values.tolist() == [[255, 0, 0]]
    assert second.values.tolist() == [[0, 0, 255]]


def test_values_are_parts_on_request() -> None:
    (one,) = segment_people(two_people(), parts=True)
    assert one.values.tolist() == [[0, 24, 12]]
    assert [one.value_to_label(value) for value in (0, 12)] == ['left_face', 'torso_front']
    with pytest.raises(ImageError, match=r'a mask value must be 0\.\.23, got 24'):
        one.value_to_label(24)
    assert [mask.values.tolist() for mask in segment_people(two_people(), multiple=True, parts=True)] == [
        [[0, 24, 24]], [[24, 24, 12]],
    ]  # fmt: skip
    (renamed,) = segment_people(two_people(), parts=True, part_ids='bodypix2')
    assert renamed.value_to_label(2) == 'left_upper_arm_front'


def test_the_people_of_mediapipe_have_probabilities() -> None:
    found = Segmentation(np.array([[True, False]]), confidence=np.array([[204, 51]], np.uint8))
    (one,) = segment_people(found)
    assert one.mask.tolist() == [[[204, 0, 0, 204], [51, 0, 0, 51]]]
    np.testing.assert_allclose(one.probability, [[0.8, 0.2]])
    assert {one.value_to_label(value) for value in (0, 51, 204, 255)} == {'person'}
    assert to_binary_mask(one.mask, RED, BLACK, threshold=0.7).tolist() == [[list(RED), BLACK]]


def test_what_was_not_requested_is_explained() -> None:
    found = Segmentation(np.array([[True, False]]))
    with pytest.raises(ImageError, match=r'parts requires a segmentation with body parts; call segment\('):
        segment_people(found, parts=True)
    with pytest.raises(ImageError, match=r'multiple requires a segmentation with people; call segment\('):
        segment_people(found, multiple=True)
