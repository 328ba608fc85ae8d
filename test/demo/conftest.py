# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain and a robot for the tests of the virtual camera and the demo."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)  # where ROS comes from wheels, nothing was sourced
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
for _name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
    os.environ[_name] = str(Path(__file__).resolve().parent.parent.parent / 'config' / 'fastdds_shm.xml')

if TYPE_CHECKING:
    from robot import Robot


@pytest.fixture(scope='module')
def domain() -> Iterator[int]:
    pytest.importorskip('rclpy', reason='needs ROS')
    pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')
    from robot import own_domain

    with own_domain() as number:
        yield number


@pytest.fixture(scope='module')
def robot(domain: int) -> Iterator[Robot]:
    from robot import Robot

    with Robot(domain) as robot:
        yield robot
