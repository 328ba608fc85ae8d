"""Ending a process in order, on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """Waits for the first SIGINT or SIGTERM; later ones change nothing.

    A thread is told of the signal at once, wherever the main thread stands, so that neither an exception nor a context
    that rclpy shuts down meets the node in the middle of its work. To be made in the main thread, before
    `rclpy.init(signal_handler_options=SignalHandlerOptions.NO)`.
    """

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._wake: Callable[[], None] = lambda: None
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        # Python's own handlers run in the main thread only, which may be waiting for messages.
        signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            signal.signal(number, lambda *_: None)
        threading.Thread(target=self._wait, name='signals', daemon=True).start()

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self._requested.is_set()

    def call(self, wake: Callable[[], None]) -> None:
        """Call something when the signal comes, from the waiting thread."""
        self._wake = wake

    def ignore_more(self) -> None:
        """Ignore signals from now on: Python gives its handlers up before the process ends."""
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)

    def _wait(self) -> None:
        self._receiver.recv(1)
        self._requested.set()
        self._wake()
