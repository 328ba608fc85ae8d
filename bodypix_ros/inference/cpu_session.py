# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sessions of ONNX Runtime on the CPU: number of threads and options."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from ..onnx_runtime import onnxruntime

# A thread that waits for work first spins and then sleeps. By default, ONNX Runtime spins for milliseconds, which uses
# a third of the CPU time of a camera's frames and, on a busy machine, delays the threads that have work.
# Versions before 1.26 ignore these entries.
_SPIN_BRIEFLY = {'session.intra_op.spin_duration_us': '100', 'session.intra_op.spin_backoff_max': '8'}

# Slower, but correct on processors that accumulate products of bytes in 16 bits, which overflow.
_ADD_IN_32_BITS = {'session.x64quantprecision': '1'}


def open_cpu_session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open a session of a network with the input 'input' (N, 3, h, w) float32.

    Args:
        model: serialised ONNX.
        threads: 0 means one per physical core, within the CPU quota of the container.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or quota_threads()
    for name, value in {**_SPIN_BRIEFLY, **({} if _has_vnni() else _ADD_IN_32_BITS)}.items():
        options.add_session_config_entry(name, value)
    return onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])


def quota_threads(root: Path = Path('/')) -> int:
    """Return the number of threads that the CPU quota of this process's control group allows; 0 without a quota.

    A container with a quota of two CPUs sees all cores of its machine; threads beyond the quota would be throttled.

    Args:
        root: root of the file system; not / in tests.
    """
    quotas = [quota for folder in _control_groups(root) if (quota := _cpu_quota(folder)) is not None]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    allowed = math.ceil(min(quotas)) if quotas else 0
    return max(allowed, 1) if quotas and allowed < cores else 0


def _control_groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control group and its parents, for versions 1 and 2."""
    mount = root / 'sys/fs/cgroup'
    try:
        lines = (root / 'proc/self/cgroup').read_text(encoding='utf-8').splitlines()
    except OSError:
        lines = []
    for line in [*lines, '0::/', '0:cpu:/']:
        controllers, _, path = line.partition(':')[2].partition(':')
        if controllers in ('', 'cpu', 'cpu,cpuacct', 'cpuacct,cpu'):
            group = Path(path.lstrip('/'))
            yield from (mount / controllers / above for above in (group, *group.parents))


def _cpu_quota(folder: Path) -> float | None:
    """Return the number of CPUs that a control group may use; None if it has no limit."""
    try:
        if (folder / 'cpu.max').is_file():
            quota, period = (folder / 'cpu.max').read_text(encoding='utf-8').split()
        else:
            quota, period = (
                (folder / f'cpu.cfs_{name}_us').read_text(encoding='utf-8').strip() for name in ('quota', 'period')
            )
        cpus = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):  # 'max' is not a number
        return None
    return cpus if cpus > 0 else None  # -1 is no limit


def _has_vnni() -> bool:
    """Return whether this is an x86 processor that accumulates products of bytes in 32 bits."""
    try:
        return 'vnni' in Path('/proc/cpuinfo').read_text(encoding='utf-8')
    except OSError:
        return False
