"""What an older rclpy lacks has a plain fallback."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from golden import Golden
from robot import BEST_EFFORT, REPOSITORY, Process, Robot, pixels


@pytest.fixture(scope='module')
def node(start: Callable[..., Process]) -> Process:
    return start(program=(str(REPOSITORY / 'test' / 'older_rclpy_node.py'),))


@pytest.fixture(scope='module')
def golden(shared: object) -> Golden:
    return Golden.load(shared, 'karolina_640x480__s16__rmedium')  # type: ignore[arg-type]


def test_listeners_that_come_and_go_are_noticed(robot: Robot, node: Process, golden: Golden) -> None:
    robot.camera()
    robot.subscribe('mask')
    robot.until_seen()
    assert robot.answer(robot.message(golden.image), ['mask'])
    robot.unsubscribe('mask')
    robot.until(lambda: robot.camera().get_subscription_count() == 0)


def test_the_reliability_of_the_publisher_is_followed(robot: Robot, node: Process, golden: Golden) -> None:
    robot.subscribe('mask')
    robot.remove_camera()
    robot.camera(profile=BEST_EFFORT)
    robot.until_seen()
    assert robot.answer(robot.message(golden.image), ['mask'])


def test_parameters_change_or_are_refused(robot: Robot, node: Process, golden: Golden) -> None:
    robot.subscribe('mask')
    assert robot.set('threshold', 7) == 'threshold must be between 0 and 1, got 7.0'
    assert robot.set('threshold', 0.2) == ''
    mask = pixels(robot.answer(robot.message(golden.image), ['mask'])['mask'])
    assert (mask == 255 * golden.outputs['person_t0.2']).mean() >= 0.9999
