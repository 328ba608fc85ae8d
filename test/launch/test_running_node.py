# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('launch_testing', reason='needs launch_testing, which a ROS brings and wheels do not')
pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')

from stubs import REPOSITORY, StubInstall


def test_the_launched_node_answers_and_ends_cleanly(shared: Path, server: str, model_dir: str, tmp_path: Path) -> None:
    from robot import own_domain

    environment = StubInstall(tmp_path, real_node=True).environment()
    with own_domain() as domain:
        environment |= {
            'ROS_DOMAIN_ID': str(domain),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'PYTHONPATH': f'{REPOSITORY / "test"}:{environment["PYTHONPATH"]}',
            'SERVER': server,
            'MODEL_DIR': model_dir,
            'PICTURE': str(shared / 'images' / 'demo' / 'astronaut_512.jpg'),
        }
        done = subprocess.run(
            [sys.executable, '-m', 'launch_testing.launch_test', REPOSITORY / 'test' / 'launch' / 'running_node.py'],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count('... ok') == 3
