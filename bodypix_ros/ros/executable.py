"""Our executables in processes of their own, for commands that show or measure them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from signal import SIGINT

from ..errors import BodyPixError
from ..setting import Settings

_END_S = 10.0


def prepare_environment(command: str) -> None:
    """Set the environment that images need, for this process and those it starts.

    Args:
        command: that needs ROS, for the error, such as 'the demo'.

    Raises:
        BodyPixError: ROS is not installed.
    """
    try:
        from .transport import complete_environment, transport_environment

        complete_environment()
        os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        os.environ.update(transport_environment())
        importlib.import_module('.collector', __package__)
    except ImportError as error:
        raise BodyPixError(
            f'{command} needs ROS 2, and {error.name} is missing here; use `make demo`, source a ROS 2 workspace with '
            'this package, or try `bodypix segment`, which needs no ROS'
        ) from error


def as_parameters(settings: Settings) -> list[str]:
    """Return the settings that differ from the defaults as ROS parameters, 'name:=value'."""
    changed = [one for one in settings.describe() if getattr(settings, one.name) != one.default]
    return [f'{one.name}:={_yaml(getattr(settings, one.name))}' for one in changed]


@contextmanager
def running(module: str, namespace: str, parameters: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module as a ROS executable; end it as Ctrl-C does."""
    words = [word for parameter in parameters for word in ('-p', parameter)]
    command = [sys.executable, '-m', module, '--ros-args', '-r', f'__ns:={namespace}', *words]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.send_signal(SIGINT)
            try:
                process.wait(timeout=_END_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
