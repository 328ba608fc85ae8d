"""The cache of official checkpoints on this machine, laid out like the official server."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from ..errors import BodyPixError, ModelError
from ..settings import OFFICIAL_SERVER, NetworkSettings
from .address import clean_address
from .catalogue import CATALOGUE, Checkpoint
from .fetch import checkpoints_at, fetch_checkpoint, verify_files
from .integrity import Record, read_record, write_record
from .lock import locked
from .progress import Progress, no_progress

_log = logging.getLogger(__name__)


class Store:
    """A folder of checkpoints. Several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        """Use the folder `root`; it is made when something is first put into it."""
        self.root = root

    def folder(self, checkpoint: Checkpoint) -> Path:
        """Return where the checkpoint's files lie, or would lie."""
        return self.root / checkpoint.folder

    def has(self, checkpoint: Checkpoint) -> bool:
        """Tell whether the checkpoint is here, without a look at its bytes."""
        return (self.folder(checkpoint) / checkpoint.manifest).is_file()

    def record(self, checkpoint: Checkpoint) -> Record | None:
        """Return what was noted when the checkpoint came, or None where nothing was."""
        return read_record(self.folder(checkpoint))

    def verify(self, checkpoint: Checkpoint) -> Record:
        """Read and hash the checkpoint's files, and compare with the catalogue and with what was noted.

        Raises:
            ModelError: a file is missing, or is not what it was.
            SettingError: they are the weights of another network.
        """
        return verify_files(self.folder(checkpoint), checkpoint, self.record(checkpoint), 'found in the cache')

    def obtain(
        self, checkpoint: Checkpoint, server: str, *, allow_download: bool, progress: Progress = no_progress
    ) -> Record:
        """Return the record of a checkpoint that is here and whole; fetch it where it is not.

        Args:
            checkpoint: which one.
            server: the address that stands for the official server.
            allow_download: fetch it if need be.
            progress: told how far the fetch is.

        Raises:
            AbsentError: the server has no such checkpoint.
            ModelError: it is not here, or damaged, and cannot or must not be fetched.
        """
        complaint = f'{checkpoint.title} is not in {self.root}'
        try:
            if self.has(checkpoint):
                return self._adopt(checkpoint, self.verify(checkpoint))
        except BodyPixError as damage:
            complaint = f'{checkpoint.title} in the cache is damaged: {damage}'
            _log.warning('%s', complaint)
        if not allow_download:
            raise ModelError(f'{complaint}; {_ways_to_get(checkpoint)}')
        with locked(self.folder(checkpoint)):
            with suppress(BodyPixError):  # another process may have fetched it while this one waited
                return self.verify(checkpoint)
            _log.info('fetching %s from %s', checkpoint.title, server)
            return fetch_checkpoint(checkpoint, server, self.folder(checkpoint), progress)

    def import_from(self, source: str, progress: Progress = no_progress) -> tuple[Checkpoint, ...]:
        """Copy into the store every checkpoint of a folder that is laid out like the server.

        Args:
            source: the folder, or its file: address.
            progress: told how far each copy is.

        Returns:
            The checkpoints that were found, all of them checked.

        Raises:
            ModelError: there are none, or some are damaged; the sound ones are imported nevertheless.
        """
        is_address = source.startswith('file:')
        address = clean_address(source if is_address else Path(source).expanduser().resolve().as_uri(), 'the source')
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
            raise ModelError(f'imported {good}; refused {"; ".join(complaints)}')
        if not imported:
            raise ModelError(
                f'{source} holds no official checkpoint; expected files laid out like the server, such as '
                f'{CATALOGUE[0].folder}/{CATALOGUE[0].manifest}'
            )
        return tuple(imported)

    def _adopt(self, checkpoint: Checkpoint, record: Record) -> Record:
        """Note a sound checkpoint that was put here by hand."""
        if self.record(checkpoint) is None:
            with suppress(ModelError):  # a folder that cannot be written is read just as well
                write_record(self.folder(checkpoint), record)
        return record


def open_store(settings: NetworkSettings) -> Store:
    """Return the store in `model_dir`, or in the user's cache folder where that is empty."""
    return Store(Path(settings.model_dir).expanduser() if settings.model_dir else user_cache_path('bodypix_ros'))


def is_official(checkpoint: Checkpoint, record: Record) -> bool:
    """Tell whether verified weights are Google's for sure: their SHA-256 is known, or the official server gave them."""
    return bool(checkpoint.weights_sha256) or record.source.startswith(f'{OFFICIAL_SERVER}/')


def _ways_to_get(checkpoint: Checkpoint) -> str:
    fetch = f'bodypix models fetch {checkpoint.options}'.strip()
    return f'fetch it with `{fetch}`, bring it with `bodypix models import DIR`, or set allow_download'
