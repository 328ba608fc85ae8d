# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Palms and hands with networks that return given outputs, and as MediaPipe finds them."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.inference.mediapipe.hands import FoundHand, HandFinder
from bodypix_ros.inference.mediapipe.regions import whole_image
from bodypix_ros.inference.mediapipe.session import open_session
from bodypix_ros.models.mediapipe.source import load_onnx
from bodypix_ros.regions import RotatedRegion
from bodypix_ros.settings import NetworkSettings

REFERENCE = Path(__file__).parents[2] / 'data' / 'mediapipe' / 'hands.npz'
IMAGE = np.random.default_rng(2).integers(0, 256, (192, 384, 3), np.uint8)


class Fixed:
    """A network that returns given outputs and records its inputs."""

    def __init__(self, **outputs) -> None:
        self.outputs, self.inputs = outputs, []

    def run(self, inputs):
        self.inputs.append(inputs)
        return self.outputs


def palm_detection(*crops: list[tuple[int, float, list[float]]]) -> Fixed:
    """Return a detector with outputs for each crop: anchor, logit, box and points relative to the anchor, pixels."""
    boxes, scores = np.zeros((len(crops), 2016, 18), np.float32), np.full((len(crops), 2016, 1), -9, np.float32)
    for crop, palms in enumerate(crops):
        for anchor, score, values in palms:
            boxes[crop, anchor], scores[crop, anchor] = values, score
    return Fixed(boxes=boxes, scores=scores)


def palm(x: float, y: float, size: float, wrist: tuple[float, float], middle: tuple[float, float]) -> list[float]:
    """Return the outputs of a palm at the first anchor, which is at (4, 4), in pixels of the crop."""
    points = [wrist, (0, 0), middle, (0, 0), (0, 0), (0, 0), (0, 0)]
    return [x - 4, y - 4, size, size, *(value - 4 for point in points for value in point)]


def hand_landmarks(*scores: float, points=(), right: float = 0.9) -> Fixed:
    rows = np.zeros((len(scores), 21, 3), np.float32)
    if points:
        rows[:, : len(points)] = points
    return Fixed(
        landmarks=rows.reshape(len(scores), 63),
        presence=np.array(scores, np.float32)[:, None],
        handedness=np.full((len(scores), 1), right, np.float32),
        world=np.zeros((len(scores), 63), np.float32),
    )


def test_the_region_of_a_hand_extends_from_the_palm_to_the_fingers() -> None:
    network = palm_detection([(0, 3, palm(96, 96, 40, wrist=(96, 116), middle=(96, 80)))])
    (found,) = HandFinder(network, hand_landmarks()).detect(IMAGE, [RotatedRegion(192, 96, 192)])
    assert found.wrist == pytest.approx((192, 116))
    assert found.score == pytest.approx(1 / (1 + math.exp(-3)))
    region = found.region
    assert (region.x, region.y, region.size, region.angle) == pytest.approx((192, 76, 104, 0), abs=1e-4)
    (values,) = network.inputs
    assert values.shape == (1, 3, 192, 192)


def test_a_palm_that_two_regions_show_is_found_once() -> None:
    left, right = RotatedRegion(96, 96, 192), RotatedRegion(192, 96, 192)
    palms = [
        [(0, 1, palm(146, 96, 40, (146, 116), (146, 80)))],
        [(0, 3, palm(50, 96, 40, (50, 116), (50, 80))), (1, 2, palm(150, 96, 20, (150, 90), (166, 90)))],
    ]
    finder = HandFinder(palm_detection(*palms), hand_landmarks())
    first, second = finder.detect(IMAGE, [left, right])
    assert first.wrist == pytest.approx((146, 116), abs=1e-3)
    assert second.wrist == pytest.approx((246, 90), abs=1e-3)
    assert second.region.angle == pytest.approx(math.pi / 2)
    assert second.region.x > 246  # the fingers point to the right


def test_landmarks_are_in_pixels_of_the_image() -> None:
    points = [(112, 112, 0), (112, 0, -22.4), (224, 112, 0)]
    finder = HandFinder(palm_detection(), hand_landmarks(0.9, 0.5, points=points))
    upright, absent = finder.find(IMAGE, [RotatedRegion(100, 90, 56), RotatedRegion(50, 50, 56)])
    assert absent is None
    assert upright is not None
    assert (upright.score, upright.right) == pytest.approx((0.9, 0.9))
    assert upright.wrist == pytest.approx((100, 90))
    np.testing.assert_allclose(upright.points[:3], [(100, 90, 0), (100, 62, -14), (128, 90, 0)], atol=1e-4)
    (turned, _) = finder.find(IMAGE, [RotatedRegion(100, 90, 56, math.pi / 2), RotatedRegion(50, 50, 56)])
    assert turned is not None
    np.testing.assert_allclose(turned.points[:3, :2], [(100, 90), (128, 90), (100, 118)], atol=1e-4)


def test_without_regions_no_network_runs() -> None:
    palms, hands = palm_detection(), hand_landmarks()
    assert HandFinder(palms, hands).detect(IMAGE, []) == []
    assert HandFinder(palms, hands).find(IMAGE, []) == []
    assert palms.inputs == hands.inputs == []


def test_the_next_region_is_around_the_palm_and_points_from_the_wrist_to_the_fingers() -> None:
    points = np.zeros((21, 3), np.float32)
    points[[0, 5, 9, 13], :2] = (0, 0), (40, -10), (40, 0), (40, 10)
    points[[1, 2, 3, 6, 10, 14, 17, 18], :2] = (20, 0)
    region = FoundHand(1.0, 1.0, points + np.array([100, 50, 0])).next_region()
    assert region.angle == pytest.approx(math.pi / 2)
    assert region.size == pytest.approx(2 * 40)
    assert (region.x, region.y) == pytest.approx((100 + 20 + 0.1 * 40, 50))


@pytest.fixture(scope='module')
def finder(mediapipe_dir: str) -> HandFinder:
    """The networks of MediaPipe on the CPU."""
    settings = NetworkSettings(model_dir=mediapipe_dir, provider='cpu')
    try:
        sessions = [
            open_session(name, load_onnx(name, settings), settings) for name in ('palm_detection', 'hand_landmarks')
        ]
    except ModelError as error:
        pytest.skip(str(error))
    return HandFinder(*sessions)


def test_hands_are_those_of_mediapipe(finder: HandFinder, shared: Path) -> None:
    """See test/data/mediapipe/README.md; distances are fractions of the length of the palm."""
    with np.load(REFERENCE) as data:
        pictures, indices, expected, rights = (data[name] for name in ('pictures', 'picture', 'points', 'right'))
    for index, name in enumerate(pictures.tolist()):
        image = cv2.imread(str(shared / 'images' / name))
        palms = finder.detect(image, [whole_image(*image.shape[:2])])
        found = [hand for hand in finder.find(image, [one.region for one in palms]) if hand is not None]
        assert len(found) == (indices == index).sum(), name
        for points, right in zip(expected[indices == index], rights[indices == index], strict=True):
            palm_px = math.dist(points[0, :2], points[9, :2])
            distances = [np.linalg.norm(hand.points[:, :2] - points[:, :2], axis=1).max() / palm_px for hand in found]
            closest = int(np.argmin(distances))
            assert distances[closest] < 0.03, name
            assert (found[closest].right > 0.5) == right, name
            tracked = finder.find(image, [found[closest].next_region()])[0]
            assert tracked is not None, name
            assert math.dist(tracked.wrist, points[0, :2]) / palm_px < 0.5, name
