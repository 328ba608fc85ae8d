# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A run's log: one JSON object a line, and its curves."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from torch import Tensor

from .losses import WEIGHTS


class Log:
    """Means of the losses over some steps, written to a file and printed.

    Args:
        path: the file, which is appended to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._since = time.monotonic()

    def add(self, parts: dict[str, Tensor]) -> None:
        """Take in the losses of one step, without waiting for the device."""
        for name, value in parts.items():
            self._sums[name] = self._sums[name] + value.detach() if name in self._sums else value.detach()
        self._steps += 1

    def write(self, batch: int, **facts: float) -> None:
        """Write the means since the last time, with the speed and other facts."""
        record: dict[str, Any] = {name: round(float(value) / self._steps, 5) for name, value in self._sums.items()}
        now = time.monotonic()
        record['samples_per_s'] = round(self._steps * batch / (now - self._since), 1)
        record = {**facts, **record}
        with self._path.open('a') as file:
            file.write(json.dumps(record) + '\n')
        print(' '.join(f'{name} {value:g}' for name, value in record.items()), flush=True)
        self._sums, self._steps, self._since = {}, 0, now


def draw_curves(log: Path, picture: Path) -> None:
    """Draw the losses over time as a PNG file."""
    from matplotlib.figure import Figure

    records = [json.loads(line) for line in log.read_text().splitlines()]
    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    for name in WEIGHTS:
        axes.plot([record['seconds'] / 60 for record in records], [record[name] for record in records], label=name)
    axes.set(xlabel='minutes', ylabel='loss', yscale='log')
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=90)
