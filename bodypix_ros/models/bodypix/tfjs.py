"""Read weights in the format of TensorFlow.js: a JSON manifest beside binary shards."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError

Weights = dict[str, NDArray[np.float32]]
_STORED_TYPES: dict[str, np.dtype[Any]] = {
    'float32': np.dtype('<f4'),
    'int32': np.dtype('<i4'),
    'uint8': np.dtype('u1'),
    'uint16': np.dtype('<u2'),
}


@dataclass(frozen=True)
class Quantization:
    """A tensor stored as whole numbers: value = stored * scale + minimum."""

    scale: float
    minimum: float


@dataclass(frozen=True)
class Tensor:
    """One tensor of a manifest, as it is stored."""

    name: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    quantization: Quantization | None

    @property
    def size_bytes(self) -> int:
        """Bytes that the tensor takes in its group's file."""
        return math.prod(self.shape) * self.stored.itemsize

    def decode(self, data: bytes) -> NDArray[np.float32]:
        """Return the tensor's values, computed in double and stored as float32 as TensorFlow.js does."""
        values = np.frombuffer(data, self.stored).reshape(self.shape)
        if self.quantization is not None:
            return (values * self.quantization.scale + self.quantization.minimum).astype(np.float32)
        return values.astype(np.float32)


@dataclass(frozen=True)
class Group:
    """Tensors that lie one after the other in a file, which may be cut into shards."""

    files: tuple[str, ...]
    tensors: tuple[Tensor, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all the group's shards together."""
        return sum(tensor.size_bytes for tensor in self.tensors)


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint's weight files hold."""

    groups: tuple[Group, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all weight files, in order."""
        return tuple(file for group in self.groups for file in group.files)

    @property
    def size_bytes(self) -> int:
        """Bytes of all weight files together."""
        return sum(group.size_bytes for group in self.groups)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor by its name."""
        return {tensor.name: tensor.shape for group in self.groups for tensor in group.tensors}


def parse_manifest(text: str | bytes, source: str) -> Manifest:
    """Read a model JSON (or a bare weights manifest) of TensorFlow.js.

    Args:
        text: the JSON.
        source: where it came from, for error texts.

    Raises:
        ModelError: it is not such a JSON, or it names files outside its own folder.
    """
    try:
        document = json.loads(text)
        groups = document['weightsManifest'] if isinstance(document, dict) else document
        manifest = Manifest(tuple(_parse_group(group) for group in groups))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f'{source} is not a TensorFlow.js model JSON ({type(error).__name__}: {error})') from error
    for file in manifest.files:
        if file != Path(file).name or file.startswith('.') or '\\' in file:
            raise ModelError(f'{source} names the weight file {file!r}; expected a plain file name in the same folder')
    if not manifest.files:
        raise ModelError(f'{source} names no weight files; expected a weightsManifest with paths')
    return manifest


def read_weights(folder: Path, manifest: Manifest) -> Weights:
    """Read and dequantise all tensors of a checkpoint.

    Returns:
        Arrays by name, float32, in TensorFlow's layouts: convolutions (height, width, in, out), depthwise
        convolutions (height, width, channels, 1).

    Raises:
        ModelError: a file is missing or has another size than the manifest's shapes say.
    """
    weights: Weights = {}
    for group in manifest.groups:
        data = b''.join(_read(folder / file) for file in group.files)
        if len(data) != group.size_bytes:
            raise ModelError(
                f'{folder}: {", ".join(group.files)} hold {len(data)} bytes, the manifest says {group.size_bytes}; '
                'fetch or import the checkpoint again'
            )
        start = 0
        for tensor in group.tensors:
            weights[tensor.name] = tensor.decode(data[start : start + tensor.size_bytes])
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f'{path} cannot be read ({error.strerror}); fetch or import the checkpoint again') from error
