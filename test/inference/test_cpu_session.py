# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sessions on the CPU: their options and their number of threads."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkpoints import whole_network

from bodypix_ros.inference.cpu_session import open_cpu_session, quota_threads
from bodypix_ros.models.bodypix.build import build_onnx
from bodypix_ros.models.bodypix.heads import MASK_HEADS


@pytest.fixture(scope='module')
def model() -> bytes:
    """A narrow network of noise."""
    built: bytes = build_onnx(
        whole_network(0.25), 'mobilenet_v1', 0.25, 16, 'trained', MASK_HEADS, 2
    ).SerializeToString()
    return built


@pytest.mark.parametrize('threads', [0, 1, 3])
def test_threads_are_as_many_as_asked_for_and_spin_briefly(model: bytes, threads: int) -> None:
    options = open_cpu_session(model, threads).get_session_options()
    assert options.intra_op_num_threads == threads
    assert options.get_session_config_entry('session.intra_op.spin_duration_us') == '100'


@pytest.mark.parametrize(('flags', 'slow'), [('avx2 avx512_vnni', False), ('avx2 avx_vnni', False), ('avx2', True)])
def test_only_processors_whose_sums_of_bytes_overflow_take_the_slower_way(
    model: bytes, monkeypatch: pytest.MonkeyPatch, flags: str, slow: bool
) -> None:
    monkeypatch.setattr(Path, 'read_text', lambda *_, **__: f'model name: A CPU\nflags: fpu {flags} sse\n')
    options = open_cpu_session(model).get_session_options()
    if slow:
        assert options.get_session_config_entry('session.x64quantprecision') == '1'
    else:
        with pytest.raises(RuntimeError, match='x64quantprecision'):
            options.get_session_config_entry('session.x64quantprecision')


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
