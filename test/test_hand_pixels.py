# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Hands drawn into mask, parts and people."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.hand_pixels import draw_hands, hand_pixels, palm_length_px
from bodypix_ros.parts import HAND_KEYPOINTS, KEYPOINTS, PartIds
from bodypix_ros.people import Hand, Keypoint, People, Pose, describe_persons
from bodypix_ros.segmentation import Segmentation

_FINGER_X = (24, 32, 40, 48)
POINTS = [
    (40, 90), (26, 84), (18, 76), (12, 70), (6, 64),
    *((x, y) for x in _FINGER_X for y in (50, 38, 26, 14)),
]  # fmt: skip
"""An open hand that points up in an image of 100 x 80 pixels: a palm 40 pixels long, and its thumb on the left."""


def hand(side='right', score=0.9, points=POINTS) -> Hand:
    keypoints = tuple(Keypoint(name, x, y, score) for name, (x, y) in zip(HAND_KEYPOINTS, points, strict=True))
    return Hand(side, score, keypoints)


def segmentation(parts: bool = True, part_ids: PartIds = 'bodypix1') -> Segmentation:
    """Two people: one has the lower rows on the left, the other those on the right."""
    labels = np.zeros((100, 80), np.uint8)
    labels[80:, :40], labels[80:, 40:] = 1, 2
    part_image = np.where(labels > 0, np.int8(12), np.int8(-1)) if parts else None
    poses = [Pose(0.8, tuple(Keypoint(name, 5, 5, 0.5) for name in KEYPOINTS)) for _ in range(2)]
    people = People(describe_persons(labels, part_image, poses, part_ids), labels, tuple(poses))
    return Segmentation(labels > 0, part_image, people, confidence=np.where(labels > 0, 250, 100).astype(np.uint8))


def test_fingers_are_capsules_and_the_palm_is_filled() -> None:
    pixels = hand_pixels(hand(), 100, 80)
    for x, y in POINTS:
        assert pixels[y, x]
    assert pixels[60, 35]  # palm
    assert not pixels[20, 17:19].any()  # left of the index finger
    assert np.flatnonzero(pixels[25])[[0, -1]].tolist() == [19, 52]  # 0.22 and 0.18 of 41 pixels wide
    assert not pixels[97:].any()
    assert not pixels[70:, 60:].any()
    assert pixels[11, 32]  # the end of a capsule is round
    assert not pixels[7, 32]


def test_a_foreshortened_palm_is_measured_by_its_breadth() -> None:
    points = np.array(POINTS, float)
    assert palm_length_px(points) == pytest.approx(np.hypot(8, 40))
    points[0] = points[9]
    assert palm_length_px(points) == pytest.approx(24 / 0.62)


def test_a_hand_beyond_the_border_is_cut() -> None:
    points = [(x + 60, y - 40) for x, y in POINTS]
    pixels = hand_pixels(hand(points=points), 100, 80)
    np.testing.assert_array_equal(pixels[:50, 66:79], hand_pixels(hand(), 100, 80)[40:90, 6:19])
    assert not hand_pixels(hand(points=[(x + 1e9, y) for x, y in POINTS]), 100, 80).any()


@pytest.mark.parametrize(('part_ids', 'part'), [('bodypix1', 21), ('bodypix2', 11)])
def test_mask_parts_labels_and_people_contain_the_hand(part_ids: PartIds, part: int) -> None:
    before = segmentation(part_ids=part_ids)
    after = draw_hands(before, [(), (hand(),)], part_ids)
    pixels = hand_pixels(hand(), 100, 80)
    np.testing.assert_array_equal(after.mask, before.mask | pixels)
    assert after.parts is not None
    assert after.people is not None
    assert after.confidence is not None
    assert (after.parts[pixels] == part).all()
    assert (after.people.labels[pixels] == 2).all()
    assert set(after.confidence[pixels].tolist()) == {230, 250}
    np.testing.assert_array_equal(after.confidence[~pixels], before.confidence[~pixels])
    first, second = after.people.persons
    assert (first.hands, second.hands) == ((), (hand(),))
    assert second.area_px == (after.people.labels == 2).sum()
    assert {region.name for region in second.parts} == {'torso_front', 'right_hand'}
    assert second.box is not None
    assert second.box.y < 14
    assert second.keypoints == before.people.persons[1].keypoints


def test_the_input_is_not_changed() -> None:
    before, same = segmentation(), segmentation()
    draw_hands(before, [(hand(),), ()], 'bodypix1')
    np.testing.assert_array_equal(before.mask, same.mask)
    np.testing.assert_array_equal(before.parts, same.parts)
    np.testing.assert_array_equal(before.people.labels, same.people.labels)


def test_models_without_parts_get_the_hand_in_mask_and_labels() -> None:
    after = draw_hands(segmentation(parts=False), [(hand(),), ()], 'bodypix1')
    assert after.parts is None
    assert after.mask[14, 32]


def test_without_hands_nothing_is_copied() -> None:
    before = segmentation()
    assert draw_hands(before, [(), ()], 'bodypix1') is before


def test_hands_of_another_number_of_people_are_an_error() -> None:
    with pytest.raises(ValueError, match='expected the hands of each person of a segmentation with people, got 1'):
        draw_hands(segmentation(), [()], 'bodypix1')
