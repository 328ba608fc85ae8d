# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Only what is wanted is received, computed and published."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import GATED_NODE, Gate, Process, Robot

from bodypix_ros.msg import Stats


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], gate: Gate, robot: Robot) -> Process:
    gate.load(1)
    process = start_plain(program=GATED_NODE, BODYPIX_GATE=str(gate.folder))
    robot.subscribe('bodypix/stats', Stats)
    robot.camera()
    robot.next('bodypix/stats', lambda stats: stats.model)
    return process


def test_without_a_subscriber_no_image_is_received(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    for _ in range(3):
        robot.show(robot.message(astronaut))
    robot.next('bodypix/stats')
    assert robot.camera().get_subscription_count() == 0
    assert robot.next('bodypix/stats').cameras[0].frames_in == 0
    assert 'the outputs for /image have no subscribers' in node.log


def test_a_subscriber_to_the_mask_costs_no_parts_and_gets_the_next_frame(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('mask')
    robot.until_seen()
    message = robot.message(astronaut)
    robot.show(message)
    assert robot.until(lambda: gate.begun(1)) == {'images': 1, 'parts': False, 'people': False, 'confidence': False}
    gate.go(1)
    mask = robot.until(lambda: robot.received['mask'])[0]
    assert mask.header == message.header


def test_a_subscriber_to_the_parts_gets_the_next_frame(
    robot: Robot, gate: Gate, node: Process, astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('parts')
    robot.until_wanted('mask', 'parts')
    message = robot.message(astronaut)
    robot.show(message)
    assert robot.until(lambda: gate.begun(2)) == {'images': 1, 'parts': True, 'people': False, 'confidence': False}
    gate.go(2)
    assert robot.until(lambda: robot.received['parts'])[0].header == message.header


def test_the_overlay_with_a_cutout_is_computed_with_confidence_and_published(
    robot: Robot, gate: Gate, node: Process, astronaut: NDArray[np.uint8]
) -> None:
    assert robot.set('overlay_effect', 'cutout') == ''
    robot.subscribe('overlay')
    robot.until_wanted('mask', 'parts', 'overlay')
    message = robot.message(astronaut)
    robot.show(message)
    assert robot.until(lambda: gate.begun(3)) == {'images': 1, 'parts': True, 'people': False, 'confidence': True}
    gate.go(3)
    assert robot.until(lambda: robot.received['overlay'])[0].header == message.header
    assert robot.set('overlay_effect', 'parts') == ''
    robot.unsubscribe('overlay')


def test_without_subscribers_images_are_no_longer_received(robot: Robot, node: Process) -> None:
    for topic in ('mask', 'parts'):
        robot.unsubscribe(topic)
    robot.until(lambda: robot.camera().get_subscription_count() == 0)
    assert robot.next('bodypix/stats', lambda stats: stats.cameras[0].state == 'idle')


def test_lazy_set_to_false_receives_and_computes_without_subscribers(
    robot: Robot, gate: Gate, node: Process, astronaut: NDArray[np.uint8]
) -> None:
    assert robot.set('lazy', False) == ''
    robot.until_seen()
    robot.show(robot.message(astronaut))
    assert robot.until(lambda: gate.begun(4)) == {'images': 1, 'parts': True, 'confidence': True, 'people': True}
