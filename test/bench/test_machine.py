"""What the numbers were measured on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bodypix_ros.bench import machine
from bodypix_ros.bench.machine import describe_machine, peak_memory_mb

ROOT = Path(__file__).resolve().parents[2]


def test_processor_and_versions_are_named() -> None:
    found = describe_machine()
    assert found['processor']
    assert int(found['processors']) >= 1
    assert found['numpy'] == np.__version__


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory_mb()
    held = np.ones(200_000_000, np.uint8)
    assert peak_memory_mb() >= before + 50
    assert held[-1] == 1


def test_a_small_process_does_not_count_what_the_one_that_started_it_held() -> None:
    held = np.ones(300_000_000, np.uint8)
    program = 'from bodypix_ros.bench.machine import peak_memory_mb; print(peak_memory_mb())'
    done = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 5 < float(done.stdout) < 100
    assert held[-1] == 1


def test_without_proc_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, '_read', lambda _: '')
    assert peak_memory_mb() > 5
    assert describe_machine()['processor']
