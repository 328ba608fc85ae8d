# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the BodyPix checkpoint that the settings select."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingError, quoted
from ..settings import NetworkSettings
from .bodypix.strides import executed_stride
from .bodypix.verify import Record, check_fit, inspect_files
from .catalogue import check_combination, find_checkpoint, network_title, width
from .disk import guarded, named_folder
from .download import server_address
from .progress import Progress
from .store import Store, is_official, open_store

OFFICIAL = 'official'
"""The value of `checkpoint` for the official weights."""

_OFFICIAL_NAMES = (OFFICIAL, 'auto')  # 'auto' is the name in version 0.1
_MANIFESTS = ('model-stride16.json', 'model-stride8.json', 'model-stride32.json', 'model.json')


@dataclass(frozen=True)
class Source:
    """A checkpoint on this machine.

    Attributes:
        title: human-readable name, such as 'official MobileNetV1 0.50, 4-byte weights'.
        folder: folder of its files.
        manifest: file name of its model JSON.
        digest: hash of its files.
        networks: folder for the networks built from it.
        checkpoint: the value of the setting `checkpoint`: 'official' or its folder.
        settings: the requested settings, with the actual stride of the network.
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
        SettingError: the checkpoint does not exist, or the given folder contains another network.
        ModelError: the given folder does not contain a valid checkpoint.
    """
    with guarded('looking for the checkpoint'):
        if settings.checkpoint not in _OFFICIAL_NAMES:
            return _own(settings)
        store = open_store(settings)
        record = store.record(find_checkpoint(settings))
        return None if record is None else _official(settings, store, record)


def obtain_source(settings: NetworkSettings, progress: Progress) -> Source:
    """Return the checkpoint after verifying its files; download an official one if necessary and allowed.

    Raises:
        SettingError: the checkpoint does not exist, or its weights belong to another network.
        ModelError: it is missing or damaged, and cannot or must not be downloaded.
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
    """Return the settings with the actual stride of the network."""
    stride = executed_stride(settings.version, width(settings), settings.stride)
    return dataclasses.replace(settings, stride=stride)


def _own(settings: NetworkSettings) -> Source:
    """Read and hash the folder given by `checkpoint`; networks built from it are kept in the cache, not there."""
    check_combination(settings)
    folder = named_folder(settings.checkpoint, 'checkpoint').resolve()
    name = next((name for name in _MANIFESTS if os.path.lexists(folder / name)), None)
    if name is None:
        raise SettingError(
            f'checkpoint must be {OFFICIAL} or the folder of a TensorFlow.js checkpoint, got '
            f'{quoted(settings.checkpoint)}, which contains none of {", ".join(_MANIFESTS)}{_reason(folder)}'
        )
    manifest, fingerprint = inspect_files(folder, name)
    check_fit(manifest.shapes, settings.architecture, settings.multiplier, str(folder))
    title = f'{folder} ({network_title(settings.architecture, width(settings))})'
    networks = open_store(settings).root / 'own' / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Source(title, folder, name, fingerprint.digest, networks, settings.checkpoint, _executed(settings))


def _reason(folder: Path) -> str:
    """Return in parentheses why a folder cannot be read; an empty string if it can be."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f' ({error.strerror})'
    return ''
