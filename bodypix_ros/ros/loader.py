"""Loading a network without keeping the node from answering."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..models.progress import Progress
from ..segmenter import BodyPix
from ..settings import NetworkSettings

Load = Callable[[NetworkSettings, Progress], BodyPix]
"""Loads a network and tells how far it is; raises a BodyPixError that says why it cannot."""


class Loader:
    """Loads one network in a thread of its own.

    Attributes:
        settings: what is loaded.
        net: the network, once loaded.
        error: why there is none, once that is known.
        doing: what is being done, in words.
    """

    def __init__(self, settings: NetworkSettings, load: Load, done: Callable[[], None]) -> None:
        """Start to load.

        Args:
            settings: what to load.
            load: does it.
            done: called in the loading thread when `net` or `error` is there, unless that was abandoned.
        """
        self.settings = settings
        self.net: BodyPix | None = None
        self.error: Exception | None = None
        self.doing = 'loading the network'
        self._load, self._done = load, done
        self._abandoned = False
        self._telling = threading.Lock()
        self._thread = threading.Thread(target=self._run, name='bodypix loader', daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread still lives."""
        return self._thread.is_alive()

    @property
    def finished(self) -> bool:
        """Whether there is a network or an error."""
        return self.net is not None or self.error is not None

    def abandon(self) -> None:
        """Tell nobody any more; the thread itself cannot be stopped."""
        with self._telling:
            self._abandoned = True

    def _run(self) -> None:
        try:
            self.net = self._load(self.settings, self._note)
        except Exception as error:  # a thread that dies in silence would leave the node waiting for ever
            self.error = error
        with self._telling:
            if not self._abandoned:
                self._done()

    def _note(self, task: str, done: int, total: int) -> None:
        self.doing = f'{task} ({done / total:.0%})' if total else task
