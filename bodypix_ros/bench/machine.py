# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The machine that runs the benchmark, and what its processes use: CPU time and memory."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
from importlib import metadata
from pathlib import Path

try:
    import psutil
except ImportError:
    psutil = None

PACKAGES = ('onnxruntime', 'onnxruntime-gpu', 'numpy', 'numba', 'opencv-python', 'opencv-python-headless')

_BUSY = ('user', 'nice', 'system', 'irq', 'softirq', 'steal')
"""Kinds of CPU time that are not idle. `steal` is the time of other guests of the same host."""


def describe_machine() -> dict[str, str | int | float]:
    """Return processor, number of processors, load average, system and package versions."""
    load, *_ = os.getloadavg()
    found: dict[str, str | int | float] = {
        'processor': _processor_name(),
        'processors': os.cpu_count() or 1,
        'load': round(load, 2),
        'system': platform.platform(),
        'python': platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process, MB."""
    # On Linux, getrusage includes the peak of the parent process before exec.
    found = re.search(r'^VmHWM:\s*(\d+) kB$', _read('/proc/self/status'), re.MULTILINE)
    if found:
        return int(found[1]) * 1024 / 1e6
    unit = 1 if sys.platform == 'darwin' else 1024  # bytes on macOS, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def system_cpu_s() -> float | None:
    """Return the CPU time of all processes and processors since boot, seconds; None if psutil is not installed."""
    if psutil is None:
        return None
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in _BUSY))


def process_cpu_s(pid: int) -> float | None:
    """Return the CPU time of all threads of a process, seconds; None if psutil is not installed."""
    if psutil is None:
        return None
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _processor_name() -> str:
    """Return the name of the processor, which Python's `platform` does not report on Linux."""
    found = re.search(r'^(?:model name|Model)\s*: (.*)$', _read('/proc/cpuinfo'), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _read(path: str) -> str:
    """Return the text of a file; empty if it does not exist, as on other systems than Linux."""
    try:
        return Path(path).read_text(encoding='utf-8')
    except OSError:
        return ''
