"""Networks that were built, kept on disk so that a start needs neither the weights nor the onnx package."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import ModelError
from .disk import read_file, read_json, write_whole

GRAPH_VERSION = 1
"""Increase it whenever the same weights and settings give another graph: kept networks are then built again."""

_LIMIT_BYTES = 1 << 30  # ONNX cannot hold more than twice this in one file
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """Everything that a network is built from.

    Attributes:
        digest: of the checkpoint's files, `Fingerprint.digest`.
        version: of BodyPix.
        architecture: 'mobilenet_v1' or 'resnet50'.
        multiplier: width of MobileNetV1.
        stride: network input pixels per output cell.
        dilation: 'trained' or 'tfjs'.
        heads: names of the heads, in the order of the output's channels.
        in_bytes: quantised to int8.
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
        """Changes with any of the above and with GRAPH_VERSION."""
        return hashlib.sha256(f'{json.dumps(asdict(self))} {GRAPH_VERSION}'.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """File name without its suffix; a network of another key but the same name replaces this one."""
        return f'stride{self.stride}-{self.dilation}-{len(self.heads)}heads{"-int8" if self.in_bytes else ""}'


def read_network(folder: Path, recipe: Recipe) -> bytes | None:
    """Return the serialised ONNX model kept for this recipe, or None if there is none or a damaged one."""
    path = folder / f'{recipe.file_name}.onnx'
    if not all(map(os.path.lexists, (path, path.with_suffix('.json')))):
        return None
    try:
        note = read_json(path.with_suffix('.json'))
        if note.get('key', recipe.key) != recipe.key:
            return None  # of another checkpoint, or of another version of this package
        onnx = read_file(path, _LIMIT_BYTES)
        if hashlib.sha256(onnx).hexdigest() == note.get('sha256'):
            return onnx
        reason = 'it is not what was written'
    except ModelError as error:
        reason = str(error)
    _log.warning('the network kept in %s is damaged (%s); it is built again from the weights', path, reason)
    return None


def keep_network(folder: Path, recipe: Recipe, onnx: bytes) -> None:
    """Keep a serialised ONNX model for the next start; log a warning where that is not possible."""
    path = folder / f'{recipe.file_name}.onnx'
    note = {'key': recipe.key, 'sha256': hashlib.sha256(onnx).hexdigest()}
    try:
        write_whole(path, onnx)
        write_whole(path.with_suffix('.json'), json.dumps(note, indent=1).encode())
    except ModelError as error:
        _log.warning('the network is not cached, so each start builds it again: %s', error)
