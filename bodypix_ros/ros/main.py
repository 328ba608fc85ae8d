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

# Nothing slow is imported here: a signal in the first second finds its handler installed.
if TYPE_CHECKING:
    from .model_loader import Load
    from .node import BodyPixNode

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ShutdownSignals:
    """Notes the first SIGINT, SIGTERM or SIGHUP; later ones change nothing.

    Before `on_request` is called there is nothing to close, and the process ends at once with status 0. A thread
    notices the signal, wherever the main thread is, so that neither an exception nor a context that rclpy shuts down
    meets the node in the middle of its work. To be made in the main thread, before
    `rclpy.init(signal_handler_options=SignalHandlerOptions.NO)`.
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
        """Whether a signal has come."""
        return self._requested.is_set()

    def on_request(self, react: Callable[[], None]) -> None:
        """Call something when the signal comes, from the waiting thread, instead of ending the process."""
        self._react = react

    def ignore_more(self) -> None:
        """Ignore signals from now on: Python gives up its handlers before the process ends."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _wait(self) -> None:
        self._receiver.recv(1)
        self._requested.set()
        self._react()


class _RosHandler(logging.Handler):
    """Passes records of Python's logging on to a ROS logger; tracebacks at debug level."""

    def __init__(self, logger: Any) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f'{text}\n{"".join(traceback.format_exception(record.exc_info[1]))}'
        # One call for each level: rclpy remembers the level of each place in the code and refuses another.
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
    """Pass everything that `source` logs on to the ROS logger `target`, until the end of the `with` block."""
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
        args: of the command line; those of the process where None.
        load: loads a model; `load_model` where None.

    Returns:
        The exit status: 0; 1 where a GPU is required and there is none; 2 where an argument or a parameter is wrong.
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
    """What `run_node` needs of a node, apart from what rclpy's nodes have."""

    @property
    def fatal(self) -> Exception | None:
        """Why the process must end; None otherwise."""

    @property
    def busy(self) -> bool:
        """Whether a thread is running that cannot be stopped."""

    def start(self) -> None:
        """Start to work; called once the executor runs."""

    def stop(self) -> None:
        """Stop, before the node is destroyed."""


def run_node(make_node: Callable[[], RunnableNode], name: str, args: list[str] | None = None) -> int:
    """Run a node until SIGINT, SIGTERM or SIGHUP.

    Args:
        make_node: makes the node; called after `rclpy.init`.
        name: of the logger before there is a node.
        args: of the command line; those of the process where None.

    Returns:
        The exit status: 0; 1 where the node reports a fatal error; 2 where an argument or a parameter is wrong.
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
    if busy:  # a thread inside of C++ cannot be stopped, and must not be torn out of it either
        _exit(status)
    return status


def _spin(node: Any, signals: ShutdownSignals) -> None:
    """Run the callbacks of the node until a signal comes; an exception of one callback is logged."""
    import rclpy
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    from ..errors import log_error

    executor = SingleThreadedExecutor()
    executor.add_node(node)
    signals.on_request(executor.wake)
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
