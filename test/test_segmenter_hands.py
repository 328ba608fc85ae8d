# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The setting `hands` of a segmenter, with MediaPipe's networks and a photograph of two hands."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros import Segmenter
from bodypix_ros.errors import ModelError
from bodypix_ros.parts import part_numbers
from bodypix_ros.people import Hand
from bodypix_ros.segmentation import Segmentation, VideoState


@pytest.fixture(scope='module')
def net(mediapipe_dir: str) -> Segmenter:
    """Our network, and the networks of hands."""
    if not all(
        Path(mediapipe_dir, 'mediapipe', f'{name}.tflite').is_file() for name in ('palm_detection', 'hand_landmarks')
    ):
        pytest.skip('needs the palm detection and the hand landmarks in BODYPIX_MEDIAPIPE')
    return bodypix_ros.load(provider='cpu', model_dir=mediapipe_dir)


@pytest.fixture(scope='module')
def image(shared: Path) -> NDArray[np.uint8]:
    """Somebody whose hands touch each other in front of a grey wall."""
    return cv2.imread(str(shared / 'images' / 'demo' / 'squat_720x1280.jpg'))


def hands_of(found: Segmentation) -> tuple[Hand, Hand]:
    """Return the left and the right hand of the only person."""
    assert found.people is not None
    (person,) = found.people.persons
    left, right = person.hands
    assert (left.side, right.side) == ('left', 'right')
    return left, right


def test_hands_are_loaded_only_when_they_are_requested(net: Segmenter, image: NDArray[np.uint8]) -> None:
    assert net.segment(image).people is None
    assert net._hands is None


def test_mask_and_parts_contain_the_fingers(net: Segmenter, image: NDArray[np.uint8]) -> None:
    before, after = net.segment(image), net.segment(image, hands=True)
    assert not (before.mask & ~after.mask).any()
    assert 100 < (after.mask & ~before.mask).sum() < 1000
    assert after.parts is not None
    hands = part_numbers(['hands'], net.settings.part_ids)
    for hand in hands_of(after):
        assert all(after.parts[round(point.y), round(point.x)] in hands for point in hand.keypoints[5:])


def test_sides_and_places_are_those_of_the_photograph(net: Segmenter, image: NDArray[np.uint8]) -> None:
    left, right = hands_of(net.segment(image, hands=True))
    for hand, name, place in (
        (left, 'wrist', (504, 582)),  # by eye
        (right, 'wrist', (449, 558)),
        (right, 'pinky_tip', (511, 549)),
        (right, 'index_finger_tip', (510, 533)),
    ):
        point = next(point for point in hand.keypoints if point.name == name)
        assert math.dist((point.x, point.y), place) < 15, (hand.side, name)


def test_in_a_mirrored_image_the_sides_are_swapped(net: Segmenter, image: NDArray[np.uint8]) -> None:
    left, right = hands_of(net.segment(image, hands=True))
    mirrored_left, mirrored_right = hands_of(net.segment(image[:, ::-1].copy(), hands=True, flip_horizontal=True))
    width = image.shape[1]
    assert mirrored_left.keypoints[0].x == pytest.approx(width - 1 - right.keypoints[0].x, abs=12)
    assert mirrored_right.keypoints[0].x == pytest.approx(width - 1 - left.keypoints[0].x, abs=12)


def test_hands_stay_in_a_video(net: Segmenter, image: NDArray[np.uint8]) -> None:
    state = VideoState()
    first = hands_of(net.segment(image, hands=True, state=state))
    assert len(state.hands) == 2
    second = hands_of(net.segment(image, hands=True, state=state))
    for before, after in zip(first, second, strict=True):
        tips = [hand.keypoints[8] for hand in (before, after)]
        assert math.dist((tips[0].x, tips[0].y), (tips[1].x, tips[1].y)) < 15


def test_missing_networks_are_an_error_that_says_how_to_get_them(
    image: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    monkeypatch.chdir(tmp_path)
    net = bodypix_ros.load(provider='cpu', model_dir=str(tmp_path))
    with pytest.raises(
        ModelError,
        match='palm_detection and hand_landmarks were not found on this machine; fetch .*bodypix models fetch palm_det',
    ):
        net.segment(image, hands=True)
    assert net.segment(image, people=True).people is not None
