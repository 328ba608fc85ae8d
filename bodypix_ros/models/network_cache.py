"""Finished networks kept on disk, so that a start needs neither the weights nor the onnx package."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import __version__
from ..errors import ModelError
from .disk import write_whole

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """All that makes a network what it is.

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
        """Changes with any of the above and with the code that builds networks."""
        return hashlib.sha256(f'{json.dumps(asdict(self))} {_builder_version()}'.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """File name without its suffix; a network of another key but the same name replaces this one."""
        return f'stride{self.stride}-{self.dilation}-{len(self.heads)}heads{"-int8" if self.in_bytes else ""}'


def read_network(folder: Path, recipe: Recipe) -> bytes | None:
    """Return the serialised ONNX model kept for this recipe, or None where there is none or a damaged one."""
    path = folder / f'{recipe.file_name}.onnx'
    try:
        note = json.loads(path.with_suffix('.json').read_bytes())
        if note['key'] != recipe.key:
            return None  # of another checkpoint, or of another version of this package
        onnx = path.read_bytes()
        if hashlib.sha256(onnx).hexdigest() == note['sha256']:
            return onnx
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.debug('%s: %s', path, error)
    _log.warning('the network kept in %s is damaged; it is built again from the weights', path)
    return None


def keep_network(folder: Path, recipe: Recipe, onnx: bytes) -> None:
    """Keep a serialised ONNX model for the next start; where that cannot be, say so and go on."""
    path = folder / f'{recipe.file_name}.onnx'
    note = {'key': recipe.key, 'sha256': hashlib.sha256(onnx).hexdigest()}
    try:
        write_whole(path, onnx)
        write_whole(path.with_suffix('.json'), json.dumps(note, indent=1).encode())
    except ModelError as error:
        _log.warning('the finished network is not kept, so that each start builds it again: %s', error)


def _builder_version() -> str:
    """Return a hash of the code in this folder, so that no change in what builds networks can be overlooked."""
    code = hashlib.sha256(__version__.encode())
    for path in sorted(Path(__file__).parent.glob('*.py')):
        code.update(path.read_bytes())
    return code.hexdigest()
