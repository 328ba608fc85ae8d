# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The machine that runs the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bodypix_ros.bench import machine
from bodypix_ros.bench.machine import describe_machine, peak_memory_mb, process_cpu_s, system_cpu_s

ROOT = Path(__file__).resolve().parents[2]


def test_processor_and_versions_are_described() -> None:
    found = describe_machine()
    assert found['processor']
    assert int(found['processors']) >= 1
    assert found['numpy'] == np.__version__


def _peaks_mb(program: str) -> list[float]:
    """Return the numbers that a program prints in a new process; the peak of this one depends on other tests."""
    program = f'from bodypix_ros.bench.machine import peak_memory_mb\n{program}'
    done = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def test_peak_memory_grows_with_allocations() -> None:
    before, after = _peaks_mb('print(peak_memory_mb()); bytes(range(256)) * 400_000; print(peak_memory_mb())')
    assert before + 100 < after < before + 120


def test_peak_memory_excludes_the_parent_process() -> None:
    held = np.ones(300_000_000, np.uint8)
    (peak_mb,) = _peaks_mb('print(peak_memory_mb())')
    assert 5 < peak_mb < 100
    assert held[-1] == 1


def test_without_proc_getrusage_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, '_read', lambda _: '')
    assert peak_memory_mb() > 5
    assert describe_machine()['processor']


def test_cpu_time_of_a_busy_process_grows() -> None:
    pytest.importorskip('psutil', reason='psutil is not installed')
    before_s, system_before_s = process_cpu_s(os.getpid()), system_cpu_s()
    started_s = time.process_time()
    while time.process_time() < started_s + 0.2:
        pass
    after_s, system_after_s = process_cpu_s(os.getpid()), system_cpu_s()
    assert before_s is not None
    assert after_s is not None
    assert system_before_s is not None
    assert system_after_s is not None
    assert after_s - before_s >= 0.1
    assert system_after_s - system_before_s >= 0.1
