# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cache of official checkpoints on this machine, with the layout of the official server."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ..errors import BodyPixError, ModelError, shorten
from ..settings import OFFICIAL_SERVER, NetworkSettings
from .bodypix.tfjs import MANIFEST_LIMIT_BYTES, Manifest, parse_manifest
from .bodypix.verify import RECORD_FILE, Record, read_record, verify_files, write_record
from .catalogue import CATALOGUE, Checkpoint
from .disk import (
    NO_CACHE,
    cache_folder,
    discard,
    guarded,
    locked,
    named_folder,
    place,
    read_file,
    writing,
)
from .download import MINIMUM_RATE_BYTES_PER_S, AbsentError, clean_address, download, local_path, shown
from .progress import Progress, no_progress

MANIFEST_DEADLINE_S = 60.0
_STAGING = '.fetch-'
_SHOWN_NAMES = 3
_LOG = logging.getLogger(__name__)


class Store:
    """A folder of checkpoints. Several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        """Use the folder `root`; it is created when the first checkpoint is stored."""
        self.root = root

    def folder(self, checkpoint: Checkpoint) -> Path:
        """Return the folder for the files of the checkpoint, which may not exist."""
        return self.root / checkpoint.folder

    def has(self, checkpoint: Checkpoint) -> bool:
        """Return whether the checkpoint is in the store; its content is not verified."""
        return os.path.isfile(self.folder(checkpoint) / checkpoint.manifest)

    def record(self, checkpoint: Checkpoint) -> Record | None:
        """Return the record of the checkpoint, or None if there is no valid one."""
        return read_record(self.folder(checkpoint))

    def verify(self, checkpoint: Checkpoint) -> Record:
        """Check the files of a checkpoint against the catalogue and its record, and build a network from them.

        Returns:
            The record of the files; a new one if there was none, or one that contradicted the catalogue.

        Raises:
            ModelError: a file is missing or has changed, or no network can be built from the weights.
            SettingError: the weights belong to another network.
        """
        with guarded(f'reading {self.folder(checkpoint)}'):
            return verify_files(self.folder(checkpoint), checkpoint, self.record(checkpoint), 'found in the cache')

    def obtain(
        self, checkpoint: Checkpoint, server: str, *, allow_download: bool, progress: Progress = no_progress
    ) -> Record:
        """Return the record of a checkpoint after verification; download the checkpoint if it is missing or damaged.

        Args:
            checkpoint: the checkpoint.
            server: address of the official server or its replacement.
            allow_download: whether it may be downloaded.
            progress: called with the progress of the download.

        Raises:
            AbsentError: the server does not have this checkpoint.
            ModelError: it is missing or damaged, and cannot or must not be downloaded.
        """
        complaint = self._absence(checkpoint)
        if complaint is None:
            try:
                return self._keep_record(checkpoint, self.verify(checkpoint))
            except BodyPixError as damage:
                complaint = f'{checkpoint.title} in the cache cannot be used: {damage}'
                _LOG.warning('%s', complaint)
        if not allow_download:
            raise ModelError(f'{complaint}; {_ways_to_get(checkpoint)}')
        with locked(self.folder(checkpoint)):
            with suppress(BodyPixError):  # another process may have fetched it while this one waited
                return self._keep_record(checkpoint, self.verify(checkpoint))
            _LOG.info('fetching %s from %s', checkpoint.title, shown(server))
            return fetch_checkpoint(checkpoint, server, self.folder(checkpoint), progress)

    def import_from(self, source: str, progress: Progress = no_progress) -> tuple[Checkpoint, ...]:
        """Copy all checkpoints of a folder with the layout of the server into the store.

        Args:
            source: the folder, as a path or file: address.
            progress: called with the progress of each copy.

        Returns:
            The imported checkpoints, all of which are verified.

        Raises:
            ModelError: there are none, or some are damaged; the others are still imported.
            SettingError: the source is not a valid path.
        """
        address = _folder_address(source)
        imported, complaints = [], []
        for checkpoint in checkpoints_at(address):
            try:
                with locked(self.folder(checkpoint)):
                    fetch_checkpoint(checkpoint, address, self.folder(checkpoint), progress)
                imported.append(checkpoint)
            except BodyPixError as error:
                complaints.append(f'{checkpoint.title}: {error}')
        if complaints:
            good = '; '.join(checkpoint.title for checkpoint in imported) or 'nothing'
            raise ModelError(f'imported {good}; rejected {"; ".join(complaints)}')
        if not imported:
            raise ModelError(
                f'{source} must contain checkpoints in the layout of the server, such as '
                f'{CATALOGUE[0].folder}/{CATALOGUE[0].manifest}, or .tflite files of MediaPipe, got '
                f'{_contents(address)}; import a wheel or a .tgz file by its own path'
            )
        return tuple(imported)

    def _absence(self, checkpoint: Checkpoint) -> str | None:
        """Return a sentence if the checkpoint is missing or must not be read, otherwise None."""
        path = self.folder(checkpoint) / checkpoint.manifest
        if self.root == NO_CACHE:
            return f'{checkpoint.title} are not available: there is no cache folder, set model_dir or HOME'
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return f'{checkpoint.title} are not in {self.root}'
        except (OSError, ValueError) as error:
            return f'{checkpoint.title} cannot be read from {self.root} ({getattr(error, "strerror", error)})'
        return None

    def _keep_record(self, checkpoint: Checkpoint, record: Record) -> Record:
        """Write the record of verified files if it is missing, as for files copied by hand, or wrong."""
        if self.record(checkpoint) != record:
            with suppress(ModelError):  # a read-only folder can still be used
                write_record(self.folder(checkpoint), record)
        return record


def open_store(settings: NetworkSettings) -> Store:
    """Return the store in `model_dir`, or in the user's cache folder if that setting is empty.

    Raises:
        SettingError: `model_dir` is not a valid path.
    """
    return Store(named_folder(settings.model_dir, 'model_dir') if settings.model_dir else cache_folder())


def is_official(checkpoint: Checkpoint, record: Record) -> bool:
    """Return whether verified weights are Google's, according to their SHA-256 or the server they came from."""
    return bool(checkpoint.weights_sha256) or record.source.startswith(f'{OFFICIAL_SERVER}/')


