# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder next to an output in which it is prepared, so that the output is complete or absent."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from ..errors import BodyPixError
from ..models.disk import discard, flush

_LOG = logging.getLogger(__name__)

REPORT = 'report.json'
"""The file that identifies a folder as an output of this program."""

FileVersion = tuple[str, int, str]
"""Name and size in bytes of a file, and a text that changes when the file is replaced."""

_STATE, _JOB, _LOCK = 'state', 'job.json', 'lock'


class Checkpoint(NamedTuple):
    """The number of frames whose products are complete, and the state that the next frames depend on."""

    frames: int
    state: bytes


class WorkFolder:
    """The folder OUTPUT.partial. Only one process can use it at a time.

    Attributes:
        result: folder with what becomes the output.
        pieces: folder for everything that the output is made from.
    """

    def __init__(self, output: Path, job: Mapping[str, Any]) -> None:
        """Create the folder, or open the one that an interrupted run left.

        Args:
            output: file or folder that is prepared.
            job: everything that the output depends on, as JSON values; the results of another job are discarded.

        Raises:
            BodyPixError: the folder cannot be created, or another process uses it.
        """
        self._output, self._job = output, json.dumps(job, sort_keys=True)
        self._folder = partial_folder(output)
        self.result, self.pieces = self._folder / 'result', self._folder / 'pieces'
        self._lock = FileLock(self._folder / _LOCK)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise BodyPixError(f'another process is writing {output}; wait for it, or choose another output') from error
        except OSError as error:
            raise BodyPixError(f'failed to create {self._folder} ({error.strerror}); choose another output') from error

    def __enter__(self) -> WorkFolder:
        """Return the folder itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Release the folder. After a failure it remains if there is a checkpoint from which a run can continue."""
        if error is not None and self._folder.exists() and not (self._folder / _STATE).exists():
            self._delete()
        self._lock.release()

    def resume(self) -> Checkpoint | None:
        """Return the last checkpoint of the same job; if there is none, discard everything and return None.

        Raises:
            BodyPixError: see `restart`.
        """
        if self._is_same_job():
            header, _, state = (self._folder / _STATE).read_bytes().partition(b'\n')
            return Checkpoint(int(header), state)
        self.restart()
        return None

    def restart(self) -> None:
        """Discard everything that an earlier run left.

        Raises:
            BodyPixError: the folder cannot be written.
        """
        with writing(self._output):
            for path in self._folder.iterdir():
                if path.name != _LOCK:
                    discard(path)
            self.result.mkdir()
            self.pieces.mkdir()
            (self._folder / _JOB).write_text(self._job, encoding='utf-8')

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint.

        Raises:
            BodyPixError: the folder cannot be written.
        """
        with writing(self._output):
            new = self._folder / f'{_STATE}.new'
            new.write_bytes(b'%d\n' % checkpoint.frames + checkpoint.state)
            new.replace(self._folder / _STATE)

    def publish(self, new: Path | None = None) -> None:
        """Replace the output and delete the folder.

        Args:
            new: what becomes the output; None for `result`, or the file in it with the name of the output.
        """
        file = self.result / self._output.name
        new = new or (file if file.is_file() else self.result)
        flush(new)
        if self._output.is_dir() or (new.is_dir() and os.path.lexists(self._output)):  # cannot be replaced in one step
            self._output.rename(self._folder / 'replaced')
        new.replace(self._output)
        self._delete()

    def _delete(self) -> None:
        self._lock.release()
        shutil.rmtree(self._folder)

    def _is_same_job(self) -> bool:
        if not all((self._folder / name).exists() for name in (_STATE, _JOB, 'result', 'pieces')):
            return False
        same = (self._folder / _JOB).read_text(encoding='utf-8') == self._job
        if not same:
            _LOG.warning('%s contains results of another input or of other settings; starting again', self._folder)
        return same


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Convert OSError in the block, which writes an output or its work folder, to BodyPixError."""
    try:
        yield
    except OSError as error:
        raise BodyPixError(
            f'failed to write {output} ({error.strerror or error}); free some space or choose another output, then run '
            'the command again'
        ) from error


def partial_folder(output: Path) -> Path:
    """Return the work folder of an output, whether or not it exists."""
    return output.with_name(f'{output.name}.partial')


def file_versions(path: Path) -> list[FileVersion]:
    """Return the versions of a file, or of all files in a folder; an empty list if there are none."""
    files = sorted(path.rglob('*')) if path.is_dir() else [path]
    stats = [(file, file.stat()) for file in files if file.is_file()]
    return [(file.name, status.st_size, str(status.st_mtime_ns)) for file, status in stats]


def fingerprint(content: Any) -> str:
    """Return a text of 64 characters that is the same for equal JSON values only."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_output(output: Path, source: Path | None, overwrite: bool, report: Path | None = None) -> None:
    """Check that an output may be written.

    Args:
        output: file or folder.
        source: file or folder that is read; None for cameras and addresses.
        overwrite: whether an output of an earlier run may be replaced.
        report: the file that identifies the output as that of an earlier run; if None, it is `REPORT` in a folder, and
            a file is not checked.

    Raises:
        BodyPixError: the output exists, or writing it would change the source.
    """
    place = output.resolve()
    if source is not None:
        read = source.resolve()
        if place == read or read in place.parents or place in read.parents:
            raise BodyPixError(
                f'{output} would change the input {source}, which is never overwritten; choose another output'
            )
    if not os.path.lexists(output) or (output.is_dir() and not any(output.iterdir())):
        return
    if not overwrite:
        raise BodyPixError(f'{output} exists; choose another output, or add --overwrite to replace it')
    if report is not None and not report.is_file():  # a recording, if the user forgot to give OUT
        raise BodyPixError(
            f'{output} is not replaced: without {report.name} next to it, it is not an output of this program; choose '
            'another output'
        )
    if report is None and output.is_dir() and not (output / REPORT).is_file():
        raise BodyPixError(f'{output} is a folder without a {REPORT} and is not replaced; choose another output')
