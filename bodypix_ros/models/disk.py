"""Files of the cache: read with limits, written whole or not at all, by one process at a time."""

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

from ..errors import BodyPixError, ModelError, SettingError, describe_error, shorten

NO_CACHE = Path(os.devnull, 'bodypix_ros')
"""Stands for the cache of a user without a home folder: nothing is ever found there, and nothing can be written."""

LOCK_TIMEOUT_S = 600.0
JSON_LIMIT_BYTES = 64 << 10  # our records have less than 1 KB
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the user's cache folder for this package; NO_CACHE where the user has no home folder."""
    try:
        path = user_cache_path('bodypix_ros')
    except RuntimeError:  # of a recent platformdirs; an older one returns the relative path ~/.cache
        return NO_CACHE
    return path if path.is_absolute() else NO_CACHE


def named_folder(text: str, name: str) -> Path:
    """Return the folder that a setting names; it need not exist.

    Args:
        text: its path; `~` and `~user` are expanded.
        name: of the setting, for error texts.

    Raises:
        SettingError: the user is unknown, the path is a loop of symbolic links, or it is no path at all.
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
    """Turn every unforeseen exception of the block into a ModelError, and log its traceback at debug level.

    Args:
        task: what the block does: 'reading the cache'.
    """
    try:
        yield
    except BodyPixError:
        raise
    except Exception as error:
        _log.debug('%s failed', task, exc_info=True)
        raise ModelError(f'{task} failed: {describe(error)}') from error


def describe(error: BaseException) -> str:
    """Return an exception as part of a sentence, in one line."""
    text = str(error.strerror) if isinstance(error, OSError) and error.strerror else describe_error(error)
    return ' '.join(text.split())


def quoted(value: object) -> str:
    """Return a value as an error text quotes it: its `repr`, shortened to 200 characters."""
    return shorten(repr(value))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError or ValueError of the block, which writes to `path`, into a ModelError that says what to do."""
    try:
        yield
    except BodyPixError:
        raise
    except OSError as error:
        raise ModelError(_refusal(path, error)) from error
    except ValueError as error:  # a path with a null byte, or one that cannot be encoded
        raise ModelError(
            f'{quoted(str(path))} is not a valid path ({error}); set model_dir to another folder'
        ) from error


def read_file(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        ModelError: there is none, it cannot be read, or it is longer than `limit_bytes`.
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
        ModelError: there is none, or it is something else, such as a folder or a pipe.
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
        raise ModelError(f'{path} must hold a JSON object, got {type(content).__name__}')
    return content


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that other processes see the old one or the new one, never a part.

    Raises:
        ModelError: the disk is full, or this user may not write there.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}-')
        try:
            with os.fdopen(descriptor, 'wb') as file:
                file.write(data)
            place(Path(name), path)
        except BaseException:
            os.unlink(name)
            raise


def place(new: Path, path: Path) -> None:
    """Move a finished file to its path, in the place of whatever is there.

    Raises:
        OSError: it cannot be moved.
    """
    os.chmod(new, 0o644)  # mkstemp's 0600 would lock out the other users of a shared folder
    if path.is_dir() and not path.is_symlink():
        discard(path)
    os.replace(new, path)


def discard(path: Path) -> None:
    """Remove a file, a link or a folder; nothing happens where there is none.

    Raises:
        OSError: it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create a folder and keep every other process out of this block for it.

    Raises:
        ModelError: the folder cannot be created or written, or another process holds it for too long.
    """
    lock = FileLock(str(folder / '.lock'))
    with guarded(f'locking {folder}'), writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.info('waiting for another process that is using %s', folder)
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
