# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running node and a robot around it. Everything here needs rclpy and the built messages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ros_domain import REPOSITORY, domain, robot

__all__ = ['domain', 'robot']

if TYPE_CHECKING:
    from robot import Gate, Process


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
def network_arguments(server: str, model_dir: str) -> list[str]:
    """Parameters of a node that runs the network of the golden data."""
    values = {
        'checkpoint': 'official',
        'multiplier': 0.5,
        'model_url': server,
        'model_dir': model_dir,
        'allow_download': 'true',
        'provider': 'cpu',
    }
    return [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]


@pytest.fixture(scope='module')
def start_plain(domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    """Starts nodes with our own model and no others; all are stopped at the end of the module."""
    from robot import Process

    processes: list[Process] = []

    def start_one(*arguments: str, **options: Any) -> Process:
        log = tmp_path_factory.mktemp('node') / 'log.txt'
        fixed = ('-p', 'provider:=cpu', '-p', f'model_dir:={log.parent}')
        processes.append(Process(domain, log, *fixed, *arguments, **options))
        return processes[-1]

    yield start_one
    for process in processes:
        assert process.stop() == 0, process.log


@pytest.fixture(scope='module')
def start(start_plain: Callable[..., Process], network_arguments: list[str]) -> Callable[..., Process]:
    """Starts nodes that run the network of the golden data; all are stopped at the end of the module."""
    return lambda *arguments, **options: start_plain(*network_arguments, *arguments, **options)


@pytest.fixture
def shared_inputs() -> Path:
    """The folder of inputs that failed in version 0.1."""
    folder = Path(os.environ.get('BODYPIX_SHARED', REPOSITORY.parent / 'shared')) / 'bug_inputs'
    if not folder.is_dir():
        pytest.skip(f'needs {folder}')
    return folder


@pytest.fixture(scope='module')
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    from robot import Gate

    gate = Gate(tmp_path_factory.mktemp('gate') / 'gate')
    yield gate
    gate.open()  # else the node that is to be stopped waits for ever


@pytest.fixture(scope='module')
def node(start: Callable[..., Process]) -> Process:
    """A node with default parameters, shared by the tests of a module."""
    return start()
