"""Finds the BodyPix checkpoint that the settings specify on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingError
from ..settings import NetworkSettings
from .bodypix.strides import executed_stride
from .bodypix.verify import Record, check_fit, inspect_files
from .catalogue import check_combination, find_checkpoint, network_title, width
from .disk import guarded, named_folder, quoted
from .download import server_address
from .progress import Progress
from .store import Store, is_official, open_store

OFFICIAL = 'official'
"""What `checkpoint` is where it is not a folder."""

_OFFICIAL_NAMES = (OFFICIAL, 'auto')  # 'auto' is what version 0.1 called it
_MANIFESTS = ('model-stride16.json', 'model-stride8.json', 'model-stride32.json', 'model.json')


@dataclass(frozen=True)
class Source:
    """A checkpoint that is on this machine.

    Attributes:
        title: what it is called, such as 'official MobileNetV1 0.50, 4-byte weights'.
        folder: where its files are.
        manifest: file name of its model JSON.
        digest: hash of its files.
        networks: the folder that keeps what was built from it.
        checkpoint: the setting that names this checkpoint: 'official' or its folder.
        settings: the requested ones, with the stride that the network really has.
    """

    title: str
    folder: Path
    manifest: str
    digest: str
    networks: Path
    checkpoint: str
    settings: NetworkSettings


def source_at_hand(settings: NetworkSettings) -> Source | None:
    """Return the checkpoint if it is on this machine, without reading the weights of an official one.

    Raises:
        SettingError: there is no such checkpoint, or the folder that is named holds another network.
        ModelError: the folder that is named holds no sound checkpoint.
    """
    with guarded('looking for the checkpoint'):
        if settings.checkpoint not in _OFFICIAL_NAMES:
            return _own(settings)
        store = open_store(settings)
        record = store.record(find_checkpoint(settings))
        return None if record is None else _official(settings, store, record)


def obtain_source(settings: NetworkSettings, progress: Progress) -> Source:
    """Return the checkpoint, its files verified; fetch an official one where that is necessary and allowed.

    Raises:
        SettingError: there is no such checkpoint, or its weights are those of another network.
        ModelError: it is missing or damaged, and cannot or must not be fetched.
    """
    with guarded('reading the checkpoint'):
        if settings.checkpoint not in _OFFICIAL_NAMES:
            return _own(settings)
        store = open_store(settings)
        record = store.obtain(
            find_checkpoint(settings),
            server_address(settings),
            allow_download=settings.allow_download,
            progress=progress,
        )
        return _official(settings, store, record)


def _official(settings: NetworkSettings, store: Store, record: Record) -> Source:
    checkpoint = find_checkpoint(settings)
    folder = store.folder(checkpoint)
    origin = OFFICIAL if is_official(checkpoint, record) else f'unverified ({record.source})'
    title = f'{origin} {checkpoint.title}'
    digest = record.fingerprint.digest
    return Source(title, folder, checkpoint.manifest, digest, folder, OFFICIAL, _executed(settings))


def _executed(settings: NetworkSettings) -> NetworkSettings:
    """Return the settings with the stride that the network really has."""
    stride = executed_stride(settings.version, width(settings), settings.stride)
    return dataclasses.replace(settings, stride=stride)


def _own(settings: NetworkSettings) -> Source:
    """Read and hash the folder that `checkpoint` names. What is built from it is kept in the cache, not in there."""
    check_combination(settings)
    folder = named_folder(settings.checkpoint, 'checkpoint').resolve()
    name = next((name for name in _MANIFESTS if os.path.lexists(folder / name)), None)
    if name is None:
        raise SettingError(
            f'checkpoint must be {OFFICIAL} or the folder of a TensorFlow.js checkpoint, got '
            f'{quoted(settings.checkpoint)}, where there is none of {", ".join(_MANIFESTS)}{_reason(folder)}'
        )
    manifest, fingerprint = inspect_files(folder, name)
    check_fit(manifest.shapes, settings.architecture, settings.multiplier, str(folder))
    title = f'{folder} ({network_title(settings.architecture, width(settings))})'
    networks = open_store(settings).root / 'own' / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Source(title, folder, name, fingerprint.digest, networks, settings.checkpoint, _executed(settings))


def _reason(folder: Path) -> str:
    """Return why a folder has no files in brackets; nothing if it can be read."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f' ({error.strerror})'
    return ''
