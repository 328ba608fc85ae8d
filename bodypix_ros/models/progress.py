"""How long tasks tell how far they are."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is called now and then while weights are fetched and while a network is built."""

    def __call__(self, task: str, done: int, total: int) -> None:
        """Take note of the progress.

        Args:
            task: what is being done, as a phrase: 'fetching MobileNetV1 0.50, 4-byte weights'.
            done: how much of it, 0..total: bytes of a fetch, steps of anything else.
            total: how much there is.
        """


def no_progress(task: str, done: int, total: int) -> None:
    """Be a `Progress` that nobody watches."""
