"""Whether the files of a checkpoint are whole and the ones that they were."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import ModelError
from .bodypix.tfjs import Manifest, parse_manifest
from .disk import write_whole

MANIFEST_LIMIT_BYTES = 4 << 20  # the official ones have 50 to 200 KB
WEIGHTS_LIMIT_BYTES = 256 << 20  # the largest official checkpoint, ResNet50 in float, has about 100 MB
_RECORD = 'checkpoint.json'
_WEIGHT_FILE = re.compile(r'(?!.*\.(json|onnx)$)[A-Za-z0-9][A-Za-z0-9._-]*')  # what is ours in a folder never matches


@dataclass(frozen=True)
class Fingerprint:
    """What the bytes of a checkpoint are known by: SHA-256 of the manifest, and of the weight files in a row."""

    manifest_sha256: str
    weights_sha256: str

    @property
    def digest(self) -> str:
        """Both in one."""
        return hashlib.sha256(f'{self.manifest_sha256} {self.weights_sha256}'.encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """What is noted beside a checkpoint when it arrives: its fingerprint and the address that it came from."""

    fingerprint: Fingerprint
    source: str


def check_manifest(text: bytes, source: str) -> Manifest:
    """Read a manifest that may have been made to do harm.

    Raises:
        ModelError: it is no manifest, or it names weight files or sizes that no checkpoint has.
    """
    manifest = parse_manifest(text, source)
    for file in manifest.files:
        if not _WEIGHT_FILE.fullmatch(file):
            raise ModelError(
                f'{source} names the weight file {file!r}; expected a plain name such as group1-shard1of1.bin'
            )
    if manifest.size_bytes > WEIGHTS_LIMIT_BYTES:
        raise ModelError(
            f'{source} speaks of {manifest.size_bytes} bytes of weights; no BodyPix checkpoint has more than '
            f'{WEIGHTS_LIMIT_BYTES}'
        )
    return manifest


def inspect_files(folder: Path, manifest_name: str) -> tuple[Manifest, Fingerprint]:
    """Read and hash a checkpoint's files.

    Raises:
        ModelError: one is missing, or the weights have another size than the manifest's shapes.
    """
    path = folder / manifest_name
    text = _read(path)
    manifest = check_manifest(text, str(path))
    weights = hashlib.sha256()
    for group in manifest.groups:
        size = sum(_size(folder / file) for file in group.files)
        if size != group.size_bytes:
            raise ModelError(
                f'{folder}: {", ".join(group.files)} must have {group.size_bytes} bytes by the shapes in '
                f'{manifest_name}, got {size}'
            )
        for file in group.files:
            weights.update(_read(folder / file))
    return manifest, Fingerprint(hashlib.sha256(text).hexdigest(), weights.hexdigest())


def check_sum(what: str, found: str, expected: str) -> None:
    """Check a SHA-256; an empty `expected` is one that nobody knows.

    Raises:
        ModelError: they differ; the text names both.
    """
    if expected and found != expected:
        raise ModelError(f'{what} must have the SHA-256 {expected}, got {found}')


def read_record(folder: Path) -> Record | None:
    """Return what was noted beside a checkpoint, or None where nothing readable was."""
    try:
        fields = json.loads((folder / _RECORD).read_bytes())
        fingerprint = Fingerprint(str(fields['manifest_sha256']), str(fields['weights_sha256']))
        return Record(fingerprint, str(fields['source']))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Note a record beside a checkpoint.

    Raises:
        ModelError: the folder cannot be written.
    """
    fields = {**asdict(record.fingerprint), 'source': record.source}
    write_whole(folder / _RECORD, json.dumps(fields, indent=1).encode())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f'{path} cannot be read ({error.strerror})') from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ModelError(f'{path} cannot be read ({error.strerror})') from error