def fetch_checkpoint(checkpoint: Checkpoint, server: str, folder: Path, progress: Progress) -> Record:
    """Download a checkpoint to a temporary folder, verify it, then move its files and their record into a folder.

    Args:
        checkpoint: the checkpoint.
        server: address of the official server or its replacement.
        folder: the target; it exists, and the caller holds its lock.
        progress: called with the number of bytes downloaded so far.

    Raises:
        AbsentError: the server does not have this checkpoint.
        ModelError: the server cannot be reached, its files are damaged or unusable, or the disk is full.
        SettingError: its files are the weights of another network.
    """
    for leftover in folder.glob(f'{_STAGING}*'):  # from processes that were killed
        shutil.rmtree(leftover, ignore_errors=True)
    address = f'{server}/{checkpoint.folder}'
    with writing(folder):
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=_STAGING))
    try:
        with guarded(f'fetching {checkpoint.title}'):
            manifest = _fetch_manifest(checkpoint, server, staging)
            _fetch_weights(checkpoint, manifest, server, staging, progress)
            record = verify_files(staging, checkpoint, _record_at(address), shown(address))
        with writing(folder):
            discard(folder / RECORD_FILE)  # it belongs to the old files
            for file in (*manifest.files, checkpoint.manifest):
                place(staging / file, folder / file)
        write_record(folder, record)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return record


def checkpoints_at(server: str) -> tuple[Checkpoint, ...]:
    """Return the checkpoints below a file: address; empty for other addresses, which cannot be listed."""
    root = local_path(server)
    if root is None:
        return ()
    return tuple(one for one in CATALOGUE if os.path.isfile(root / one.folder / one.manifest))


def _fetch_manifest(checkpoint: Checkpoint, server: str, folder: Path) -> Manifest:
    address = f'{server}/{checkpoint.folder}/{checkpoint.manifest}'
    path = folder / checkpoint.manifest
    try:
        download(address, path, MANIFEST_LIMIT_BYTES, lambda done_bytes: None, MANIFEST_DEADLINE_S)
    except AbsentError as error:
        raise AbsentError(_not_on_server(checkpoint, server, error)) from error
    return parse_manifest(read_file(path, MANIFEST_LIMIT_BYTES), address)


def _fetch_weights(checkpoint: Checkpoint, manifest: Manifest, server: str, folder: Path, progress: Progress) -> None:
    total, done = manifest.size_bytes, 0
    end_s = time.monotonic() + MANIFEST_DEADLINE_S + total / MINIMUM_RATE_BYTES_PER_S

    def report(file_bytes: int) -> None:
        progress(f'fetching {checkpoint.title}', done + file_bytes, total)

    for file in manifest.files:
        address = f'{server}/{checkpoint.folder}/{file}'
        done += download(address, folder / file, total - done, report, end_s - time.monotonic())


def _record_at(address: str) -> Record | None:
    """Return the record in a folder that is itself a cache, which contains the origin of its weights."""
    folder = local_path(address)
    return read_record(folder) if folder is not None else None


def _folder_address(source: str) -> str:
    """Return the file: address of a readable folder, given as a path or as such an address."""
    if not source.startswith('file:'):
        source = named_folder(source, 'the source').absolute().as_uri()
    address = clean_address(source, 'the source')
    folder = local_path(address)
    with guarded(f'reading {address}'):
        try:
            next(iter(folder.iterdir()), None) if folder is not None else None
        except OSError as error:
            raise ModelError(f'{folder} cannot be read ({error.strerror})') from error
    return address


def _contents(address: str) -> str:
    """Return the first file names of a folder, given as a file: address, for an error text."""
    folder = local_path(address)
    names = sorted(path.name for path in folder.iterdir()) if folder is not None else []
    more = f' and {len(names) - _SHOWN_NAMES} more' if len(names) > _SHOWN_NAMES else ''
    return f'{shorten(", ".join(names[:_SHOWN_NAMES]))}{more}' if names else 'an empty folder'


def _not_on_server(checkpoint: Checkpoint, server: str, error: AbsentError) -> str:
    sentence = f'{checkpoint.title} are not on the server ({error})'
    if local_path(server) is None:
        return f'{sentence}; try another quant_bytes or multiplier, or another server'
    present = '; '.join(one.title for one in checkpoints_at(server)) or 'no checkpoint'
    return f'{sentence}; it has: {present}'


def _ways_to_get(checkpoint: Checkpoint) -> str:
    fetch = f'bodypix models fetch {checkpoint.options}'.strip()
    return f'fetch them with `{fetch}`, copy them from a folder with `bodypix models import DIR`, or set allow_download'
