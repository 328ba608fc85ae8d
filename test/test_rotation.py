# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Results of a rotated image, as those of the image before."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.people import Hand, Keypoint, PartRegion, People, Person, Pose
from bodypix_ros.regions import Box, measure_regions
from bodypix_ros.rotation import rotate_back, rotate_image
from bodypix_ros.segmentation import Segmentation

DEGREES = (0, 90, 180, 270)
UPRIGHT = np.arange(24, dtype=np.uint8).reshape(4, 6)
"""An image of 4 rows and 6 columns, each pixel with a value of its own."""


def place_of(image: np.ndarray, value: int) -> tuple[int, int]:
    """Return the column and row of a value."""
    ((row, column),) = np.argwhere(image == value)
    return int(column), int(row)


def _clockwise(x: float, y: float, degrees: int) -> tuple[float, float]:
    """Rotate a vector; y points down."""
    for _ in range(degrees // 90):
        x, y = -y, x
    return x, y


@pytest.mark.parametrize('degrees', DEGREES)
def test_images_are_rotated_clockwise(degrees: int) -> None:
    assert (rotate_image(UPRIGHT, degrees) == np.rot90(UPRIGHT, -degrees // 90)).all()


@pytest.mark.parametrize('degrees', DEGREES)
def test_labels_come_back_where_the_camera_has_them(degrees: int) -> None:
    rotated = rotate_image(UPRIGHT, degrees)
    labels = (rotated % 5 - 1).astype(np.int8)
    back = rotate_back(Segmentation(rotated > 11, labels, confidence=rotated), degrees)
    assert (back.mask == (UPRIGHT > 11)).all()
    assert back.parts is not None
    assert back.parts.dtype == np.int8
    assert (back.parts == UPRIGHT.astype(int) % 5 - 1).all()
    assert (back.confidence == UPRIGHT).all()
    assert back.people is None


@pytest.mark.parametrize('degrees', DEGREES)
def test_people_come_back_where_the_camera_has_them(degrees: int) -> None:
    rotated = rotate_image(UPRIGHT, degrees)
    codes = np.isin(rotated, (7, 8, 9)).astype(np.uint8)  # three neighbours in the second row
    (region,) = measure_regions(codes)
    point = Keypoint('nose', *map(float, place_of(rotated, 9)), 0.9)
    part = PartRegion(3, 'torso', region.area_px, region.x, region.y, region.box)
    below = Keypoint('left_ankle', *_clockwise(0.1, 0.9, degrees), 0.9, z=0.2)  # in metres from the hips
    hands = (Hand('left', 0.7, (point,)),)
    person = Person(1, 0.8, region.box, (point,), region.area_px, (part,), (below,), hands)
    people = People((person,), codes, (Pose(0.8, (point,)),))
    back = rotate_back(Segmentation(codes > 0, people=people), degrees).people
    assert back is not None
    assert (back.labels == np.isin(UPRIGHT, (7, 8, 9))).all()
    (found,) = back.persons
    assert found.box == found.parts[0].box == Box(1, 1, 3, 1)
    assert (found.parts[0].x, found.parts[0].y) == (2.0, 1.0)
    assert (found.keypoints[0].x, found.keypoints[0].y) == place_of(UPRIGHT, 9) == (3, 1)
    assert back.poses[0].keypoints == found.hands[0].keypoints == found.keypoints
    (ankle,) = found.world_keypoints
    assert (ankle.x, ankle.y, ankle.z) == (0.1, 0.9, 0.2)


def test_a_person_without_pixels_has_no_box() -> None:
    person = Person(1, 0.8, None, (), 0, ())
    people = People((person,), np.zeros((6, 4), np.uint8), ())
    back = rotate_back(Segmentation(np.zeros((6, 4), bool), people=people), 90).people
    assert back is not None
    assert back.persons == (person,)
