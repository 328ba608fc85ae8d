# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files on any file system of fsspec, such as s3://; paths without a protocol are local."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from filelock import FileLock
from fsspec.implementations.local import LocalFileSystem

from ..work_folder import FileVersion, file_versions, fingerprint
from .storage import BagError


def exists(address: str) -> bool:
    """Return whether a file or folder exists."""
    system, path = _system(address)
    system.invalidate_cache()
    return bool(system.exists(path))


def names_in(address: str) -> set[str]:
    """Return the names of the files in a folder."""
    system, path = _system(address)
    system.invalidate_cache()
    return {PurePosixPath(file).name for file in system.ls(path, detail=False)}


def read(address: str) -> bytes:
    """Return the content of a file."""
    system, path = _system(address)
    return bytes(system.cat_file(path))


def write(address: str, data: bytes) -> None:
    """Write a file that appears when it is complete."""
    with tempfile.TemporaryDirectory(prefix='bodypix-upload') as folder:
        path = Path(folder, 'file')
        path.write_bytes(data)
        upload(path, address)


def upload(local: Path, address: str) -> None:
    """Upload a file or folder under another name, and rename it."""
    system, path = _system(address)
    part = f'{path}.part-{os.getpid()}'
    system.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
    if local.is_dir():
        for file in local.rglob('*'):
            remote = f'{part}/{file.relative_to(local).as_posix()}'
            system.makedirs(str(PurePosixPath(remote).parent), exist_ok=True)
            system.put_file(str(file), remote)
    else:
        system.put_file(str(local), part)
    if system.exists(path):  # of a run that ended before its report was written
        system.rm(path, recursive=True)
    system.mv(part, path, recursive=True)


def download(address: str, local: Path) -> None:
    """Copy a file to this machine."""
    system, path = _system(address)
    system.get_file(path, str(local))


def delete(address: str) -> None:
    """Delete a file or folder."""
    system, path = _system(address)
    system.rm(path, recursive=True)


def overlap(first: str, second: str) -> bool:
    """Return whether two addresses are the same, or one is in the folder of the other."""
    (system, path), (other_system, other_path) = _system(first), _system(second)
    paths = PurePosixPath(path), PurePosixPath(other_path)
    return system == other_system and (
        paths[0] == paths[1] or paths[0] in paths[1].parents or paths[1] in paths[0].parents
    )


def versions(address: str) -> list[FileVersion]:
    """Return the versions of a file, or of all files in a folder, without downloading them.

    Raises:
        BagError: the address does not exist.
    """
    system, path = _system(address)
    system.invalidate_cache()
    if not system.exists(path):
        raise BagError(f'{address} does not exist; expected a bag')
    if isinstance(system, LocalFileSystem):
        return file_versions(Path(path))
    return [(PurePosixPath(file).name, system.size(file), system.ukey(file)) for file in sorted(system.find(path))]


def fetch(address: str) -> Path:
    """Return the local path of a bag: itself, or a copy that all processes of this machine share.

    Raises:
        BagError: the bag does not exist.
    """
    system, path = _system(address)
    if isinstance(system, LocalFileSystem):
        return Path(path)
    key = fingerprint([address, versions(address)])[:32]
    copy = cache_folder() / key / PurePosixPath(path).name
    copy.parent.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(copy.parent.with_suffix('.lock')):
        if not copy.exists():
            part = copy.with_name('part')
            for file in system.find(path):
                local = part / PurePosixPath(file).relative_to(path) if file != path else part
                local.parent.mkdir(parents=True, exist_ok=True)
                system.get_file(file, str(local))
            part.rename(copy)
    return copy


def forget(copy: Path) -> None:
    """Delete a copy that `fetch` made."""
    if cache_folder() in copy.parents:
        shutil.rmtree(copy.parent, ignore_errors=True)


def cache_folder() -> Path:
    """Return the folder of the copies on this machine."""
    return Path(tempfile.gettempdir(), f'bodypix-bags-{os.getuid()}')


def _system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, with the configuration of fsspec, and the path in it."""
    system, path = fsspec.core.url_to_fs(address)
    return system, str(path)
