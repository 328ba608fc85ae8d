# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence and semantic images of a running node, as Nav2's semantic layer receives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from robot import BEST_EFFORT, Process, Robot, pixels

TOPICS = ['mask', 'parts', 'confidence', 'semantic/mask', 'semantic/confidence']


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], robot: Robot) -> Process:
    process = start_plain()
    for topic in ('mask', 'parts', 'confidence'):
        robot.subscribe(topic)
    for topic in ('semantic/mask', 'semantic/confidence'):
        robot.subscribe(topic, profile=BEST_EFFORT)  # as the layer subscribes
    return process


@pytest.fixture(scope='module')
def image(robot: Robot, astronaut: NDArray[np.uint8]) -> Any:
    return robot.message(np.ascontiguousarray(cv2.resize(astronaut, (320, 240))))


@pytest.fixture(scope='module')
def answers(robot: Robot, node: Process, image: Any) -> dict[str, Any]:
    return robot.answer(image, TOPICS)


@pytest.mark.parametrize('topic', ['confidence', 'semantic/mask', 'semantic/confidence'])
def test_everything_has_header_and_size_of_the_image_and_no_padding(
    answers: dict[str, Any], image: Any, topic: str
) -> None:
    message = answers[topic]
    assert message.header == image.header
    assert (message.encoding, message.height, message.width, message.step) == ('mono8', 240, 320, 320)
    assert len(message.data) == 240 * 320


def test_the_mask_is_where_the_confidence_is_above_the_threshold(answers: dict[str, Any]) -> None:
    mask, confidence = pixels(answers['mask']) == 255, pixels(answers['confidence'])
    assert mask.any()
    assert confidence[mask].min() >= 127
    assert confidence[~mask].max() <= 128
    assert len(np.unique(confidence)) > 50


def test_the_semantic_mask_is_one_where_the_mask_is(answers: dict[str, Any]) -> None:
    assert (pixels(answers['semantic/mask']) == (pixels(answers['mask']) == 255)).all()


def test_the_semantic_confidence_is_that_of_the_published_class(answers: dict[str, Any]) -> None:
    confidence = pixels(answers['confidence'])
    expected = np.where(pixels(answers['semantic/mask']) == 1, confidence, 255 - confidence)
    assert (pixels(answers['semantic/confidence']) == expected).all()
    assert pixels(answers['semantic/confidence']).min() >= 127


def test_classes_and_size_change_while_the_node_runs(robot: Robot, node: Process, image: Any) -> None:
    assert robot.set('semantic_classes', 'parts') == ''
    assert robot.set('semantic_size', '80x60') == ''
    image.header = robot.header()
    found = robot.answer(image, TOPICS)
    labels = (pixels(found['parts']) + 1).astype(np.uint8)
    expected = cv2.resize(labels, (80, 60), interpolation=cv2.INTER_NEAREST_EXACT)
    assert (pixels(found['semantic/mask']) == expected).all()
    assert found['semantic/confidence'].header == image.header
    assert pixels(found['semantic/confidence']).shape == (60, 80)
    assert pixels(found['mask']).shape == (240, 320)


@pytest.mark.parametrize('size', ['640', '0x480', '640x48000', '640 x 480', 'big'])
def test_a_size_that_is_none_is_refused(robot: Robot, node: Process, size: str) -> None:
    reason = robot.set('semantic_size', size)
    assert reason == f'semantic_size must be a width and height such as 640x480, or empty, got {size!r}'


def test_the_mask_covers_the_parts_of_the_parameter(robot: Robot, node: Process, image: Any) -> None:
    assert robot.set('mask_parts', ['faces', 'left_hand']) == ''
    image.header = robot.header()
    found = robot.answer(image, TOPICS)
    assert (pixels(found['mask']) == 255 * np.isin(pixels(found['parts']), [0, 1, 23])).all()
    assert pixels(found['mask']).any()


def test_a_part_that_does_not_exist_is_refused(robot: Robot, node: Process) -> None:
    assert robot.set('mask_parts', ['tail']) == (
        "mask_parts must be faces, torso, arms, hands, legs, feet, or names of parts such as left_hand, got 'tail'"
    )
