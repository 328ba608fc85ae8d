# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of tests with ROS: a domain of their own, and a robot in it. Imported by the conftest.py of each folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from robot import Robot

REPOSITORY = Path(__file__).resolve().parent.parent

# Where ROS comes from wheels, nothing was sourced. And this process is one end of the transport, too.
os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
for _name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
    os.environ[_name] = str(REPOSITORY / 'config' / 'fastdds_shm.xml')


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
