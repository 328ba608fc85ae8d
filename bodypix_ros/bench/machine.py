"""What the numbers were measured on and with."""

from __future__ import annotations

import os
import platform
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
    unit = 1 if sys.platform == 'darwin' else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _processor() -> str:
    """Return the processor's name; Python itself does not know it on Linux."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith(('model name', 'Model'))]
    return names[0] if names else platform.machine()
