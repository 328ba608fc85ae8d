# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node beside other nodes: names, namespaces, remappings, simulated time, transports."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from rclpy.qos import QoSReliabilityPolicy
from robot import BEST_EFFORT, Process, Robot
from rosgraph_msgs.msg import Clock

from bodypix_ros.msg import Stats


@pytest.fixture(scope='module')
def nodes(start_plain: Callable[..., Process]) -> dict[str, Process]:
    """Two nodes side by side: one renamed and remapped, one with two cameras and the time of a simulation."""
    return {
        'arm': start_plain(
            '-r', '__ns:=/arm', '-r', '__node:=finder', '-r', 'image:=/head/image_raw', '-r', 'mask:=person_mask',
            '-p', 'qos_overrides./arm/person_mask.publisher.reliability:=best_effort',
            FASTRTPS_DEFAULT_PROFILES_FILE='', FASTDDS_DEFAULT_PROFILES_FILE='',
        ),
        'base': start_plain(
            '-r', '__ns:=/base', '-p', 'cameras:=[left, right]', '-p', 'use_sim_time:=true',
            '-r', 'left/image:=/stereo/left/image_rect', '-r', '/base/right/mask:=/humans',
        ),
    }  # fmt: skip


def test_names_namespaces_and_remappings_hold(
    robot: Robot, nodes: dict[str, Process], astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('arm/person_mask', profile=BEST_EFFORT)
    robot.subscribe('base/left/mask')
    robot.subscribe('humans')
    assert robot.answer(robot.message(astronaut), ['arm/person_mask'], 'head/image_raw')
    assert robot.answer(robot.message(astronaut), ['base/left/mask'], 'stereo/left/image_rect')
    assert robot.answer(robot.message(astronaut), ['humans'], 'base/right/image')
    names = {f'{space.rstrip("/")}/{name}' for name, space in robot.node.get_node_names_and_namespaces()}
    assert {'/arm/finder', '/base/bodypix'} <= names


def test_overrides_of_the_quality_of_service_hold_for_their_topic_alone(
    robot: Robot, nodes: dict[str, Process]
) -> None:
    def reliabilities(topic: str) -> list[QoSReliabilityPolicy]:
        return [one.qos_profile.reliability for one in robot.node.get_publishers_info_by_topic(topic)]

    robot.until(lambda: reliabilities('/arm/parts') and reliabilities('/arm/person_mask'))
    assert reliabilities('/arm/person_mask') == [QoSReliabilityPolicy.BEST_EFFORT]
    assert reliabilities('/arm/parts') == [QoSReliabilityPolicy.RELIABLE]


def test_age_is_measured_by_simulated_time(
    robot: Robot, nodes: dict[str, Process], astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('base/left/mask')
    robot.subscribe('base/bodypix/stats', Stats)
    robot.camera('clock', kind=Clock)
    robot.until(lambda: robot.camera('clock').get_subscription_count() >= 1)
    message = robot.message(astronaut)
    now = Clock()
    now.clock.sec, now.clock.nanosec = message.header.stamp.sec + 42, message.header.stamp.nanosec

    def stamped() -> bool:
        robot.show(now, 'clock')
        robot.spin(0.2)
        stats = robot.received['base/bodypix/stats']
        return bool(stats) and stats[-1].header.stamp == now.clock

    robot.until(stamped)
    robot.answer(message, ['base/left/mask'], 'stereo/left/image_rect')
    stats = robot.next('base/bodypix/stats', lambda stats: stats.cameras[0].age.p50_ms > 0)
    assert stats.cameras[0].age.p50_ms == pytest.approx(42_000.0)


def test_a_transport_too_small_for_the_images_is_reported_once(
    robot: Robot, nodes: dict[str, Process], astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('arm/person_mask', profile=BEST_EFFORT)
    for _ in range(3):
        robot.answer(robot.message(astronaut), ['arm/person_mask'], 'head/image_raw')
    advice = "images of 0.8 MB arrive over Fast DDS's default transport, which loses or delays many of them"
    assert nodes['arm'].log.count(advice) == 1
    assert nodes['arm'].log.count('fastdds_shm.xml') == 1
    assert advice not in nodes['base'].log
