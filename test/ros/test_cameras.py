# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several cameras on one network."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from robot import GATED_NODE, Gate, Process, Robot, pixels

import bodypix_ros
from bodypix_ros.msg import Stats

CAMERAS = ('front', 'rear', 'side')


@pytest.fixture(scope='module')
def small(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.resize(astronaut, (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], gate: Gate, robot: Robot) -> Process:
    """A gated node with three cameras, each with a subscriber to its mask."""
    gate.load(1)
    process = start_plain(
        '-p', f'cameras:=[{", ".join(CAMERAS)}]', program=GATED_NODE, BODYPIX_GATE=str(gate.folder)
    )  # fmt: skip
    robot.subscribe('bodypix/stats', Stats)
    for camera in CAMERAS:
        robot.camera(f'{camera}/image')
        robot.subscribe(f'{camera}/mask')
    robot.next('bodypix/stats', lambda stats: stats.model)
    for camera in CAMERAS:
        robot.until_seen(f'{camera}/image')
    return process


def counts(robot: Robot, frames_in: int) -> dict[str, tuple[int, int, int]]:
    """Wait until this number of frames has arrived; return the frames in, out and dropped of each camera."""
    stats = robot.next(
        'bodypix/stats', lambda stats: sum(camera.frames_in for camera in stats.cameras) == frames_in
    )  # fmt: skip
    return {camera.name: (camera.frames_in, camera.frames_out, camera.frames_dropped) for camera in stats.cameras}


def test_the_newest_frame_of_each_camera_is_processed(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8], small: NDArray[np.uint8]
) -> None:
    first = robot.message(astronaut)
    robot.show(first, 'front/image')
    assert robot.until(lambda: gate.begun(1))['images'] == 1
    # While the model is busy with one frame, each camera sends more.
    newest = {}
    for _ in range(4):
        for camera, picture in (('front', astronaut), ('rear', small), ('side', astronaut)):
            newest[camera] = robot.message(picture)
            robot.show(newest[camera], f'{camera}/image')
    assert counts(robot, 13) == {'front': (5, 0, 3), 'rear': (4, 0, 3), 'side': (4, 0, 3)}

    for number in (1, 2, 3, 4):
        gate.go(number)
    robot.until(lambda: all(robot.received[f'{camera}/mask'] for camera in ('rear', 'side')))
    robot.until(lambda: len(robot.received['front/mask']) == 2)
    assert [gate.begun(number)['images'] for number in (2, 3, 4)] == [1, 1, 1], 'a CPU runs them one by one'
    assert [mask.header for mask in robot.received['front/mask']] == [first.header, newest['front'].header]
    assert [mask.header for mask in robot.received['rear/mask']] == [newest['rear'].header]
    assert [mask.header for mask in robot.received['side/mask']] == [newest['side'].header]
    assert (robot.received['rear/mask'][0].width, robot.received['rear/mask'][0].height) == (320, 240)
    robot.next('bodypix/stats', lambda stats: sum(camera.frames_out for camera in stats.cameras) == 4)
    assert counts(robot, 13) == {'front': (5, 2, 3), 'rear': (4, 1, 3), 'side': (4, 1, 3)}


def test_a_result_is_published_before_the_next_camera_is_done(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    robot.show(robot.message(astronaut), 'front/image')
    robot.until(lambda: gate.begun(5))
    last = {camera: robot.message(astronaut) for camera in ('front', 'rear')}
    for camera, message in last.items():
        robot.show(message, f'{camera}/image')
    robot.next('bodypix/stats', lambda stats: sum(camera.frames_in for camera in stats.cameras) == 16)
    gate.go(5)
    gate.go(6)
    # The sixth run is the rear camera's, which was served longest ago, though both images are of one size.
    robot.until(lambda: robot.received['rear/mask'][-1].header == last['rear'].header)
    assert robot.received['front/mask'][-1].header != last['front'].header
    robot.until(lambda: gate.begun(7))
    gate.go(7)
    robot.until(lambda: robot.received['front/mask'][-1].header == last['front'].header)


def test_cameras_in_one_batch_get_their_own_masks(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    net = bodypix_ros.load(provider='cpu')
    gate.open()
    empty = np.zeros_like(astronaut)
    for camera, picture in (('front', astronaut), ('rear', empty), ('side', astronaut[:, ::-1])):
        message = robot.message(np.ascontiguousarray(picture))
        mask = pixels(robot.answer(message, [f'{camera}/mask'], f'{camera}/image')[f'{camera}/mask'])
        assert (mask == net.segment(np.ascontiguousarray(picture)).mask * 255).mean() >= 0.9999
        assert ((mask > 0).mean() > 0.2) == (camera != 'rear')


def test_a_camera_that_stops_is_reported_while_the_others_continue(
    robot: Robot, node: Process, gate: Gate, astronaut: NDArray[np.uint8]
) -> None:
    gate.open()
    assert robot.set('stale_after_s', 0.5) == ''
    robot.remove_camera('rear/image')
    seen: dict[str, str] = {}

    def rear_is_missed() -> bool:
        robot.show(robot.message(astronaut), 'front/image')
        robot.spin(0.1)
        if robot.received['bodypix/stats']:
            seen.update({camera.name: camera.state for camera in robot.received['bodypix/stats'][-1].cameras})
        return seen.get('rear') == 'no publisher' and seen.get('front') == 'ok'

    robot.until(rear_is_missed)
    # The message does not suggest the images of the other cameras of this node.
    robot.until_logged(node, '/rear/image has no publisher: start the camera, or remap the image topic\n')
    robot.camera('rear/image')
    robot.until_seen('rear/image')
    message = robot.message(astronaut)
    assert robot.answer(message, ['rear/mask'], 'rear/image')
