# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A progress bar on the terminal."""

from __future__ import annotations

import sys

from tqdm import tqdm

_BYTES = {'unit': 'B', 'unit_scale': True}


class ProgressBar:
    """A `Progress` that draws one bar after another on stderr; use it as a context manager."""

    def __init__(self, unit: str = '') -> None:
        """Create a progress bar.

        Args:
            unit: what is counted; empty for bytes, or for steps if there is only one.
        """
        self._unit = unit
        self._task = ''
        self._bar: tqdm | None = None

    def __call__(self, task: str, done: int, total: int) -> None:
        """Show how much of the task is done, the rate and the remaining time; `total` is 0 if it is unknown."""
        if self._bar is None or task != self._task:
            self.close()
            self._task = task
            unit = {'unit': f' {self._unit}s'} if self._unit else {'unit': ' steps'} if total == 1 else _BYTES
            interval_s = 0.1 if sys.stderr.isatty() else 30.0  # a log file would grow with each step
            self._bar = tqdm(
                desc=task, total=total or None, initial=done, mininterval=interval_s, maxinterval=interval_s, **unit
            )
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> ProgressBar:
        """Return the bar itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the last bar."""
        self.close()

    def close(self) -> None:
        """Finish the bar that is being drawn, if any."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None
