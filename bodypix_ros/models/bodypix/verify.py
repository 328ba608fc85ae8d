# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Verifies that the files of a checkpoint are complete and unchanged, and belong to the requested network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ...errors import BodyPixError, ModelError, SettingError, quoted
from ..catalogue import Checkpoint, network_title
from ..disk import file_size, read_file, read_json, write_whole
from .heads import MASK_HEADS, PEOPLE_HEADS
from .tfjs import MANIFEST_LIMIT_BYTES, WEIGHTS_LIMIT_BYTES, Manifest, parse_manifest, read_weights

Shapes = Mapping[str, tuple[int, ...]]

RECORD_FILE = 'checkpoint.json'
_MOBILENET_FIRST = 'MobilenetV1/Conv2d_0/weights'
_RESNET_FIRST = 'resnet_v1_50/conv1/weights'
_FULL_WIDTH = 32  # channels of MobileNetV1's first convolution at multiplier 1.0
_MULTIPLIERS = (0.25, 0.5, 0.75, 1.0)
_SOURCE_LIMIT = 500  # characters


@dataclass(frozen=True)
class Fingerprint:
    """Identifies the content of a checkpoint: SHA-256 of the manifest and of the concatenated weight files."""

    manifest_sha256: str
    weights_sha256: str

    @property
    def digest(self) -> str:
        """One hash of both."""
        return hashlib.sha256(f'{self.manifest_sha256} {self.weights_sha256}'.encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """Stored with a checkpoint after verification: its fingerprint and the address that it came from."""

    fingerprint: Fingerprint
    source: str


def inspect_files(folder: Path, manifest_name: str) -> tuple[Manifest, Fingerprint]:
    """Read and hash a checkpoint's files.

    Raises:
        ModelError: a file is missing, or the size of the weights does not match the shapes in the manifest.
    """
    path = folder / manifest_name
    text = read_file(path, MANIFEST_LIMIT_BYTES)
    manifest = parse_manifest(text, str(path))
    weights = hashlib.sha256()
    for group in manifest.groups:
        size = sum(file_size(folder / file) for file in group.files)
        if size != group.size_bytes:
            raise ModelError(
                f'{folder}: {", ".join(group.files)} must have {group.size_bytes} bytes according to the shapes in '
                f'{manifest_name}, got {size}'
            )
        for file in group.files:
            weights.update(read_file(folder / file, WEIGHTS_LIMIT_BYTES))
    return manifest, Fingerprint(hashlib.sha256(text).hexdigest(), weights.hexdigest())


def check_buildable(folder: Path, manifest: Manifest, version: int, architecture: str, multiplier: float) -> None:
    """Build the network of a checkpoint with all heads: all shapes must match and all weights must be finite.

    Raises:
        ModelError: the network cannot be built.
    """
    from .build import build_onnx  # imports onnx, which is slow

    heads = PEOPLE_HEADS if version == 2 else MASK_HEADS
    build_onnx(read_weights(folder, manifest), architecture, multiplier, 16, 'trained', heads, version)


def verify_files(folder: Path, checkpoint: Checkpoint, record: Record | None, source: str) -> Record:
    """Check files against the catalogue and against their record, and build a network from them.

    Args:
        folder: folder of the files.
        checkpoint: the expected checkpoint.
        record: of an earlier verification; None if there is none.
        source: origin of the files, for a new record.

    Returns:
        The given record; a new one if there is none, or if it contradicts the catalogue and is itself wrong.

    Raises:
        ModelError: a file is missing or has changed, or no network can be built from the weights.
        SettingError: the weights belong to another network.
    """
    known = checkpoint.weights_sha256
    manifest, found = inspect_files(folder, checkpoint.manifest)
    weights = str(folder / ' + '.join(manifest.files))
    _check_sum(weights, found.weights_sha256, known)
    if record is not None and known and record.fingerprint.weights_sha256 != known:
        record = None
    if record is not None:
        _check_sum(weights, found.weights_sha256, record.fingerprint.weights_sha256)
        _check_sum(str(folder / checkpoint.manifest), found.manifest_sha256, record.fingerprint.manifest_sha256)
    check_fit(manifest.shapes, checkpoint.architecture, checkpoint.multiplier, str(folder))
    check_buildable(folder, manifest, checkpoint.version, checkpoint.architecture, checkpoint.multiplier)
    return record or Record(found, source)


def read_record(folder: Path) -> Record | None:
    """Return the record in the folder of a checkpoint, or None if there is no valid one."""
    try:
        fields = read_json(folder / RECORD_FILE)
        if fields.pop('sha256', None) not in (None, _sum_of(fields)):  # not written by version 0.1
            return None
        fingerprint = Fingerprint(str(fields['manifest_sha256']), str(fields['weights_sha256']))
        source = str(fields['source']).encode(errors='backslashreplace').decode()  # so that any log can print it
        return Record(fingerprint, source[:_SOURCE_LIMIT])
    except (BodyPixError, KeyError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Write the record into the folder of a checkpoint.

    Raises:
        ModelError: the folder cannot be written.
    """
    fields = {**asdict(record.fingerprint), 'source': record.source}
    text = json.dumps({**fields, 'sha256': _sum_of(fields)}, indent=1)
    write_whole(folder / RECORD_FILE, text.encode())


def _sum_of(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def recognise(shapes: Shapes, source: str) -> tuple[str, float]:
    """Determine the architecture and the multiplier from the shapes of the weights.

    Args:
        shapes: of the tensors, by name.
        source: origin of the weights, for error texts.

    Raises:
        ModelError: the weights do not belong to a BodyPix network.
    """
    if _RESNET_FIRST in shapes:
        return 'resnet50', 1.0
    shape = shapes.get(_MOBILENET_FIRST, ())
    multiplier = shape[-1] / _FULL_WIDTH if shape else 0.0
    if multiplier not in _MULTIPLIERS:
        found = f'{_MOBILENET_FIRST} of shape {shape}' if shape else f'neither {_MOBILENET_FIRST} nor {_RESNET_FIRST}'
        raise ModelError(f'{source} is not a BodyPix checkpoint: it has {found}')
    return 'mobilenet_v1', multiplier


def check_fit(shapes: Shapes, architecture: str, multiplier: float, source: str) -> None:
    """Check that weights belong to the requested network.

    Raises:
        ModelError: they do not belong to a BodyPix network.
        SettingError: they belong to another network; the text contains both names.
    """
    found = recognise(shapes, source)
    wanted = (architecture, 1.0 if architecture == 'resnet50' else multiplier)
    if found != wanted:
        raise SettingError(
            f'{source} contains weights of {network_title(*found)}, but the settings select {network_title(*wanted)}; '
            f'set {_settings(*found)}'
        )


def _settings(architecture: str, multiplier: float) -> str:
    width = '' if architecture == 'resnet50' else f' and multiplier to {multiplier:g}'
    return f'architecture to {architecture}{width}'


def _check_sum(what: str, found: str, expected: str) -> None:
    """Raise ModelError if a SHA-256 is not the expected one; an empty `expected` means that it is unknown."""
    if expected and found != expected:
        raise ModelError(f'{what} must have the SHA-256 {quoted(expected)[1:-1]}, got {found}')
