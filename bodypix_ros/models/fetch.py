"""Bring a whole checkpoint from a server, or from a folder that is laid out like it, and check it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from .address import local_path
from .bodypix.fit import check_fit
from .bodypix.tfjs import Manifest
from .catalogue import CATALOGUE, Checkpoint
from .disk import writing
from .download import AbsentError, download
from .integrity import (
    MANIFEST_LIMIT_BYTES,
    Record,
    check_manifest,
    check_sum,
    inspect_files,
    read_record,
    write_record,
)
from .progress import Progress

_STAGING = '.fetch-'


def fetch_checkpoint(checkpoint: Checkpoint, server: str, folder: Path, progress: Progress) -> Record:
    """Fetch a checkpoint aside, check it, and only then put its files and their record into a folder.

    Args:
        checkpoint: which one.
        server: the address that stands for the official server.
        folder: where the files go; it exists, and the caller holds its lock.
        progress: told how far the fetch is, in bytes.

    Raises:
        AbsentError: the server has no such checkpoint.
        ModelError: the server cannot be reached; what it has is damaged; the disk is full.
        SettingError: what it has are the weights of another network.
    """
    for leftover in folder.glob(f'{_STAGING}*'):  # of processes that were killed
        shutil.rmtree(leftover, ignore_errors=True)
    with writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=_STAGING) as name:
        staging = Path(name)
        manifest = _fetch_manifest(checkpoint, server, staging)
        _fetch_weights(checkpoint, manifest, server, staging, progress)
        address = f'{server}/{checkpoint.folder}'
        record = verify_files(staging, checkpoint, _record_at(address), address)
        for file in (*manifest.files, checkpoint.manifest):
            os.replace(staging / file, folder / file)
        write_record(folder, record)
    return record


def verify_files(folder: Path, checkpoint: Checkpoint, record: Record | None, source: str) -> Record:
    """Check files against the catalogue and against what was noted about them.

    Args:
        folder: where they lie.
        checkpoint: what they ought to be.
        record: what was noted, None where nothing was.
        source: what a new record says where they came from.

    Returns:
        The given record, or a new one.

    Raises:
        ModelError: a file is missing or is not what it ought to be.
        SettingError: they are the weights of another network.
    """
    manifest, found = inspect_files(folder, checkpoint.manifest)
    weights = str(folder / ' + '.join(manifest.files))
    check_sum(weights, found.weights_sha256, checkpoint.weights_sha256)
    if record is not None:
        check_sum(weights, found.weights_sha256, record.fingerprint.weights_sha256)
        check_sum(str(folder / checkpoint.manifest), found.manifest_sha256, record.fingerprint.manifest_sha256)
    check_fit(manifest.shapes, checkpoint.architecture, checkpoint.multiplier, str(folder))
    return record or Record(found, source)


def checkpoints_at(server: str) -> tuple[Checkpoint, ...]:
    """Return the checkpoints below a file: address; none for other addresses, which cannot be listed."""
    root = local_path(server)
    if root is None:
        return ()
    return tuple(one for one in CATALOGUE if (root / one.folder / one.manifest).is_file())


def _fetch_manifest(checkpoint: Checkpoint, server: str, folder: Path) -> Manifest:
    address = f'{server}/{checkpoint.folder}/{checkpoint.manifest}'
    path = folder / checkpoint.manifest
    try:
        download(address, path, MANIFEST_LIMIT_BYTES, lambda done_bytes: None)
    except AbsentError as error:
        raise AbsentError(_absence(checkpoint, server, error)) from error
    return check_manifest(path.read_bytes(), address)


def _fetch_weights(checkpoint: Checkpoint, manifest: Manifest, server: str, folder: Path, progress: Progress) -> None:
    total, done = manifest.size_bytes, 0

    def report(file_bytes: int) -> None:
        progress(f'fetching {checkpoint.title}', done + file_bytes, total)

    for file in manifest.files:
        done += download(f'{server}/{checkpoint.folder}/{file}', folder / file, total - done, report)


def _record_at(address: str) -> Record | None:
    """Return the record of a folder that is itself a cache: it knows where its weights came from."""
    folder = local_path(address)
    return read_record(folder) if folder is not None else None


def _absence(checkpoint: Checkpoint, server: str, error: AbsentError) -> str:
    sentence = f'{checkpoint.title} is not on the server ({error})'
    if local_path(server) is None:
        return f'{sentence}; try another quant_bytes or multiplier, or another server'
    present = '; '.join(one.title for one in checkpoints_at(server)) or 'no checkpoint at all'
    return f'{sentence}; it has: {present}'
