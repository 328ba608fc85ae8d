"""The one thread that runs the network, so that the executor stays free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic

from .schedule import Frame, Schedule

_NAP_S = 0.5


class Worker(Generic[Frame]):
    """Takes batches off a schedule and works on them, one after the other, until it is stopped."""

    def __init__(
        self,
        schedule: Schedule[Frame],
        alike: Callable[[Frame], Hashable],
        work: Callable[[list[Frame]], None],
    ) -> None:
        """Start the thread.

        Args:
            schedule: where frames come from.
            alike: see `Schedule.take`.
            work: what to do with a batch. It handles its own errors.
        """
        self._schedule, self._alike, self._work = schedule, alike, work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='bodypix worker', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch that is in work, and end."""
        self._stopping.set()
        self._schedule.wake()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            batch = self._schedule.take(self._alike, _NAP_S)
            if batch:
                self._work(batch)
