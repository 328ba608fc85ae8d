# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cache of built networks on disk, so that loading requires neither the weights nor the onnx package."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from ..errors import ModelError
from .disk import read_file, read_json, write_whole

GRAPH_VERSION = 1
"""Increment whenever the graph for the same weights and settings changes: cached networks are then rebuilt."""

_LIMIT_BYTES = 1 << 30  # half of the maximum size of an ONNX file
_LOG = logging.getLogger(__name__)


class Keyed(Protocol):
    """What determines a built network, and the name of its file."""

    @property
    def key(self) -> str:
        """Hash of everything that determines the network."""

    @property
    def file_name(self) -> str:
        """File name without suffix; a network with another key but the same name replaces this one."""


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a network built from a BodyPix checkpoint.

    Attributes:
        digest: of the checkpoint's files, `Fingerprint.digest`.
        version: of BodyPix.
        architecture: 'mobilenet_v1' or 'resnet50'.
        multiplier: width of MobileNetV1.
        stride: network input pixels per output cell.
        dilation: 'trained' or 'tfjs'.
        heads: names of the heads, in the order of the output's channels.
        in_bytes: whether it is quantised to int8.
    """

    digest: str
    version: int
    architecture: str
    multiplier: float
    stride: int
    dilation: str
    heads: tuple[str, ...]
    in_bytes: bool = False

    @property
    def key(self) -> str:
        """Hash of all attributes and GRAPH_VERSION."""
        return hashlib.sha256(f'{json.dumps(asdict(self))} {GRAPH_VERSION}'.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """File name without suffix; a network with another key but the same name replaces this one."""
        return f'stride{self.stride}-{self.dilation}-{len(self.heads)}heads{"-int8" if self.in_bytes else ""}'


def read_network(folder: Path, recipe: Keyed) -> bytes | None:
    """Return the cached serialised ONNX model of this recipe; None if it does not exist or is damaged."""
    path = folder / f'{recipe.file_name}.onnx'
    if not all(map(os.path.lexists, (path, path.with_suffix('.json')))):
        return None
    try:
        note = read_json(path.with_suffix('.json'))
        if note.get('key', recipe.key) != recipe.key:
            return None  # built from another checkpoint, or by another version of this package
        onnx = read_file(path, _LIMIT_BYTES)
        if 'key' in note and hashlib.sha256(onnx).hexdigest() == note.get('sha256'):
            return onnx
        reason = 'its content has changed'
    except ModelError as error:
        reason = str(error)
    _LOG.warning('the cached network %s is damaged (%s); rebuilding it from the weights', path, reason)
    return None


def keep_network(folder: Path, recipe: Keyed, onnx: bytes) -> None:
    """Cache a serialised ONNX model; log a warning if that is not possible."""
    path = folder / f'{recipe.file_name}.onnx'
    note = {'key': recipe.key, 'sha256': hashlib.sha256(onnx).hexdigest()}
    try:
        write_whole(path, onnx)
        write_whole(path.with_suffix('.json'), json.dumps(note, indent=1).encode())
    except ModelError as error:
        _LOG.warning('the network cannot be cached and will be rebuilt at each start: %s', error)
