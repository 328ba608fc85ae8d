# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The .tflite files of MediaPipe on this machine: in the cache, and in packages from PyPI and npm."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...errors import BodyPixError, ModelError
from ...settings import NetworkSettings
from ..disk import NO_CACHE, guarded, read_file, replacing, writing
from ..download import download, server_address, shown
from ..progress import Progress, no_progress
from ..store import open_store
from .catalogue import FILE_LIMIT_BYTES, LICENCE, PACKED_FILES, MediaPipeModel

SERVER = 'https://storage.googleapis.com'
"""Google's server; `model_url` also replaces this one and must then provide the same paths."""

_LOG = logging.getLogger(__name__)


def models_folder(settings: NetworkSettings) -> Path:
    """Return the folder of the cache for the files and networks of MediaPipe; it may not exist.

    Raises:
        SettingError: `model_dir` is not a valid path.
    """
    return open_store(settings).root / 'mediapipe'


def stored_file(model: MediaPipeModel, settings: NetworkSettings) -> Path:
    """Return the path of a network's .tflite file in the cache; it may not exist."""
    return models_folder(settings) / f'{model.name}.tflite'


def find_file(model: MediaPipeModel, settings: NetworkSettings) -> Path | None:
    """Return the first known copy of a network's file on this machine; its content is not verified."""
    return next((path for path in _places(model, settings) if os.path.isfile(path)), None)


def read_known_file(model: MediaPipeModel, settings: NetworkSettings) -> tuple[bytes, str, Path] | None:
    """Return the content of the first valid copy of a network's file, its SHA-256, and where it is.

    Copies that are damaged, or of an unknown version, are logged as warnings.
    """
    for path in _places(model, settings):
        if not os.path.lexists(path):
            continue
        try:
            data = unpack(read_file(path, FILE_LIMIT_BYTES))
        except ModelError as error:
            _LOG.warning('%s', error)
            continue
        digest = hashlib.sha256(data).hexdigest()
        if digest in model.sums:
            return data, digest, path
        _LOG.warning('%s is not a known version of %s (SHA-256 %s); it is not used', path, model.file_name, digest)
    return None


def unpack(data: bytes) -> bytes:
    """Return the .tflite file in the content of a known packed file; any other content as it is."""
    section = PACKED_FILES.get(hashlib.sha256(data).hexdigest())
    return data if section is None else data[slice(*section)]


def fetch_file(model: MediaPipeModel, settings: NetworkSettings, progress: Progress = no_progress) -> Path:
    """Download a network's file to the cache, unless the cache contains a valid copy.

    Args:
        model: the network.
        settings: the cache and the server.
        progress: called with the number of bytes downloaded so far.

    Returns:
        The path of the file.

    Raises:
        AbsentError: the server does not have the file.
        ModelError: the server cannot be reached, or sends something else; the cache cannot be written.
        SettingError: `model_dir` or the address of the server is not valid.
    """
    target = stored_file(model, settings)
    if _is_valid(model, target):
        return target
    address = f'{server_address(settings, SERVER)}/{model.address}'
    _LOG.info('fetching %s from %s', model.file_name, shown(address))
    with guarded(f'fetching {model.file_name}'), writing(target), replacing(target) as new:
        download(address, new, FILE_LIMIT_BYTES, _report(model, progress))
        _verify(model, read_file(new, FILE_LIMIT_BYTES), shown(address))
    return target


def not_found(models: Sequence[MediaPipeModel]) -> str:
    """Return an error text that names the missing networks and says how to get their files."""
    names, files = [model.name for model in models], [model.file_name for model in models]
    were, them = ('was', 'it') if len(models) == 1 else ('were', 'them')
    return (
        f'{" and ".join(names)} {were} not found on this machine; fetch {" and ".join(files)} (Google, {LICENCE}) with '
        f'`bodypix models fetch {" ".join(names)}`, import {them} with `bodypix models import` from a .tflite file, a '
        'folder, a wheel or a .tgz file, install mediapipe==0.10.21 from PyPI (later versions do not contain '
        f'{them}), or set allow_download'
    )


def _places(model: MediaPipeModel, settings: NetworkSettings) -> Iterator[Path]:
    folder = models_folder(settings)
    if NO_CACHE not in folder.parents:
        yield stored_file(model, settings)
    package = importlib.util.find_spec('mediapipe')  # of a top-level package; it is not imported
    for location in (package.submodule_search_locations or ()) if package else ():
        yield Path(location, model.pypi)
    if model.npm:
        yield Path('node_modules', model.npm)


def _is_valid(model: MediaPipeModel, path: Path) -> bool:
    try:
        return hashlib.sha256(read_file(path, FILE_LIMIT_BYTES)).hexdigest() in model.sums
    except BodyPixError:
        return False


def _report(model: MediaPipeModel, progress: Progress) -> Callable[[int], None]:
    return lambda done_bytes: progress(f'fetching {model.file_name}', done_bytes, 0)


def _verify(model: MediaPipeModel, data: bytes, origin: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest not in model.sums:
        raise ModelError(
            f'{origin} must have the SHA-256 {" or ".join(model.sums)}, got {digest}; it is damaged or not known'
        )
