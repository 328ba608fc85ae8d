"""A camera where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from robot import Process, Robot

from bodypix_ros.errors import ImageError
from bodypix_ros.ros.virtual_camera import DEFAULT_RATE_HZ, open_source

CAMERA = ('-m', 'bodypix_ros.ros.virtual_camera')


@pytest.fixture
def picture(tmp_path: Path, astronaut: np.ndarray) -> Path:
    path = tmp_path / 'picture.png'
    cv2.imwrite(str(path), astronaut)
    return path


@pytest.fixture
def clip(shared: Path) -> Path:
    return sorted((shared / 'images' / 'video').glob('*.*'))[0]


def _start(robot: Robot, folder: Path, *parameters: str, topic: str = 'image') -> Process:
    words = [word for parameter in parameters for word in ('-p', parameter)]
    return Process(robot.domain, folder / 'camera.log', *words, '-r', f'image:={topic}', program=CAMERA)


@pytest.fixture
def camera(robot: Robot, picture: Path, tmp_path: Path) -> Iterator[Process]:
    process = _start(robot, tmp_path, f'source:={picture}', 'frame_id:=mast', 'rate_hz:=20.0')
    yield process
    process.stop()


def test_it_publishes_the_pixels_of_the_picture_with_its_frame_and_the_time(camera, robot, astronaut) -> None:
    robot.subscribe('image')
    first, second = robot.next('image'), robot.next('image')
    pixels = np.frombuffer(first.data, np.uint8).reshape(first.height, first.width, 3)
    assert np.array_equal(pixels, astronaut)
    assert (first.encoding, first.step, first.header.frame_id) == ('bgr8', 512 * 3, 'mast')
    assert (first.header.stamp.sec, first.header.stamp.nanosec) < (second.header.stamp.sec, second.header.stamp.nanosec)


def test_ctrl_c_ends_it_cleanly(robot, picture, tmp_path) -> None:
    process = _start(robot, tmp_path, f'source:={picture}', topic='other')
    robot.subscribe('other')
    robot.next('other')
    assert process.stop() == 0
    assert 'Traceback' not in process.log


def test_a_source_that_is_not_there_is_said_in_one_line(robot, tmp_path) -> None:
    process = _start(robot, tmp_path, 'source:=/nowhere.mp4')
    assert process.wait() == 1
    assert process.log.strip().splitlines()[-1] == (
        'bodypix_camera: /nowhere.mp4 does not exist; expected a picture, a video file or a device such as /dev/video0'
    )


def test_a_video_has_its_own_rate_and_starts_over_at_its_end(clip) -> None:
    next_frame, rate_hz = open_source(str(clip))
    video = cv2.VideoCapture(str(clip))
    assert rate_hz == video.get(cv2.CAP_PROP_FPS)
    first = next_frame().copy()
    for _ in range(int(video.get(cv2.CAP_PROP_FRAME_COUNT)) - 1):
        next_frame()
    assert np.array_equal(next_frame(), first)


def test_a_picture_comes_at_the_default_rate(picture, astronaut) -> None:
    next_frame, rate_hz = open_source(str(picture))
    assert rate_hz == DEFAULT_RATE_HZ
    assert np.array_equal(next_frame(), astronaut)


def test_a_text_is_no_source(tmp_path) -> None:
    path = tmp_path / 'notes.txt'
    path.write_text('not a picture')
    with pytest.raises(ImageError, match=f'{path} is neither a picture nor a video that OpenCV can read'):
        open_source(str(path))
