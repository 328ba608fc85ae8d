# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's face detector, in an image and in tiles of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ModelError
from bodypix_ros.inference.mediapipe.faces import FaceDetector
from bodypix_ros.inference.mediapipe.session import open_session
from bodypix_ros.models.mediapipe.source import load_onnx
from bodypix_ros.settings import NetworkSettings

FACE = (175, 65, 270, 190)
"""Left, top, right and bottom of the astronaut's face, by hand."""


class Recorder:
    """A session without detections that counts the inputs."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.batches.append(len(inputs))
        count = len(inputs)
        return {'boxes': np.zeros((count, 2304, 16), np.float32), 'scores': np.full((count, 2304, 1), -9, np.float32)}


@pytest.fixture
def detector(mediapipe_dir: str) -> FaceDetector:
    settings = NetworkSettings(model_dir=mediapipe_dir, provider='cpu')
    try:
        onnx = load_onnx('face_detection', settings)
    except ModelError as error:
        pytest.skip(str(error))
    return FaceDetector(open_session('face_detection', onnx, settings))


def overlap(box: NDArray[np.float32]) -> float:
    """Intersection of a box with the astronaut's face, as a fraction of the smaller one."""
    size = np.minimum(box[2:], FACE[2:]) - np.maximum(box[:2], FACE[:2])
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (box, FACE)]
    return float(size.clip(0).prod() / min(areas))


def test_the_face_of_the_astronaut_is_the_best_one(detector: FaceDetector, astronaut: NDArray[np.uint8]) -> None:
    for tiles in (1, 3):
        assert overlap(detector.find(astronaut, tiles)[0]) > 0.8


def test_a_small_face_is_only_found_in_a_tile(detector: FaceDetector, astronaut: NDArray[np.uint8]) -> None:
    image = np.full((1024, 1024, 3), 127, np.uint8)
    image[600:664, 300:364] = cv2.resize(astronaut, (64, 64), interpolation=cv2.INTER_AREA)
    assert len(detector.find(image, tiles=1)) == 0
    (face,) = detector.find(image, tiles=7)
    assert overlap((face - [300, 600, 300, 600]) * 8) > 0.8


@pytest.mark.parametrize(
    ('size', 'tiles', 'count'), [((480, 480), 1, 1), ((480, 480), 3, 10), ((240, 480), 3, 7), ((10, 480), 3, 4)]
)
def test_tiles_cover_the_image(size: tuple[int, int], tiles: int, count: int) -> None:
    recorder = Recorder()
    assert FaceDetector(recorder).find(np.zeros((*size, 3), np.uint8), tiles).shape == (0, 4)  # type: ignore[arg-type]
    assert recorder.batches == [count]
