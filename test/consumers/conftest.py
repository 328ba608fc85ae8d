# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain, a robot, and a node that sees a person wherever an image is red."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ros_domain import domain, robot

__all__ = ['domain', 'node', 'robot']

TEST = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from robot import Process


@pytest.fixture(scope='module')
def node(domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    from robot import Process

    log = tmp_path_factory.mktemp('node') / 'log.txt'
    program = (str(TEST / 'consumers' / 'painted_node.py'),)
    process = Process(domain, log, '-p', 'provider:=cpu', '-p', f'model_dir:={log.parent}', program=program)
    yield process
    assert process.stop() == 0, process.log
