# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads are found by their pixels, by keypoints, and by shoulders."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.head_boxes import HeadBox, find_heads, find_people_without_head, join_overlapping
from bodypix_ros.parts import KEYPOINTS
from bodypix_ros.people import Keypoint, People, Pose
from bodypix_ros.segmentation import Segmentation

SIZE = (200, 300)


def pose(score: float = 0.9, **places: tuple[float, float]) -> Pose:
    """A pose of which only the given keypoints are sure."""
    points = (Keypoint(name, *places.get(name, (0.0, 0.0)), score if name in places else 0.01) for name in KEYPOINTS)
    return Pose(0.1, tuple(points))


def segmentation(*poses: Pose, face: tuple[slice, slice] | None = None, confident: int = 255) -> Segmentation:
    """A segmentation with poses below the score threshold, and a face, of this confidence."""
    parts = np.full(SIZE, -1, np.int8)
    confidence = np.zeros(SIZE, np.uint8)
    if face is not None:
        confidence[face] = confident
        parts[face] = 0
    people = People((), np.zeros(SIZE, np.uint8), poses)
    return Segmentation(confidence > 127, parts, people, confidence=confidence)


def test_pixels_of_a_face_are_a_head() -> None:
    found = segmentation(face=(slice(20, 60), slice(100, 130)))
    assert find_heads(found, 'bodypix1') == [HeadBox(100, 20, 30, 40)]


def test_a_model_without_people_or_parts_is_searched_for_what_it_has() -> None:
    found = Segmentation(np.zeros(SIZE, bool))
    assert find_heads(found, 'bodypix1') == []


@pytest.mark.parametrize(
    ('places', 'size'),
    [
        ({'left_eye': (110.0, 50.0), 'right_eye': (90.0, 50.0)}, 72.0),
        ({'left_ear': (120.0, 50.0), 'right_ear': (80.0, 50.0)}, 60.0),
        ({'nose': (100.0, 50.0), 'left_shoulder': (140.0, 80.0), 'right_shoulder': (60.0, 80.0)}, 48.0),
        ({'nose': (100.0, 50.0), 'left_shoulder': (100.0, 110.0)}, 54.0),
        (
            {
                'left_eye': (105.0, 50.0),
                'right_eye': (95.0, 50.0),
                'left_ear': (112.0, 50.0),
                'right_ear': (88.0, 50.0),
                'left_shoulder': (180.0, 90.0),
                'right_shoulder': (20.0, 90.0),
            },
            36.0,  # eyes and ears, not the shoulders of a thick coat
        ),
    ],
)
def test_keypoints_of_an_unlikely_pose_are_a_head(places: dict[str, tuple[float, float]], size: float) -> None:
    (head,) = find_heads(segmentation(pose(**places)), 'bodypix1')
    assert head == pytest.approx((100 - size / 2, 50 - size / 2, size, size))


def test_keypoints_that_are_hardly_possible_are_not_a_head() -> None:
    unsure = pose(0.2, left_eye=(110.0, 50.0), right_eye=(90.0, 50.0))
    assert find_heads(segmentation(unsure), 'bodypix1') == []


@pytest.mark.parametrize(
    ('shoulders', 'hips', 'center'),
    [
        (((140.0, 80.0), (60.0, 80.0)), ((130.0, 180.0), (70.0, 180.0)), (100, 44)),  # upright
        (((120.0, 140.0), (120.0, 60.0)), ((220.0, 130.0), (220.0, 70.0)), (84, 100)),  # lying, feet to the right
        (((140.0, 120.0), (60.0, 120.0)), ((130.0, 20.0), (70.0, 20.0)), (100, 156)),  # upside down
    ],
)
def test_a_head_is_beyond_the_shoulders(
    shoulders: tuple[tuple[float, float], ...], hips: tuple[tuple[float, float], ...], center: tuple[float, float]
) -> None:
    places = dict(zip(('left_shoulder', 'right_shoulder', 'left_hip', 'right_hip'), shoulders + hips, strict=True))
    (head,) = find_heads(segmentation(pose(**places)), 'bodypix1')
    assert head.center == pytest.approx(center)
    assert head.size == pytest.approx(48 * 1.3)


def test_a_pose_with_the_shoulder_of_another_person_has_a_second_head() -> None:
    """Its left side is that of a smaller person below and to the right."""
    own = {'nose': (100.0, 40.0), 'right_shoulder': (90.0, 70.0), 'right_hip': (92.0, 140.0)}
    other = {'left_shoulder': (150.0, 120.0), 'left_hip': (150.0, 160.0)}
    head, second = find_heads(segmentation(pose(**own, **other)), 'bodypix1')
    assert head.center == (100, 40)
    assert second.size == pytest.approx(40 * 0.45 * 1.3)
    assert second.center == pytest.approx((150, 120 - 0.75 * 40 * 0.45))


def test_pixels_and_keypoints_of_the_same_head_are_one_box() -> None:
    eyes = pose(left_eye=(125.0, 35.0), right_eye=(115.0, 35.0))
    found = segmentation(eyes, face=(slice(20, 60), slice(100, 130)))
    assert find_heads(found, 'bodypix1') == [HeadBox(100, 17, 38, 43)]


def test_boxes_that_a_third_one_connects_become_one() -> None:
    left, right, middle = HeadBox(0, 0, 10, 10), HeadBox(12, 0, 10, 10), HeadBox(4, 0, 14, 10)
    assert join_overlapping([left, right]) == [left, right]
    assert join_overlapping([left, right, middle]) == [HeadBox(0, 0, 22, 10)]


def test_a_person_without_a_head_is_found_at_low_confidence() -> None:
    found = segmentation(face=(slice(20, 160), slice(100, 150)), confident=70)
    assert not found.mask.any()
    assert find_people_without_head(found, []) == [HeadBox(100, 20, 50, 140)]
    assert find_people_without_head(found, [HeadBox(110, 30, 20, 20)]) == []


def test_noise_is_not_a_person() -> None:
    assert find_people_without_head(segmentation(face=(slice(20, 24), slice(100, 104))), []) == []
    faint = segmentation(face=(slice(20, 160), slice(100, 150)), confident=60)
    assert find_people_without_head(faint, []) == []


def test_the_pixels_of_a_box_are_inside_the_image() -> None:
    assert HeadBox(-5.5, 10.2, 20.0, 20.0).inside(*SIZE) == (0, 10, 15, 21)
    assert HeadBox(300.0, 10.0, 20.0, 20.0).inside(*SIZE) is None
    assert HeadBox(280.0, 180.0, 20.0, 20.0).is_inside(*SIZE)
    assert not HeadBox(281.0, 180.0, 20.0, 20.0).is_inside(*SIZE)
