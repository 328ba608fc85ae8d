# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS executables of this package as child processes, and the signals that end their parent process.

`python -m bodypix_ros.demo.processes MODULE` runs a module until its parent process ends.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from ..errors import BodyPixError, SettingError
from ..launching.texts import parameter_text
from ..setting import Settings, Value

NODE, CAMERA = 'bodypix_ros.ros.main', 'bodypix_ros.demo.virtual_camera'
"""Modules of the executables bodypix_node and bodypix_camera."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP_TIMEOUT_S = 10.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Stop(KeyboardInterrupt):
    """Raised by a signal.

    This is a subclass because CPython exits with SIGINT instead of the exit status after a plain KeyboardInterrupt was
    raised inside `exec`, as in the import of a module with dataclasses, even if the exception was handled.
    """


class StopSignals:
    """Raises `Stop` in its `with` block on the first SIGINT, SIGTERM or SIGHUP; ignores later ones.

    A signal that arrives before the block raises at its start; one that arrives after it is ignored. SIGHUP remains
    ignored if the process was started with nohup. Create it in the main thread.
    """

    def __init__(self) -> None:
        self._received = self._raises = False
        for number in _STOP_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive)

    def __enter__(self) -> StopSignals:
        """Raise `Stop` from now on."""
        self._raises = True
        self._raise_received()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop raising."""
        self._raises = False

    @property
    def received(self) -> bool:
        """Whether a signal has arrived."""
        return self._received

    def ignore_more(self) -> None:
        """Ignore signals until the process ends, including after Python has restored its default handlers."""
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """Raise `Stop` at the end of the block if a signal arrives inside it."""
        raises, self._raises = self._raises, False
        try:
            yield
        finally:
            self._raises = raises
        self._raise_received()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        repeated, self._received = self._received, True
        if not repeated:
            self._raise_received()

    def _raise_received(self) -> None:
        if self._received and self._raises:
            raise Stop


def prepare_environment(command: str) -> None:
    """Set the environment variables that image transport needs, for this process and its children.

    Args:
        command: name for the error text, such as 'bodypix demo'.

    Raises:
        BodyPixError: ROS or the messages of this package are not installed.
    """
    try:
        from ..ros.transport import complete_environment, transport_environment

        complete_environment()
        os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        os.environ.update(transport_environment(os.environ))
        importlib.import_module('.result_collector', __package__)
    except ImportError as error:
        raise BodyPixError(
            f'{command} requires ROS 2, but {(error.name or "rclpy").split(".")[0]} is not installed: run `make demo`, '
            'or source a ROS 2 workspace that contains this package. `bodypix segment` does not require ROS'
        ) from error


def as_parameters(settings: Settings) -> dict[str, Value]:
    """Return the settings that differ from their defaults, by name."""
    values = {one.name: getattr(settings, one.name) for one in settings.describe()}
    return {one.name: values[one.name] for one in settings.describe() if values[one.name] != one.default}


@contextmanager
def running(module: str, namespace: str, parameters: Mapping[str, Value]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module as a ROS executable until the end of the `with` block.

    Args:
        module: run as `python -m module`; it ends with this process, even if this process is killed.
        namespace: of its nodes and topics.
        parameters: by name.

    Yields:
        The child process. It is stopped with SIGTERM, which unlike SIGINT prints no traceback while Python starts.

    Raises:
        SettingError: a parameter, such as a file name, is not UTF-8.
    """
    words = [word for name, value in parameters.items() for word in ('-p', f'{name}:={_utf8_text(name, value)}')]
    command = [sys.executable, '-m', __name__, module, '--ros-args', '-r', f'__ns:={namespace}', *words]
    # In a new session, so that Ctrl-C in the terminal reaches only this process, which then stops the child.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _utf8_text(name: str, value: Value) -> str:
    """Return the text of a parameter, which ROS requires to be UTF-8."""
    text = parameter_text(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SettingError(f'{name} must be UTF-8, as required by ROS, got {value!r}; rename the file') from error
    return text


def _run_module() -> None:
    """Run the module given as the first argument. It receives SIGTERM when the parent process ends."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    _run_module()
