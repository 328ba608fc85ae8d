# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a network and its engine agree on, and what the engine of the CPU reads from the system."""

from __future__ import annotations

from pathlib import Path

import pytest

from bodypix_ros.inference.engine import Provider, network_geometry, quota_threads
from bodypix_ros.models.network import Network


def _network(model: str) -> Network:
    stride = 4 if model == 'bodypix_ros' else 16
    return Network('made up', model, b'', {}, stride, 2, 'mobilenet_v1', 'bodypix2', '')


@pytest.mark.parametrize(
    ('model', 'provider', 'size'),
    [
        ('bodypix', 'cpu', (241, 321)),
        ('bodypix', 'cuda', (481, 641)),
        ('bodypix_ros', 'cpu', (321, 449)),
        ('bodypix_ros', 'cuda', (321, 449)),
    ],
)
def test_auto_is_the_resolution_that_serves_network_and_provider(
    model: str, provider: Provider, size: tuple[int, int]
) -> None:
    geometry = network_geometry(_network(model), 'auto', provider, 480, 640)
    assert (geometry.input_height, geometry.input_width) == size


@pytest.mark.parametrize('model', ['bodypix', 'bodypix_ros'])
def test_a_resolution_that_was_asked_for_counts(model: str) -> None:
    geometry = network_geometry(_network(model), 'full', 'cuda', 480, 640)
    assert (geometry.input_height, geometry.input_width) == (481, 641)


def _write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace('__', '/').replace('_dot_', '.')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_threads_follow_the_quota_of_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('os.sched_getaffinity', lambda _process: set(range(16)), raising=False)
    second = _write(tmp_path / 'v2', sys__fs__cgroup__cpu_dot_max='250000 100000\n')
    assert quota_threads(second) == 3
    first = tmp_path / 'v1'
    group = first / 'sys/fs/cgroup/cpu'
    group.mkdir(parents=True)
    (group / 'cpu.cfs_quota_us').write_text('50000\n')
    (group / 'cpu.cfs_period_us').write_text('100000\n')
    assert quota_threads(first) == 1


def test_the_tightest_quota_of_all_control_groups_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('os.sched_getaffinity', lambda _process: set(range(16)), raising=False)
    root = _write(tmp_path, proc__self__cgroup='0::/system/robot\n', sys__fs__cgroup__cpu_dot_max='max 100000\n')
    _write(root, sys__fs__cgroup__system__cpu_dot_max='400000 100000', sys__fs__cgroup__system__robot__cpu_dot_max='x')
    assert quota_threads(root) == 4


@pytest.mark.parametrize('text', ['max 100000\n', '1600000 100000\n', '-1 100000\n', 'nonsense', ''])
def test_without_a_quota_threads_are_left_to_onnx_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr('os.sched_getaffinity', lambda _process: set(range(16)), raising=False)
    assert quota_threads(_write(tmp_path, sys__fs__cgroup__cpu_dot_max=text)) == 0
