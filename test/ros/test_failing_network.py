# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network that fails costs the frames that it failed on, and is reported."""

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
    robot.subscribe('mask')
    robot.camera()
    robot.next('bodypix/stats', lambda stats: stats.model)
    robot.until_seen()
    return process


def test_a_failing_network_is_reported_and_the_node_continues(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    gate.fail(1)
    gate.go(1)
    robot.show(robot.message(astronaut))
    text = 'failed to process images: MemoryError: the arena is full'
    assert robot.diagnosis('network', lambda status: status.message == text).level == b'\2'
    robot.until_logged(node, text)
    stats = robot.next('bodypix/stats').cameras[0]
    assert (stats.frames_in, stats.frames_out, stats.frames_dropped) == (1, 0, 1)
    gate.open()
    assert robot.answer(robot.message(astronaut), ['mask'])
    robot.diagnosis('network', lambda status: status.level == b'\0')
