# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compressed outputs of a running node: labels without loss, the overlay as JPEG, each only while it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot, pixels
from sensor_msgs.msg import CompressedImage

TOPICS = ['mask', 'parts', 'overlay']


@pytest.fixture(scope='module')
def answers(robot: Robot, start_plain: Callable[..., Process], astronaut: NDArray[np.uint8]) -> dict[str, Any]:
    start_plain()
    for topic in TOPICS:
        robot.subscribe(topic)
        robot.subscribe(f'{topic}/compressed', CompressedImage)
    image = robot.message(np.ascontiguousarray(cv2.resize(astronaut, (320, 240))))
    return {'image': image, **robot.answer(image, [*TOPICS, *(f'{topic}/compressed' for topic in TOPICS)])}


def decoded(message: CompressedImage) -> NDArray[Any]:
    return cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize('topic', TOPICS)
def test_compressed_images_have_the_header_of_the_image(answers: dict[str, Any], topic: str) -> None:
    assert answers[f'{topic}/compressed'].header == answers['image'].header


def test_the_compressed_mask_is_the_mask(answers: dict[str, Any]) -> None:
    assert (decoded(answers['mask/compressed']) == pixels(answers['mask'])).all()
    assert len(answers['mask/compressed'].data) < len(answers['mask'].data) / 20


def test_the_compressed_parts_are_the_parts_with_255_for_the_background(answers: dict[str, Any]) -> None:
    parts = pixels(answers['parts'])
    assert answers['parts/compressed'].format.startswith('8UC1; png')
    assert (decoded(answers['parts/compressed']) == parts.view(np.uint8)).all()
    assert decoded(answers['parts/compressed'])[0, 0] == 255
    assert parts[0, 0] == -1


def test_the_compressed_overlay_looks_like_the_overlay(answers: dict[str, Any]) -> None:
    difference = decoded(answers['overlay/compressed']).astype(int) - pixels(answers['overlay'])
    assert np.abs(difference).mean() < 6


def test_only_the_compressed_mask_is_wanted_where_only_that_has_a_subscriber(robot: Robot, answers: Any) -> None:
    for topic in (*TOPICS, 'parts/compressed', 'overlay/compressed'):
        robot.unsubscribe(topic)
    robot.until_wanted('mask/compressed')
