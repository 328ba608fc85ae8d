# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of the cache: size-limited reads, atomic writes, and a lock between processes."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from ..errors import BodyPixError, ModelError, SettingError, describe_error, quoted

NO_CACHE = Path(os.devnull, 'bodypix_ros')
"""The cache folder of a user without a home folder: it contains nothing and cannot be written."""

LOCK_TIMEOUT_S = 600.0
JSON_LIMIT_BYTES = 64 << 10  # our records have less than 1 KB
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_LOG = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the user's cache folder for this package; NO_CACHE where the user has no home folder."""
    try:
        path = user_cache_path('bodypix_ros')
    except RuntimeError:  # raised by recent versions of platformdirs; older ones return the relative path ~/.cache
        return NO_CACHE
    return path if path.is_absolute() else NO_CACHE


def named_folder(text: str, name: str) -> Path:
    """Return the folder given by a setting; it need not exist.

    Args:
        text: its path; `~` and `~user` are expanded.
        name: of the setting, for error texts.

    Raises:
        SettingError: the user is unknown, the path contains a loop of symbolic links, or the text is not a valid path.
    """
    try:
        path = Path(text).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingError(f'{name} must be the path of a folder, got {quoted(text)} ({reason})') from error
    return path


@contextmanager
def guarded(task: str) -> Iterator[None]:
    """Convert unexpected exceptions in the block to ModelError, and log their traceback at debug level.

    Args:
        task: what the block does, for the error text: 'reading the cache'.
    """
    try:
        yield
    except BodyPixError:
        raise
    except Exception as error:
        _LOG.debug('%s failed', task, exc_info=True)
        raise ModelError(f'{task} failed: {describe(error)}') from error


def describe(error: BaseException) -> str:
    """Return the text of an exception as one line, for use in a sentence."""
    text = str(error.strerror) if isinstance(error, OSError) and error.strerror else describe_error(error)
    return ' '.join(text.split())


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert OSError and ValueError in the block, which writes to `path`, to a ModelError with advice."""
    try:
        yield
    except BodyPixError:
        raise
    except OSError as error:
        raise ModelError(_refusal(path, error)) from error
    except ValueError as error:  # the path contains a null byte or cannot be encoded
        raise ModelError(
            f'{quoted(str(path))} is not a valid path ({error}); set model_dir to another folder'
        ) from error


def read_file(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        ModelError: it does not exist, cannot be read, or is longer than `limit_bytes`.
    """
    size = file_size(path)
    if size > limit_bytes:
        raise ModelError(f'{path} has {size} bytes, expected at most {limit_bytes}')
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ModelError(f'{path} cannot be read ({getattr(error, "strerror", error)})') from error


def file_size(path: Path) -> int:
    """Return the size of a regular file, bytes.

    Raises:
        ModelError: it does not exist, or is not a regular file but, for example, a folder or a pipe.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise ModelError(f'{path} cannot be read ({getattr(error, "strerror", error)})') from error
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f'{path} is not a regular file')
    return status.st_size


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a small JSON file.

    Raises:
        ModelError: it cannot be read, or is not a JSON object.
    """
    try:
        content = json.loads(read_file(path, JSON_LIMIT_BYTES))
    except (ValueError, RecursionError) as error:
        raise ModelError(f'{path} is not a JSON file ({describe(error)})') from error
    if not isinstance(content, dict):
        raise ModelError(f'{path} must contain a JSON object, got {type(content).__name__}')
    return content


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically: other processes see either the old or the new content.

    Raises:
        ModelError: the disk is full, or this user has no write permission.
    """
    with writing(path), replacing(path) as new:
        new.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new, empty file next to `path`, and move it there after the block, or remove it on an error.

    Its content is on the disk before it is moved, so that a power failure leaves no incomplete file.

    Raises:
        OSError: the file cannot be created or moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}-')
    os.close(descriptor)
    new = Path(name)
    try:
        yield new
        flush(new)
        place(new, path)
    finally:
        new.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until the content of a file, or of all files in a folder, is on the disk.

    Raises:
        OSError: a file cannot be read or written.
    """
    for file in path.rglob('*') if path.is_dir() else [path]:
        if file.is_file():
            with file.open('rb') as opened:
                os.fsync(opened.fileno())


def place(new: Path, path: Path) -> None:
    """Move a finished file to its path and replace whatever exists there.

    Raises:
        OSError: the file cannot be moved.
    """
    os.chmod(new, 0o644)  # with the 0600 of mkstemp, other users of a shared folder could not read it
    if path.is_dir() and not path.is_symlink():
        discard(path)
    os.replace(new, path)


def discard(path: Path) -> None:
    """Remove a file, a link or a folder if it exists.

    Raises:
        OSError: it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create a folder and lock it against other processes until the end of the block.

    Raises:
        ModelError: the folder cannot be created or written, or another process has held the lock for too long.
    """
    lock = FileLock(str(folder / '.lock'))
    with guarded(f'locking {folder}'), writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _LOG.info('waiting for another process that is using %s', folder)
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


def _refusal(path: Path, error: OSError) -> str:
    if NO_CACHE in (path, *path.parents):
        return 'there is no cache folder, because this user has no home folder; set model_dir or HOME'
    if error.errno in _FULL:
        return f'the disk is full: {path} cannot be written; free some space or set model_dir to a folder elsewhere'
    if error.errno in _FORBIDDEN:
        return (
            f'no permission to write {path} ({error.strerror}); grant this user write permission or set model_dir to '
            'another folder'
        )
    return f'{path} cannot be written ({error.strerror}); set model_dir to another folder'
