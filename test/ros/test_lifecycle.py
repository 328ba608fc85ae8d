# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The states of the node, and what it answers while a network is being loaded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import NDArray
from robot import GATED_NODE, Gate, Process, Robot, value_of
from std_srvs.srv import SetBool

from bodypix_ros.msg import Stats


def state(robot: Robot) -> str:
    return str(robot.call(GetState, 'bodypix/get_state', GetState.Request()).current_state.label)


def change(robot: Robot, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(robot.call(ChangeState, 'bodypix/change_state', request).success)


def enable(robot: Robot, on: bool) -> SetBool.Response:
    return robot.call(SetBool, 'bodypix/enable', SetBool.Request(data=on))


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], gate: Gate, robot: Robot) -> Process:
    """A node that waits to be configured; the tests below build on each other."""
    process = start_plain('-p', 'autostart:=false', program=GATED_NODE, BODYPIX_GATE=str(gate.folder))
    robot.subscribe('bodypix/stats', Stats)
    robot.subscribe('mask')
    robot.camera()
    robot.next('bodypix/stats')
    return process


def test_without_autostart_the_node_waits_to_be_configured(robot: Robot, node: Process) -> None:
    assert state(robot) == 'unconfigured'
    assert robot.next('bodypix/stats').cameras == []
    status = robot.diagnosis('network')
    assert status.level == b'\0'
    assert status.message == 'no model is loaded: configure the node, or call its service ~/enable'


def test_unconfigured_parameters_of_the_topics_can_change(robot: Robot, node: Process) -> None:
    assert robot.set('cameras', ['left', 'right']) == ''
    assert robot.set('cameras', []) == ''


def test_the_node_answers_and_says_what_it_does_while_the_network_is_loaded(
    robot: Robot, node: Process, gate: Gate
) -> None:
    assert change(robot, Transition.TRANSITION_CONFIGURE)
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    assert state(robot) == 'active'
    assert robot.set('threshold', 0.25) == ''
    assert robot.set('threshold', 0.5) == ''
    assert robot.next('bodypix/stats').state == 'waiting at the gate (25%)'
    status = robot.diagnosis('network', lambda status: status.message == 'waiting at the gate (25%)')
    assert status.level == b'\1'
    assert value_of(status, 'model') == ''


def test_an_image_that_came_while_the_network_was_loaded_is_answered(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    robot.until_seen()
    message = robot.message(astronaut)
    robot.show(message)
    robot.next('bodypix/stats', lambda stats: stats.cameras[0].frames_in == 1)
    assert robot.received['mask'] == []
    gate.open()
    assert robot.until(lambda: robot.received['mask'])[0].header == message.header
    status = robot.diagnosis('network', lambda status: status.level == b'\0')
    assert status.message == 'bodypix_ros 1.0 on cpu'


def test_deactivated_it_receives_nothing_and_keeps_the_network(robot: Robot, node: Process) -> None:
    assert change(robot, Transition.TRANSITION_DEACTIVATE)
    robot.until(lambda: robot.camera().get_subscription_count() == 0)
    stats = robot.next('bodypix/stats', lambda stats: stats.state == 'inactive')
    assert stats.model == 'bodypix_ros 1.0'
    assert stats.cameras[0].state == 'inactive'


def test_activated_again_it_continues_at_once(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    assert change(robot, Transition.TRANSITION_ACTIVATE)
    assert robot.answer(robot.message(astronaut), ['mask'])
    assert node.log.count('loading the model') == 1


def test_a_transition_that_is_not_possible_is_refused_and_the_node_lives(
    robot: Robot, node: Process, astronaut: NDArray[np.uint8]
) -> None:
    assert not change(robot, Transition.TRANSITION_CONFIGURE)
    assert state(robot) == 'active'
    assert robot.answer(robot.message(astronaut), ['mask'])


def test_topics_cannot_change_while_they_are_open(robot: Robot, node: Process) -> None:
    reason = robot.set('cameras', ['left'])
    assert reason == (
        'cameras cannot change while the topics are open: deactivate and clean up the node first (ros2 lifecycle set)'
    )
    assert robot.get('cameras') == []


def test_enable_switches_the_node_off_and_on(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    assert (enable(robot, False).success, state(robot)) == (True, 'inactive')
    assert (enable(robot, False).success, state(robot)) == (True, 'inactive')
    answer = enable(robot, True)
    assert (answer.success, answer.message, state(robot)) == (True, 'active', 'active')
    assert robot.answer(robot.message(astronaut), ['mask'])


def test_cleaned_up_it_has_no_topics_and_no_network(robot: Robot, node: Process) -> None:
    assert change(robot, Transition.TRANSITION_DEACTIVATE)
    assert change(robot, Transition.TRANSITION_CLEANUP)
    assert robot.next('bodypix/stats', lambda stats: stats.state == 'unconfigured').model == ''
    robot.until(lambda: robot.node.count_publishers('/mask') == 0)


def test_enable_brings_it_back_from_there(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    assert enable(robot, True).message == 'active'
    assert robot.answer(robot.message(astronaut), ['mask'])


def test_shut_down_it_is_finished_but_answers(robot: Robot, node: Process) -> None:
    assert change(robot, Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert state(robot) == 'finalized'
    answer = enable(robot, True)
    assert (answer.success, answer.message) == (False, 'finalized')
