# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Masks of single persons become the segmentation of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodypix_ros.inference.mediapipe.person_masks import combine_masks, segment_persons
from bodypix_ros.inference.pipeline import Request
from bodypix_ros.people import Keypoint, Pose
from bodypix_ros.regions import Box
from bodypix_ros.settings import SegmentSettings

SETTINGS = SegmentSettings(threshold=0.5)


@dataclass
class Row:
    """A mask of the first columns of an image of one row."""

    values: tuple[float, ...]

    def paste_mask(self, canvas: np.ndarray) -> None:
        part = canvas[0, : len(self.values)]
        np.maximum(part, np.float32(self.values), out=part)


def image(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def pose(score: float) -> Pose:
    return Pose(score, (Keypoint('nose', 1.0, 0.0, score),))


def test_each_pixel_belongs_to_the_most_probable_person() -> None:
    masks = [Row((0.9, 0.6, 0.6, 0.4, 0.0)), Row((0.7, 0.8, 0.6, 0.45, 0.5))]
    probability, labels = combine_masks(masks, 1, 5, 0.5)
    np.testing.assert_allclose(probability, [[0.9, 0.8, 0.6, 0.45, 0.5]])
    assert labels.tolist() == [[1, 2, 1, 0, 0]]  # the first of equal ones; the threshold itself is not above it


def test_a_segmentation_has_what_was_requested() -> None:
    masks = [Row((0.9, 0.2, 0.0))]
    found = segment_persons(masks, [pose(0.8)], image(1, 3), SETTINGS, Request(), 'coco17', 'auto')
    assert found.mask.tolist() == [[True, False, False]]
    assert (found.parts, found.people, found.confidence) == (None, None, None)
    found = segment_persons(
        masks, [pose(0.8)], image(1, 3), SETTINGS, Request(people=True, confidence=True), 'blazepose33', 'auto'
    )
    assert found.confidence is not None
    assert found.confidence.dtype == np.uint8
    assert found.confidence.tolist() == [[230, 51, 0]]
    assert found.people is not None
    assert found.people.keypoint_set == 'blazepose33'
    (person,) = found.people.persons
    assert (person.score, person.box, person.area_px, person.parts) == (0.8, Box(0, 0, 1, 1), 1, ())


def test_masks_without_a_pose_belong_to_nobody() -> None:
    masks = [Row((0.9, 0.0)), Row((0.95, 0.8))]
    found = segment_persons(masks, [pose(0.8)], image(1, 2), SETTINGS, Request(people=True), 'coco17', 'auto')
    assert found.mask.tolist() == [[True, True]]
    assert found.people is not None
    assert found.people.labels.tolist() == [[1, 0]]


def test_an_image_without_people_is_empty() -> None:
    found = segment_persons([], [], image(2, 3), SETTINGS, Request(people=True, confidence=True), 'coco17', 'auto')
    assert not found.mask.any()
    assert found.mask.shape == (2, 3)
    assert found.people is not None
    assert found.people.persons == ()
    assert found.confidence is not None
    assert not found.confidence.any()
