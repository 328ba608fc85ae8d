"""What the numbers were measured on and with."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = ('onnxruntime', 'onnxruntime-gpu', 'numpy', 'numba', 'opencv-python', 'opencv-python-headless')


def describe_machine() -> dict[str, str | int | float]:
    """Return the processor, how many there are, how busy they are, and the versions of what is used."""
    load, *_ = os.getloadavg()
    found: dict[str, str | int | float] = {
        'processor': _processor(),
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
    """Return the most memory that this process has held so far, MB."""
    # On Linux getrusage begins with what the process that started this one held.
    found = re.search(r'^VmHWM:\s*(\d+) kB$', _read('/proc/self/status'), re.MULTILINE)
    if found:
        return int(found[1]) * 1024 / 1e6
    unit = 1 if sys.platform == 'darwin' else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _processor() -> str:
    """Return the processor's name; Python itself does not know it on Linux."""
    found = re.search(r'^(?:model name|Model)\s*: (.*)$', _read('/proc/cpuinfo'), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _read(path: str) -> str:
    """Return the text of a file of Linux, empty on other systems."""
    try:
        return Path(path).read_text(encoding='utf-8')
    except OSError:
        return ''
