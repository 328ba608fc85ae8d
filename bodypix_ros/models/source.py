"""Where the weights that the settings ask for are on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError, SettingError
from ..settings import NetworkSettings
from . import builtin
from .address import server_address
from .bodypix.fit import check_fit
from .bodypix.strides import executed_stride
from .catalogue import check_combination, find_checkpoint, network_title, width
from .integrity import Record, inspect_files
from .progress import Progress
from .store import Store, is_official, open_store

AUTO, OFFICIAL, BUILTIN = 'auto', 'official', 'builtin'
"""What `checkpoint` may be besides a folder."""

_log = logging.getLogger(__name__)
_MANIFESTS = ('model-stride16.json', 'model-stride8.json', 'model-stride32.json', 'model.json')


@dataclass(frozen=True)
class Source:
    """A checkpoint that is at hand.

    Attributes:
        title: what it is called, such as 'official MobileNetV1 0.50, 4-byte weights'.
        folder: where its files lie.
        manifest: file name of its model JSON.
        digest: hash of its files.
        networks: the folder that keeps what was built from it.
        checkpoint: the setting that names just this one: 'official', 'builtin' or its folder.
        settings: what was asked for, and where the network is another one, what it is instead.
    """

    title: str
    folder: Path
    manifest: str
    digest: str
    networks: Path
    checkpoint: str
    settings: NetworkSettings


def source_at_hand(settings: NetworkSettings) -> Source | None:
    """Return the checkpoint if it is on this machine, quickly: an official one is taken as its record says.

    Raises:
        SettingError: there is no such checkpoint, or the folder that is named holds another network.
        ModelError: the folder that is named holds no sound checkpoint.
    """
    fixed = _fixed(settings)
    if fixed is not None:
        return fixed
    store = open_store(settings)
    record = store.record(find_checkpoint(settings))
    return None if record is None else _official(settings, store, record)


def obtain_source(settings: NetworkSettings, progress: Progress) -> Source:
    """Return the checkpoint, its files checked; fetch an official one where that is needed and allowed.

    Where `checkpoint` is auto and the official one cannot be had, that is said and the built-in one returned.

    Raises:
        SettingError: there is no such checkpoint, or its weights are those of another network.
        ModelError: it is not here, or damaged, and cannot or must not be fetched.
    """
    fixed = _fixed(settings)
    if fixed is not None:
        return fixed
    try:
        return _obtain_official(settings, progress)
    except ModelError as error:
        if settings.checkpoint != AUTO:
            raise
        source = _builtin(settings)
        _log.warning('%s. Going on with the built-in %s, which is less exact', error, source.title)
        return source


def _fixed(settings: NetworkSettings) -> Source | None:
    """Return the checkpoint where the settings mean one that never has to be fetched."""
    if settings.checkpoint == BUILTIN or (settings.checkpoint == AUTO and builtin.is_asked_for(settings)):
        return _builtin(settings)
    return None if settings.checkpoint in (AUTO, OFFICIAL) else _own(settings)


def _obtain_official(settings: NetworkSettings, progress: Progress) -> Source:
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


def _builtin(settings: NetworkSettings) -> Source:
    check_combination(settings)
    _, fingerprint = inspect_files(builtin.FOLDER, builtin.MANIFEST)
    networks = open_store(settings).root / BUILTIN
    is_now = builtin.as_builtin(settings)
    return Source(builtin.TITLE, builtin.FOLDER, builtin.MANIFEST, fingerprint.digest, networks, BUILTIN, is_now)


def _executed(settings: NetworkSettings) -> NetworkSettings:
    """Return the settings with the stride that the network really has."""
    stride = executed_stride(settings.version, width(settings), settings.stride)
    return dataclasses.replace(settings, stride=stride)


def _own(settings: NetworkSettings) -> Source:
    """Read and hash the folder that `checkpoint` names. What is built from it is kept in the cache, not in there."""
    check_combination(settings)
    folder = Path(settings.checkpoint).expanduser().resolve()
    name = next((name for name in _MANIFESTS if (folder / name).is_file()), None)
    if name is None:
        raise SettingError(
            f'checkpoint must be {AUTO}, {OFFICIAL}, {BUILTIN} or the folder of a TensorFlow.js checkpoint, '
            f'got {settings.checkpoint!r}: {folder} has none of {", ".join(_MANIFESTS)}'
        )
    manifest, fingerprint = inspect_files(folder, name)
    check_fit(manifest.shapes, settings.architecture, settings.multiplier, str(folder))
    title = f'{folder} ({network_title(settings.architecture, width(settings))})'
    networks = open_store(settings).root / 'own' / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Source(title, folder, name, fingerprint.digest, networks, settings.checkpoint, _executed(settings))
