# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The interface through which long tasks report their progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A function that is called repeatedly during a long task, such as a download."""

    def __call__(self, task: str, done: int, total: int) -> None:
        """Report the progress.

        Args:
            task: what is being done, as a phrase: 'fetching MobileNetV1 0.50, 4-byte weights'.
            done: completed amount, 0..total: bytes of a download, frames of a recording, otherwise steps.
            total: total amount; 0 if it is unknown.
        """


def no_progress(task: str, done: int, total: int) -> None:
    """Ignore the progress."""
