# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The anonymised image of a running node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot, pixels, value_of
from sensor_msgs.msg import CompressedImage

import bodypix_ros
from bodypix_ros.anonymizer import SEARCH_SETTINGS, Anonymizer
from bodypix_ros.settings import AnonymizeSettings, SegmentSettings

TOPICS = ['anonymized', 'anonymized/compressed']


@pytest.fixture(scope='module')
def picture(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(cv2.resize(astronaut, (320, 320), interpolation=cv2.INTER_AREA))


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], robot: Robot) -> Process:
    process = start_plain()
    robot.subscribe('anonymized')
    robot.subscribe('anonymized/compressed', CompressedImage)
    return process


def covered(picture: NDArray[np.uint8], **changes: Any) -> NDArray[np.uint8]:
    """The picture as the API anonymises it."""
    found = bodypix_ros.load(provider='cpu').segment(picture, SEARCH_SETTINGS, people=True, confidence=True)
    return Anonymizer(AnonymizeSettings(**changes)).anonymize(picture, found, 0.0).image


def test_the_image_is_that_of_the_api_with_the_header_of_the_camera(
    robot: Robot, node: Process, picture: NDArray[np.uint8]
) -> None:
    image = robot.message(picture)
    answers = robot.answer(image, TOPICS)
    assert answers['anonymized'].header == image.header
    assert answers['anonymized/compressed'].header == image.header
    assert answers['anonymized'].encoding == 'bgr8'
    expected = covered(picture)
    assert (pixels(answers['anonymized']) == expected).all()
    assert (expected != picture).any(axis=2).mean() > 0.1
    assert answers['anonymized/compressed'].format == 'bgr8; jpeg compressed bgr8'
    decoded = cv2.imdecode(np.array(answers['anonymized/compressed'].data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded.astype(int) - expected).mean() < 6


def test_a_new_style_takes_effect_at_the_next_image(robot: Robot, node: Process, picture: NDArray[np.uint8]) -> None:
    assert robot.set('anonymize', 'people') == ''
    assert robot.set('anonymize_style', 'fill') == ''
    answer = robot.answer(robot.message(picture), ['anonymized'])['anonymized']
    assert (pixels(answer) == covered(picture, anonymize='people', anonymize_style='fill')).all()


def test_what_is_covered_does_not_depend_on_the_parameters_of_other_outputs(
    robot: Robot, node: Process, picture: NDArray[np.uint8]
) -> None:
    """With these parameters, the other topics show nobody."""
    assert robot.set('anonymize', 'heads') == ''
    robot.subscribe('mask')
    strict = {'threshold': 1.0, 'score_threshold': 1.0, 'max_people': 1}
    try:
        for name, value in strict.items():
            assert robot.set(name, value) == ''
        answers = robot.answer(robot.message(picture), ['anonymized', 'mask'])
        assert not pixels(answers['mask']).any()
        expected = covered(picture, anonymize_style='fill')
        assert (pixels(answers['anonymized']) == expected).all()
        assert (expected == 127).all(axis=2).mean() > 0.1
    finally:
        for name in strict:
            robot.set(name, getattr(SegmentSettings(), name))


def test_a_style_that_does_not_exist_is_refused(robot: Robot, node: Process) -> None:
    assert robot.set('anonymize_style', 'swirl') == "anonymize_style must be blur, pixelate or fill, got 'swirl'"


def test_a_head_that_is_lost_stays_covered_and_is_then_counted(
    robot: Robot, node: Process, picture: NDArray[np.uint8]
) -> None:
    assert robot.set('anonymize', 'heads') == ''
    assert robot.set('anonymize_hold_s', 10.0) == ''
    for _ in range(3):
        robot.answer(robot.message(picture), ['anonymized'])
    empty = np.zeros_like(picture)
    answer = pixels(robot.answer(robot.message(empty), ['anonymized'])['anonymized'])
    head = (covered(picture, anonymize_style='fill') == 127).all(axis=2)
    assert (answer[head] == 127).mean() > 0.9
    assert robot.set('anonymize_hold_s', 0.0) == ''
    robot.answer(robot.message(empty), ['anonymized'])
    status = robot.diagnosis('camera', lambda status: int(value_of(status, 'images doubtful')) > 0)
    assert value_of(status, 'images not anonymized') == '0'
