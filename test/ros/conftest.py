"""A running node and a robot around it. Everything here needs rclpy and the built messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent

# Where ROS comes from wheels, nothing was sourced. And this process is one end of the transport, too.
os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
for _name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
    os.environ[_name] = str(REPOSITORY / 'config' / 'fastdds_shm.xml')

if TYPE_CHECKING:
    from robot import Process, Robot


def _missing() -> str:
    """Return why these tests cannot run here; empty where they can."""
    try:
        import rclpy  # noqa: F401
    except ImportError as error:
        return f'needs ROS: {error}'
    try:
        import bodypix_ros.msg  # noqa: F401
    except ImportError as error:
        return f'needs the messages of this package, built by colcon or pip: {error}'
    return ''


if _missing():
    collect_ignore_glob = ['test_*.py']


@pytest.fixture(scope='module')
def domain() -> Iterator[int]:
    from robot import own_domain

    with own_domain() as number:
        yield number


@pytest.fixture(scope='module')
def robot(domain: int) -> Iterator[Robot]:
    from robot import Robot

    with Robot(domain) as robot:
        yield robot


@pytest.fixture(scope='module')
def network_arguments(server: str, model_dir: str) -> list[str]:
    """Parameters of a node that runs the network of the golden data."""
    values = {
        'multiplier': 0.5,
        'model_url': server,
        'model_dir': model_dir,
        'allow_download': 'true',
        'provider': 'cpu',
    }
    return [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]


@pytest.fixture(scope='module')
def node(domain: int, network_arguments: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A node with default parameters, shared by the tests of a module."""
    from robot import Process

    process = Process(domain, tmp_path_factory.mktemp('node') / 'log.txt', *network_arguments)
    yield process
    status = process.stop()
    assert status == 0, process.log
