# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an older rclpy lacks has a plain fallback."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import BEST_EFFORT, REPOSITORY, Process, Robot, pixels

import bodypix_ros


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process]) -> Process:
    return start_plain(program=(str(REPOSITORY / 'test' / 'older_rclpy_node.py'),))


def test_subscribers_that_come_and_go_are_noticed(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    robot.camera()
    robot.subscribe('mask')
    robot.until_seen()
    assert robot.answer(robot.message(astronaut), ['mask'])
    robot.unsubscribe('mask')
    robot.until(lambda: robot.camera().get_subscription_count() == 0)


def test_the_reliability_of_the_publisher_is_followed(
    robot: Robot, node: Process, astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('mask')
    robot.remove_camera()
    robot.camera(profile=BEST_EFFORT)
    robot.until_seen()
    assert robot.answer(robot.message(astronaut), ['mask'])


def test_parameters_change_or_are_refused(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    robot.subscribe('mask')
    assert robot.set('threshold', 7) == 'threshold must be between 0 and 1, got 7'
    assert robot.set('threshold', 0.2) == ''
    mask = pixels(robot.answer(robot.message(astronaut), ['mask'])['mask'])
    truth = bodypix_ros.load(provider='cpu').segment(astronaut, threshold=0.2).mask
    assert (mask == 255 * truth).mean() >= 0.9999
