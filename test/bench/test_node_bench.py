# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measuring the node."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bodypix_ros.bench.cases import Case
from bodypix_ros.bench.node_bench import measure_node
from bodypix_ros.errors import BodyPixError
from bodypix_ros.settings import NetworkSettings


def test_the_node_is_measured(astronaut: np.ndarray, model_dir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('rclpy', reason='needs ROS')
    pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')
    monkeypatch.setenv('ROS_DOMAIN_ID', '76')
    settings = NetworkSettings(model='bodypix_ros', model_dir=model_dir, provider='cpu')
    report = measure_node(Case(160, 120, 1, settings), astronaut, 20.0, 1.0)
    assert report.network.startswith('bodypix_ros ')
    assert report.provider == 'cpu'
    assert report.frames > 0
    assert report.stages_ms['age'] > report.stages_ms['inference'] > 0
    assert report.latency_ms > 0
    assert report.first_mask_ms > report.latency_ms
    assert report.cpu_ms is None or report.cpu_ms > 0


def test_without_ros_the_error_names_the_missing_module(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'ament_index_python.packages', None)
    monkeypatch.delitem(sys.modules, 'bodypix_ros.ros.transport', raising=False)
    with pytest.raises(
        BodyPixError, match='bodypix bench --node requires ROS 2, but ament_index_python is not installed'
    ):
        measure_node(Case(160, 120, 1, NetworkSettings()), astronaut, 20.0, 1.0)
