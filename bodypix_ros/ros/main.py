# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The executables `bodypix_node` and `depth_filter`: signals, logging, and the executor around the node."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

# No slow imports here, so that signals are already handled in the first second.
if TYPE_CHECKING:
    from .model_loader import Load
    from .node import BodyPixNode

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ShutdownSignals:
    """Handles the first SIGINT, SIGTERM or SIGHUP; later signals are ignored.

    Before `on_request` is called, the process ends immediately with status 0, because there is nothing to close. A
    separate thread waits for the signal, so that the node is not interrupted by an exception or by the shutdown of the
    rclpy context. Create it in the main thread, before `rclpy.init(signal_handler_options=SignalHandlerOptions.NO)`.
    """

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._react: Callable[[], None] = lambda: os._exit(0)
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        # Python's own handlers run in the main thread only, which may be waiting for messages.
        signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:  # nohup ignores SIGHUP
                signal.signal(number, lambda *_: None)
        threading.Thread(target=self._wait, name='signals', daemon=True).start()

    @property
    def requested(self) -> bool:
        """Whether a signal has been received."""
        return self._requested.is_set()

    def on_request(self, react: Callable[[], None]) -> None:
        """Call a function from the waiting thread when a signal arrives, instead of ending the process."""
        self._react = react

    def ignore_more(self) -> None:
        """Ignore signals from now on, including after Python has removed its handlers at exit."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _wait(self) -> None:
        self._receiver.recv(1)
        self._requested.set()
        self._react()


class _RosHandler(logging.Handler):
    """Forwards records of Python's logging to a ROS logger, with tracebacks at debug level."""

    def __init__(self, logger: Any) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f'{text}\n{"".join(traceback.format_exception(record.exc_info[1]))}'
        # A separate call for each level, because rclpy does not allow one call site to change its level.
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)


@contextmanager
def forward_logging(source: logging.Logger, target: Any) -> Iterator[None]:
    """Forward all records of `source` to the ROS logger `target` until the end of the `with` block."""
    from rclpy.logging import LoggingSeverity

    handler = _RosHandler(target)
    level = source.level
    source.addHandler(handler)
    source.setLevel(logging.DEBUG if target.is_enabled_for(LoggingSeverity.DEBUG) else logging.INFO)
    try:
        yield
    finally:
        source.removeHandler(handler)
        source.setLevel(level)


def main(args: list[str] | None = None, load: Load | None = None) -> int:
    """Run the node until SIGINT, SIGTERM or SIGHUP.

    Args:
        args: command line arguments; None for those of the process.
        load: loads a model; None for `load_model`.

    Returns:
        The exit status: 0; 1 if a GPU is required but not available; 2 if an argument or a parameter is invalid.
    """

    def make_node() -> BodyPixNode:
        from .model_loader import load_model
        from .node import BodyPixNode

        return BodyPixNode(load or load_model, args)

    return run_node(make_node, 'bodypix', args)


def main_depth_filter(args: list[str] | None = None) -> int:
    """Run the node `depth_filter` until SIGINT, SIGTERM or SIGHUP; see `run_node`."""

    def make_node() -> RunnableNode:
        import cv2

        from .depth_node import DepthFilterNode

        cv2.setNumThreads(1)  # more threads cost more time than they save on images of this size
        return DepthFilterNode()

    return run_node(make_node, 'depth_filter', args)


class RunnableNode(Protocol):
    """The interface that `run_node` requires of a node, in addition to that of rclpy's nodes."""

    @property
    def fatal(self) -> Exception | None:
        """Why the process must end; None otherwise."""

    @property
    def busy(self) -> bool:
        """Whether a thread that is not a daemon is running and cannot be stopped."""

    def start(self) -> None:
        """Start receiving and publishing; called after the node was added to the executor."""

    def stop(self) -> None:
        """Stop receiving and publishing, before the node is destroyed."""


def run_node(make_node: Callable[[], RunnableNode], name: str, args: list[str] | None = None) -> int:
    """Run a node until SIGINT, SIGTERM or SIGHUP.

    Args:
        make_node: creates the node; called after `rclpy.init`.
        name: of the logger before the node exists.
        args: command line arguments; None for those of the process.

    Returns:
        The exit status: 0; 1 if the node reports a fatal error; 2 if an argument or a parameter is invalid.
    """
    signals = ShutdownSignals()
    import rclpy
    from rclpy.logging import get_logger
    from rclpy.signals import SignalHandlerOptions

    from ..errors import describe_error
    from .transport import complete_environment

    complete_environment()
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node: Any = make_node()
    except Exception as error:
        get_logger(name).fatal(describe_error(error))
        return 2
    with forward_logging(logging.getLogger('bodypix_ros'), node.get_logger()):
        _spin(node, signals)
        signals.ignore_more()
        node.stop()
    if node.fatal is not None:
        node.get_logger().fatal(str(node.fatal))
    status, busy = 0 if node.fatal is None else 1, node.busy
    node.destroy_node()
    rclpy.try_shutdown()
    if busy or any(thread.daemon for thread in threading.enumerate()):
        _exit(status)  # a thread in C++ code cannot be stopped, and Python would abort when it exits
    return status


def _spin(node: Any, signals: ShutdownSignals) -> None:
    """Run the callbacks of the node until a signal arrives; an exception in a callback is logged."""
    import rclpy
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    from ..errors import log_error

    executor = SingleThreadedExecutor()
    executor.add_node(node)
    # Unlike `executor.wake`, which continues to wait for the next callback, this ends `spin_once`.
    signals.on_request(node.create_guard_condition(lambda: None).trigger)
    node.start()
    while not signals.requested and node.fatal is None and rclpy.ok():
        try:
            executor.spin_once()
        except ExternalShutdownException:
            break
        except Exception as error:
            log_error(logging.getLogger('bodypix_ros'), 'a callback failed', error)
    executor.shutdown(timeout_sec=0.2)


def _exit(status: int) -> None:
    """End the process without waiting for threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == '__main__':
    sys.exit(main())
