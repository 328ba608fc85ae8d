# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a camera's subscriptions follow: remapping, transports, latched publishers, orientation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from robot import Process, Robot, pixels
from sensor_msgs.msg import CameraInfo, CompressedImage

from bodypix_ros.msg import PersonArray, Stats

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
ERROR = b'\2'


@pytest.fixture(scope='module')
def small(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(cv2.resize(astronaut, (320, 240)))


def compressed(robot: Robot, picture: NDArray[np.uint8]) -> CompressedImage:
    message = CompressedImage(header=robot.header(), format='jpeg')
    message.data = cv2.imencode('.jpg', picture)[1].tobytes()
    return message


def test_an_image_that_was_published_once_before_is_received(
    robot: Robot, start_plain: Callable[..., Process], small: NDArray[np.uint8]
) -> None:
    info = CameraInfo(height=240, width=320)
    message = robot.message(small)
    info.header = message.header
    robot.camera('once/camera_info', LATCHED, CameraInfo).publish(info)
    robot.camera('once/image', LATCHED).publish(message)
    robot.subscribe('once/mask')
    robot.subscribe('once/mask/camera_info', CameraInfo)
    start_plain('-r', '__ns:=/once')
    robot.until(lambda: robot.received['once/mask'])
    assert robot.received['once/mask'][0].header == message.header


def test_a_volatile_camera_that_follows_a_latched_one_is_received(
    robot: Robot, start_plain: Callable[..., Process], small: NDArray[np.uint8]
) -> None:
    robot.remove_camera('once/image')
    robot.camera('once/image')
    assert robot.answer(robot.message(small), ['once/mask'], 'once/image')


def test_following_the_advice_receives_compressed_images_of_any_topic(
    robot: Robot, start_plain: Callable[..., Process], small: NDArray[np.uint8]
) -> None:
    robot.camera('/cam/jpg', kind=CompressedImage)
    robot.subscribe('wrong/mask')
    process = start_plain('-r', '__ns:=/wrong', '-r', 'image:=/cam/jpg', '-p', 'stale_after_s:=0.5')
    robot.until_logged(
        process,
        '/cam/jpg has type sensor_msgs/msg/CompressedImage (published by /robot), expected sensor_msgs/msg/Image: '
        'set image_transport to compressed and remap the image topic: -r image/compressed:=/cam/jpg',
    )
    robot.subscribe('right/mask')
    start_plain('-r', '__ns:=/right', '-p', 'image_transport:=compressed', '-r', 'image/compressed:=/cam/jpg')
    message = compressed(robot, small)
    mask = robot.answer(message, ['right/mask'], '/cam/jpg')['right/mask']
    assert (mask.header, mask.height, mask.width) == (message.header, 240, 320)
    assert robot.diagnosis('camera', node='right/bodypix').message.endswith('/cam/jpg')


def test_an_image_transport_without_publisher_is_explained_with_the_remapping_that_works(
    robot: Robot, start_plain: Callable[..., Process]
) -> None:
    robot.subscribe('beside/mask')
    process = start_plain(
        '-r', '__ns:=/beside', '-r', 'image:=/cam/jpg', '-p', 'image_transport:=compressed', '-p', 'stale_after_s:=0.5'
    )
    robot.until_logged(process, '/cam/jpg/compressed has no publisher: start the camera, or remap the image topic')
    robot.until_logged(process, '-r image/compressed:=/cam/jpg')


def test_a_camera_mounted_sideways_gets_results_in_its_own_orientation(
    robot: Robot, start_plain: Callable[..., Process], astronaut: NDArray[np.uint8]
) -> None:
    topics = ['turned/mask', 'turned/parts', 'turned/overlay', 'turned/people']
    for topic in topics[:3]:
        robot.subscribe(topic)
    robot.subscribe('turned/people', PersonArray)
    start_plain('-r', '__ns:=/turned')
    upright = np.ascontiguousarray(astronaut[:400])
    straight = robot.answer(robot.message(upright), topics, 'turned/image')
    assert robot.set('rotate', 90, node='turned/bodypix') == ''
    sideways = np.ascontiguousarray(np.rot90(upright))  # counterclockwise
    turned = robot.answer(robot.message(sideways), topics, 'turned/image')
    for topic in topics[:3]:
        assert (pixels(turned[topic]) == np.rot90(pixels(straight[topic]))).all(), topic
    (person,), (expected,) = turned['turned/people'].people, straight['turned/people'].people
    width = upright.shape[1]
    for point, other in zip(person.keypoints, expected.keypoints, strict=True):
        assert (point.x, point.y) == pytest.approx((other.y, width - 1 - other.x), abs=1e-3)
    assert (person.box.width, person.box.height) == (expected.box.height, expected.box.width)
    assert person.box.x_offset == expected.box.y_offset
    assert person.box.y_offset == width - expected.box.x_offset - expected.box.width


def test_stamps_before_the_epoch_cost_nothing(
    robot: Robot, start_plain: Callable[..., Process], small: NDArray[np.uint8]
) -> None:
    start_plain('-r', '__ns:=/early', '-p', 'cameras:=[a, b]')
    robot.subscribe('early/bodypix/stats', Stats)
    for camera in 'ab':
        robot.subscribe(f'early/{camera}/mask')
    messages: dict[str, Any] = {camera: robot.message(small) for camera in 'ab'}
    messages['a'].header.stamp.sec = -100
    for camera, message in messages.items():
        assert robot.answer(message, [f'early/{camera}/mask'], f'early/{camera}/image')
    stats = robot.next('early/bodypix/stats', lambda stats: all(one.frames_out for one in stats.cameras))
    assert [one.frames_bad for one in stats.cameras] == [0, 0]
    assert robot.diagnosis('network', node='early/bodypix').level == b'\0'
