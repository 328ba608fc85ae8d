"""Files that are whole or absent, and sentences for what the disk refuses."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ModelError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block, which writes to `path`, into a ModelError that says what to do."""
    try:
        yield
    except OSError as error:
        raise ModelError(_sentence(path, error)) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that other processes see the old one or the new one, never a piece.

    Raises:
        ModelError: the disk is full, or this user may not write there.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}-')
        try:
            with os.fdopen(descriptor, 'wb') as file:
                file.write(data)
            os.chmod(name, 0o644)  # mkstemp's 0600 would lock out the other users of a shared folder
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def _sentence(path: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return f'the disk is full: {path} cannot be written; make room or set model_dir to a folder on another disk'
    if error.errno in _FORBIDDEN:
        return (
            f'no permission to write {path} ({error.strerror}); give this user the right to write there or set '
            'model_dir to another folder'
        )
    return f'{path} cannot be written ({error.strerror}); set model_dir to a folder that can be'
