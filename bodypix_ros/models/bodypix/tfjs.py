# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads weights in the format of TensorFlow.js: a JSON manifest and binary shards."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, quoted
from ..disk import describe, read_file

Weights = dict[str, NDArray[np.float32]]

MANIFEST_LIMIT_BYTES = 4 << 20  # the official ones have 50 to 200 KB
WEIGHTS_LIMIT_BYTES = 256 << 20  # the largest official checkpoint, ResNet50 in float, has about 100 MB
# Does not match other files in a folder of the cache (records, networks, the lock).
_WEIGHT_FILE = re.compile(r'(?!.*\.(json|onnx)$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}')
_STORED_TYPES: dict[str, np.dtype[Any]] = {
    'float32': np.dtype('<f4'),
    'int32': np.dtype('<i4'),
    'uint8': np.dtype('u1'),
    'uint16': np.dtype('<u2'),
}


@dataclass(frozen=True)
class Quantization:
    """Quantisation of a tensor stored as integers: value = stored * scale + minimum."""

    scale: float
    minimum: float


@dataclass(frozen=True)
class Tensor:
    """One tensor of a manifest, as stored."""

    name: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    quantization: Quantization | None

    @property
    def size_bytes(self) -> int:
        """Size of the tensor in the file of its group, bytes."""
        return math.prod(self.shape) * self.stored.itemsize

    def decode(self, data: bytes) -> NDArray[np.float32]:
        """Return the values of the tensor as float32, computed in double precision like TensorFlow.js."""
        values = np.frombuffer(data, self.stored).reshape(self.shape)
        if self.quantization is None:
            return values.astype(np.float32)
        with np.errstate(over='ignore', invalid='ignore'):  # `read_weights` rejects values that are not finite
            return (values * self.quantization.scale + self.quantization.minimum).astype(np.float32)


@dataclass(frozen=True)
class Group:
    """Consecutive tensors in a file, which may be split into shards."""

    files: tuple[str, ...]
    tensors: tuple[Tensor, ...]

    @property
    def size_bytes(self) -> int:
        """Total size of the shards of the group, bytes."""
        return sum(tensor.size_bytes for tensor in self.tensors)


@dataclass(frozen=True)
class Manifest:
    """Contents of the weight files of a checkpoint."""

    groups: tuple[Group, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all weight files, in order."""
        return tuple(file for group in self.groups for file in group.files)

    @property
    def size_bytes(self) -> int:
        """Total size of all weight files, bytes."""
        return sum(group.size_bytes for group in self.groups)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor by its name."""
        return {tensor.name: tensor.shape for group in self.groups for tensor in group.tensors}


def parse_manifest(text: str | bytes, source: str) -> Manifest:
    """Read an untrusted model JSON (or a bare weights manifest) of TensorFlow.js.

    Args:
        text: the JSON.
        source: its origin, for error texts.

    Raises:
        ModelError: it is not such a JSON, or contains file names or sizes that no checkpoint has.
    """
    try:
        document = json.loads(text)
        groups = document['weightsManifest'] if isinstance(document, dict) else document
        manifest = Manifest(tuple(_parse_group(group) for group in groups))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f'{source} is not a TensorFlow.js model JSON ({describe(error)})') from error
    for file in manifest.files:
        if not _WEIGHT_FILE.fullmatch(file):
            raise ModelError(
                f'{source} contains the weight file name {quoted(file)}; expected a plain file name such '
                'as group1-shard1of1.bin'
            )
    if not manifest.files:
        raise ModelError(f'{source} lists no weight files; expected a weightsManifest with paths')
    if manifest.size_bytes > WEIGHTS_LIMIT_BYTES:
        raise ModelError(f'{source} describes more than {WEIGHTS_LIMIT_BYTES} bytes of weights')
    return manifest


def read_weights(folder: Path, manifest: Manifest) -> Weights:
    """Read and dequantise all tensors of a checkpoint.

    Returns:
        Arrays by name, float32, in TensorFlow's layouts: convolutions (height, width, in, out), depthwise
        convolutions (height, width, channels, 1).

    Raises:
        ModelError: a file is missing, its size does not match the shapes in the manifest, or a weight is not finite.
    """
    weights: Weights = {}
    for group in manifest.groups:
        data = b''.join(read_file(folder / file, WEIGHTS_LIMIT_BYTES) for file in group.files)
        if len(data) != group.size_bytes:
            raise ModelError(
                f'{folder}: {", ".join(group.files)} must contain {group.size_bytes} bytes according to the manifest, '
                f'got {len(data)}; fetch or import the checkpoint again'
            )
        start = 0
        for tensor in group.tensors:
            values = tensor.decode(data[start : start + tensor.size_bytes])
            if not np.isfinite(values).all():
                raise ModelError(f'{folder}: the weights {quoted(tensor.name)} contain values that are not finite')
            weights[tensor.name] = values
            start += tensor.size_bytes
    return weights


def _parse_group(group: dict[str, Any]) -> Group:
    return Group(tuple(map(str, group['paths'])), tuple(_parse_tensor(entry) for entry in group['weights']))


def _parse_tensor(entry: dict[str, Any]) -> Tensor:
    stored, quantization = entry['dtype'], None
    if 'quantization' in entry:
        stored = entry['quantization']['dtype']
        quantization = Quantization(float(entry['quantization']['scale']), float(entry['quantization']['min']))
    shape = tuple(int(size) for size in entry['shape'])
    if min(shape, default=0) < 0:
        raise ValueError(f'{entry["name"]} has the shape {shape}')
    return Tensor(str(entry['name']), shape, _STORED_TYPES[stored], quantization)
