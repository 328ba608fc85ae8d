"""The node, watched."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bodypix_ros.bench.case import Case
from bodypix_ros.bench.node import measure_node
from bodypix_ros.errors import BodyPixError
from bodypix_ros.settings import NetworkSettings


def test_the_node_is_fed_and_watched(astronaut: np.ndarray, model_dir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('rclpy', reason='needs ROS')
    pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')
    monkeypatch.setenv('ROS_DOMAIN_ID', '76')
    settings = NetworkSettings(checkpoint='builtin', model_dir=model_dir, provider='cpu')
    report = measure_node(Case(160, 120, 1, settings), astronaut, 20.0, 1.0)
    assert report.network == 'bodypix_ros 0.25, stride 16'
    assert report.provider == 'cpu'
    assert report.frames > 0
    assert report.stages['age'] > report.stages['inference'] > 0
    assert report.arrival_ms > 0
    assert report.first_mask_ms > report.arrival_ms
    assert report.cpu_ms is None or report.cpu_ms > 0


def test_without_ros_there_is_a_sentence(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'ament_index_python.packages', None)
    monkeypatch.delitem(sys.modules, 'bodypix_ros.ros.transport', raising=False)
    with pytest.raises(BodyPixError, match='bodypix bench --node needs ROS 2, but ament_index_python is not installed'):
        measure_node(Case(160, 120, 1, NetworkSettings()), astronaut, 20.0, 1.0)
