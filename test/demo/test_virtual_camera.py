# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The executable bodypix_camera."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot, pixels

from bodypix_ros.demo.processes import CAMERA

PROGRAM = ('-m', CAMERA)


@pytest.fixture
def picture(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    path = tmp_path / 'picture.png'
    cv2.imwrite(str(path), astronaut)
    return path


def start(robot: Robot, folder: Path, *parameters: str, topic: str = 'image') -> Process:
    words = [word for parameter in parameters for word in ('-p', parameter)]
    return Process(robot.domain, folder / 'camera.log', *words, '-r', f'image:={topic}', program=PROGRAM)


@pytest.fixture
def camera(robot: Robot, picture: Path, tmp_path: Path) -> Iterator[Process]:
    process = start(robot, tmp_path, f'source:={picture}', 'frame_id:=mast', 'rate_hz:=20')
    yield process
    process.stop()


def test_it_publishes_the_pixels_of_the_picture_with_its_frame_and_the_time(
    camera: Process, robot: Robot, astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('image')
    first, second = robot.next('image'), robot.next('image')
    assert np.array_equal(pixels(first), astronaut)
    assert (first.encoding, first.step, first.header.frame_id) == ('bgr8', 512 * 3, 'mast')
    assert (first.header.stamp.sec, first.header.stamp.nanosec) < (second.header.stamp.sec, second.header.stamp.nanosec)


def test_a_video_with_a_broken_frame_is_played_again_and_again(robot: Robot, shared: Path, tmp_path: Path) -> None:
    video = shared / 'bug_inputs' / 'video_one_bad_frame.avi'
    process = start(robot, tmp_path, f'source:={video}', 'rate_hz:=50.0', topic='video')
    robot.subscribe('video')
    # The frames of this video brighten from one to the next, so the mean says which one it is.
    robot.until(lambda: len(robot.received['video']) >= 100)
    received = [round(float(pixels(one).mean())) for one in robot.received['video']]
    frames, last = set(received), max(received)
    assert process.stop() == 0
    assert len(frames) == 39, 'all frames but the broken one'
    assert received.count(last) >= 2, 'the end was reached more than once'
    assert 'skipped frames that cannot be decoded (1 so far)' in process.log


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_status_0(robot: Robot, picture: Path, tmp_path: Path, number: signal.Signals) -> None:
    topic = number.name.lower()
    process = start(robot, tmp_path, f'source:={picture}', topic=topic)
    robot.subscribe(topic)
    robot.next(topic)
    process.signal(number)
    process.signal(number)
    assert process.wait() == 0
    assert 'Traceback' not in process.log


def test_a_signal_ends_it_long_before_the_next_frame(robot: Robot, picture: Path, tmp_path: Path) -> None:
    process = start(robot, tmp_path, f'source:={picture}', 'rate_hz:=0.001', topic='rare')
    robot.until(lambda: robot.node.count_publishers('rare'))
    robot.spin(0.5)
    process.signal(signal.SIGINT)
    assert process.wait() == 0


def catches(process: Process, number: signal.Signals) -> bool:
    """Return whether a process has a handler for a signal."""
    status = Path(f'/proc/{process.pid}/status').read_text()
    (mask,) = (line.split()[1] for line in status.splitlines() if line.startswith('SigCgt:'))
    return bool(int(mask, 16) & 1 << (number - 1))


@pytest.mark.parametrize('delay_s', [0.0, 0.3])
def test_ctrl_c_in_the_first_second_shows_no_traceback(
    robot: Robot, picture: Path, tmp_path: Path, delay_s: float
) -> None:
    process = start(robot, tmp_path, f'source:={picture}', topic='early')
    robot.until(lambda: catches(process, signal.SIGHUP))  # Python itself handles SIGINT before, but not this one
    robot.spin(delay_s)
    process.signal(signal.SIGINT)
    assert process.wait() == 0
    assert process.log == ''


@pytest.mark.parametrize(
    ('parameters', 'sentence'),
    [
        (
            ['source:=/nowhere.mp4'],
            '/nowhere.mp4 does not exist; expected a video, a picture, a folder of pictures, a camera such as '
            '/dev/video0 or 0, or an address such as rtsp://camera/stream',
        ),
        ([], 'source must be a picture, a video file or a video device, got an empty string'),
        (['source:=[1]'], 'source must be a string, got [1]'),
        (
            ['source:=/dev/null'],
            'camera /dev/null cannot be opened; check that it is connected and that no other program uses it',
        ),
        (['source:=.', 'rate_hz:=-1.0'], 'rate_hz must be between 0 and 1000, got -1.0'),
    ],
)
def test_an_error_ends_it_with_one_sentence(
    robot: Robot, tmp_path: Path, picture: Path, parameters: list[Any], sentence: str
) -> None:
    process = start(robot, tmp_path, *[one.replace('source:=.', f'source:={picture}') for one in parameters])
    assert process.wait() == 1
    assert process.log.strip().splitlines()[-1] == f'bodypix_camera: {sentence}'
    assert 'Traceback' not in process.log


def test_any_exception_ends_it_with_one_sentence(robot: Robot, picture: Path, tmp_path: Path) -> None:
    process = start(robot, tmp_path, f'source:={picture}', topic='not a topic')
    assert process.wait() == 1
    assert process.log.strip().splitlines()[-1].startswith('bodypix_camera: ')
    assert 'Traceback' not in process.log
