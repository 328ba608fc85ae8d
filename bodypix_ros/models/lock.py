"""One process at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import ModelError
from .disk import writing

LOCK_TIMEOUT_S = 600.0
_log = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder and keep every other process out of this same block for it.

    Raises:
        ModelError: the folder cannot be made or written, or another process does not let it go.
    """
    lock = FileLock(str(folder / '.lock'))
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.info('waiting for another process that is busy in %s', folder)
            _wait_for(lock)
    try:
        yield
    finally:
        lock.release()


def _wait_for(lock: FileLock) -> None:
    try:
        lock.acquire(timeout=LOCK_TIMEOUT_S)
    except Timeout as error:
        raise ModelError(
            f'another process has held {lock.lock_file} for {LOCK_TIMEOUT_S:g} s; end it and try again'
        ) from error
