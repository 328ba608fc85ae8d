# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Loads MediaPipe's networks as ONNX: from the cache, or built from their .tflite files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from ...errors import ModelError
from ...settings import NetworkSettings
from ..disk import guarded, read_file
from ..network_cache import keep_network, read_network
from ..progress import Progress, no_progress
from .catalogue import FILE_LIMIT_BYTES, NETWORKS, MediaPipeModel, find_model, find_models
from .files import fetch_file, find_file, models_folder, not_found, read_known_file

CONVERTER_VERSION = 1
"""Increment whenever the ONNX built from the same file changes: cached networks are then rebuilt."""


@dataclass(frozen=True)
class _Recipe:
    """What determines a network of MediaPipe in the cache, see `network_cache.Keyed`."""

    file_name: str
    sha256: str

    @property
    def key(self) -> str:
        """Hash of the .tflite file's SHA-256 and CONVERTER_VERSION."""
        return hashlib.sha256(f'{self.file_name} {self.sha256} {CONVERTER_VERSION}'.encode()).hexdigest()


def load_onnx(name: str, settings: NetworkSettings, progress: Progress | None = None) -> bytes:
    """Return a network of MediaPipe as serialised ONNX.

    Its input is 'input' (N, 3, height, width) float32, RGB, in the range of `MediaPipeModel.input_range`; its outputs
    have the names and shapes of `MediaPipeModel.outputs`, float32. Their values are those of the .tflite file.

    Args:
        name: of the network, see `catalogue.CATALOGUE`.
        settings: the cache, and whether and from where a missing file may be downloaded.
        progress: called with the progress of downloading and building.

    Raises:
        SettingError: the network does not exist.
        ModelError: its file is missing and cannot or must not be downloaded, or the package tflite is missing.
    """
    model, report = find_model(name), progress or no_progress
    with guarded(f'loading {name}'):
        folder = models_folder(settings)
        for sha256 in model.sums:
            onnx = read_network(folder, _Recipe(model.name, sha256))
            if onnx is not None:
                return onnx
        data, sha256, origin = _obtain(model, settings, report)
        onnx = _build(model, data, origin, report)
        keep_network(folder, _Recipe(model.name, sha256), onnx)
        return onnx


def is_at_hand(model: MediaPipeModel, settings: NetworkSettings) -> bool:
    """Return whether a network or its file is on this machine; their content is not verified."""
    return os.path.isfile(models_folder(settings) / f'{model.name}.onnx') or find_file(model, settings) is not None


def load_networks(use: str, settings: NetworkSettings, progress: Progress | None = None) -> dict[str, bytes]:
    """Return all networks of one entry of `catalogue.NETWORKS` by their names, see `load_onnx`.

    Raises:
        ModelError: see `load_onnx`; if files are missing, the text names all of them.
    """
    require_networks(use, settings)
    return {name: load_onnx(name, settings, progress) for name in NETWORKS[use]}


def require_networks(use: str, settings: NetworkSettings) -> None:
    """Check quickly whether all networks of one entry of `catalogue.NETWORKS` can be loaded.

    Raises:
        ModelError: networks are missing and must not be downloaded.
    """
    with guarded(f'looking for the networks of {use}'):
        missing = [model for model in find_models(use) if not _is_loadable(model, settings)]
    if missing and not settings.allow_download:
        raise ModelError(not_found(missing))


def _is_loadable(model: MediaPipeModel, settings: NetworkSettings) -> bool:
    """Return whether the file of a network is on this machine, or the network in the cache is valid."""
    folder = models_folder(settings)
    built = (read_network(folder, _Recipe(model.name, sha256)) for sha256 in model.sums)
    return find_file(model, settings) is not None or any(built)


def _obtain(model: MediaPipeModel, settings: NetworkSettings, progress: Progress) -> tuple[bytes, str, str]:
    """Return the content of the network's file, its SHA-256 and its path."""
    found = read_known_file(model, settings)
    if found is not None:
        return found[0], found[1], str(found[2])
    if not settings.allow_download:
        raise ModelError(not_found([model]))
    path = fetch_file(model, settings, progress)
    data = read_file(path, FILE_LIMIT_BYTES)
    return data, hashlib.sha256(data).hexdigest(), str(path)


def _build(model: MediaPipeModel, data: bytes, origin: str, progress: Progress) -> bytes:
    from .convert import build_onnx  # slow to import, and not needed if the network is in the cache

    task = f'building {model.name}'
    progress(task, 0, 1)
    onnx: bytes = build_onnx(data, origin, model.size, model.outputs).SerializeToString()
    progress(task, 1, 1)
    return onnx
