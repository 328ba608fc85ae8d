# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ~/segment: one image in, its results out, whatever the topics do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import GATED_NODE, Gate, Process, Robot, pixels
from sensor_msgs.msg import Image

from bodypix_ros.msg import Stats
from bodypix_ros.ros import services
from bodypix_ros.ros.parameters import Parameters
from bodypix_ros.srv import Segment

BACKGROUND = 255


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], robot: Robot) -> Process:
    process = start_plain('-p', 'parts_encoding:=8UC1')
    robot.subscribe('bodypix/stats', Stats)
    robot.next('bodypix/stats', lambda stats: stats.model)
    return process


def segment(robot: Robot, image: Image, **request: Any) -> Any:
    return robot.call(Segment, 'bodypix/segment', Segment.Request(image=image, **request))


def test_the_answer_is_what_the_topics_publish(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    image = robot.message(astronaut)
    answer = segment(robot, image, people=True)
    assert (answer.success, answer.message) == (True, '')
    assert answer.mask.header == answer.parts.header == answer.people.header == image.header
    for topic in ('mask', 'parts'):
        robot.subscribe(topic)
    found = robot.answer(image, ['mask', 'parts'])
    assert answer.mask == found['mask']
    assert answer.parts == found['parts']
    (person,) = answer.people.people
    assert (person.track_id, person.area_px > 20000) == (0, True)


def test_people_are_found_only_on_request(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    answer = segment(robot, robot.message(astronaut))
    assert answer.success
    assert pixels(answer.mask).any()
    assert answer.people.people == []


def test_an_inactive_node_answers_too(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    from std_srvs.srv import SetBool

    assert robot.call(SetBool, 'bodypix/enable', SetBool.Request(data=False)).success
    assert segment(robot, robot.message(astronaut)).success
    assert robot.call(SetBool, 'bodypix/enable', SetBool.Request(data=True)).success


def test_an_image_that_cannot_be_read_is_explained(robot: Robot, node: Process) -> None:
    answer = segment(robot, Image(height=2, width=2, encoding='bgr8', step=6, data=[0] * 6))
    assert not answer.success
    assert answer.message == 'got 6 bytes of data, expected 2 rows of 6 bytes'
    assert answer.mask.data.tolist() == answer.parts.data.tolist() == []


def test_an_image_without_pixels_is_explained(robot: Robot, node: Process) -> None:
    assert segment(robot, Image()).message == 'an image of 0x0 has no pixels'


def test_without_a_model_the_answer_says_so(
    robot: Robot, start_plain: Callable[..., Process], gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    start_plain('-r', '__ns:=/gated', program=GATED_NODE, BODYPIX_GATE=str(gate.folder))
    request = Segment.Request(image=robot.message(astronaut))
    answer = robot.call(Segment, 'gated/bodypix/segment', request)
    assert not answer.success
    assert answer.message == 'the model is not loaded; configure the node and wait until it is loaded'


def test_while_a_call_waits_for_the_model_the_node_answers_others(
    robot: Robot, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    gate.load(1)
    robot.subscribe('gated/bodypix/stats', Stats)
    robot.next('gated/bodypix/stats', lambda stats: stats.model)
    client = robot.node.create_client(Segment, 'gated/bodypix/segment')
    future = client.call_async(Segment.Request(image=robot.message(astronaut)))
    robot.until(lambda: gate.begun(1))
    assert robot.set('threshold', 0.6, 'gated/bodypix') == ''
    assert not future.done()
    gate.fail(1)
    gate.go(1)
    robot.until(future.done)
    assert (future.result().success, future.result().message) == (False, 'MemoryError: the arena is full')
    robot.node.destroy_client(client)


def test_an_error_of_a_writer_is_part_of_the_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError('no paint')

    monkeypatch.setattr(services, '_result', fail)
    model: Any = SimpleNamespace()
    answer = services.answer(model, Parameters(), Segment.Request())
    assert (answer.success, answer.message) == (False, 'ZeroDivisionError: no paint')
