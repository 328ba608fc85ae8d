# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A model that does not return is reported, and does not prevent the node from stopping."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import NDArray
from robot import GATED_NODE, Gate, Process, Robot

from bodypix_ros.msg import Stats


def change(robot: Robot, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(robot.call(ChangeState, 'bodypix/change_state', request).success)


def state(robot: Robot) -> str:
    return str(robot.call(GetState, 'bodypix/get_state', GetState.Request()).current_state.label)


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], gate: Gate, robot: Robot) -> Process:
    """A node whose first run of the model waits at the gate; the tests below build on each other."""
    gate.load(1)
    process = start_plain('-p', 'stale_after_s:=1.0', program=GATED_NODE, BODYPIX_GATE=str(gate.folder))
    robot.subscribe('bodypix/stats', Stats)
    robot.subscribe('mask')
    robot.camera()
    robot.next('bodypix/stats', lambda stats: stats.model)
    robot.until_seen()
    return process


def test_a_camera_without_results_and_a_stalled_model_are_reported(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    robot.show(robot.message(astronaut))
    robot.until(lambda: gate.begun(1))
    timer = robot.node.create_timer(0.1, lambda: robot.show(robot.message(astronaut)))
    status = robot.diagnosis('camera', lambda status: status.level == b'\2')
    assert status.message.startswith('images on /image are received, but no result has been published for ')
    status = robot.diagnosis('network', lambda status: status.level == b'\2')
    assert status.message.startswith('bodypix_ros 1.0 on cpu has been running for ')
    assert robot.next('bodypix/stats').cameras[0].state == 'no results'
    robot.node.destroy_timer(timer)


def test_deactivating_does_not_wait_for_the_model(robot: Robot, node: Process, gate: Gate) -> None:
    assert change(robot, Transition.TRANSITION_DEACTIVATE)
    assert state(robot) == 'inactive'
    robot.until_logged(node, 'its result is discarded')
    camera = robot.next('bodypix/stats', lambda stats: stats.cameras[0].state == 'inactive').cameras[0]
    assert camera.frames_in == camera.frames_out + camera.frames_dropped + camera.frames_bad


def test_cleaning_up_does_not_wait_either(robot: Robot, node: Process, gate: Gate) -> None:
    assert change(robot, Transition.TRANSITION_CLEANUP)
    assert state(robot) == 'unconfigured'


def test_when_the_model_returns_its_result_is_not_published_and_the_node_works_again(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    gate.open()
    assert change(robot, Transition.TRANSITION_CONFIGURE)
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    assert robot.received['mask'] == []
    message = robot.message(astronaut)
    assert robot.answer(message, ['mask'])['mask'].header == message.header
    robot.diagnosis('network', lambda status: status.level == b'\0')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_node_while_the_model_runs(
    domain: int, tmp_path: Path, astronaut: NDArray[np.uint8], number: signal.Signals
) -> None:
    gate = Gate(tmp_path / 'gate')
    gate.load(1)
    with Robot(domain) as robot:
        process = Process(
            domain, tmp_path / 'log.txt', '-r', '__ns:=/ends', program=GATED_NODE, BODYPIX_GATE=str(gate.folder)
        )
        robot.subscribe('ends/mask')
        robot.camera('ends/image')
        robot.until_seen('ends/image')
        robot.show(robot.message(astronaut), 'ends/image')
        robot.until(lambda: gate.begun(1))
        process.signal(number)
        assert process.wait() == 0, 'although the gate is closed'
        assert 'Traceback' not in process.log
