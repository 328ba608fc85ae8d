# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The official checkpoints of BodyPix: their properties, where they are on the server, and their checksums."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingError
from ..settings import NetworkSettings

_QUANTISATION_FOLDERS = {4: 'float', 2: 'quant2', 1: 'quant1'}
_ARCHITECTURE_NAMES = {'mobilenet_v1': 'MobileNetV1', 'resnet50': 'ResNet50'}
STRIDES = {'mobilenet_v1': (8, 16, 32), 'resnet50': (16, 32)}
"""The output strides that each architecture can have."""


@dataclass(frozen=True)
class Checkpoint:
    """One set of official weights.

    One manifest is sufficient for all strides: they have the same weights, and the graph is built for each stride.

    Attributes:
        version: of BodyPix, 1 or 2.
        architecture: 'mobilenet_v1' or 'resnet50'.
        multiplier: width of MobileNetV1; 1.0 for ResNet50.
        quant_bytes: bytes of each stored weight, 4, 2 or 1.
        weights_sha256: hexadecimal SHA-256 of the concatenated weight files; empty if it is not known.
    """

    version: int
    architecture: str
    multiplier: float
    quant_bytes: int
    weights_sha256: str = ''

    @property
    def folder(self) -> str:
        """The folder relative to the address of the server, and also relative to the cache."""
        percent = f'{round(self.multiplier * 100):03d}'
        if self.version == 1:
            return f'savedmodel/posenet_mobilenet_{percent}_partmap'
        quantisation = _QUANTISATION_FOLDERS[self.quant_bytes]
        if self.architecture == 'resnet50':
            return f'savedmodel/bodypix/resnet50/{quantisation}'
        return f'savedmodel/bodypix/mobilenet/{quantisation}/{percent}'

    @property
    def manifest(self) -> str:
        """File name of the model JSON, which contains the names of the weight files."""
        return 'model.json' if self.version == 1 else 'model-stride16.json'

    @property
    def title(self) -> str:
        """Human-readable name: 'MobileNetV1 0.50, 4-byte weights'."""
        version = 'BodyPix 1 ' if self.version == 1 else ''
        return f'{version}{network_title(self.architecture, self.multiplier)}, {self.quant_bytes}-byte weights'

    @property
    def options(self) -> str:
        """The command line options that select it, such as '--multiplier 0.5'; empty for the default one."""
        default = NetworkSettings()
        words = []
        for name in ('version', 'architecture', 'multiplier', 'quant_bytes'):
            value = getattr(self, name)
            counts = name != 'multiplier' or self.architecture == 'mobilenet_v1'
            if counts and value != getattr(default, name):
                words.append(f'--{name.replace("_", "-")} {value}')
        return ' '.join(words)


def network_title(architecture: str, multiplier: float) -> str:
    """Return the human-readable name of a network: 'MobileNetV1 0.50' or 'ResNet50'."""
    name = _ARCHITECTURE_NAMES[architecture]
    return name if architecture == 'resnet50' else f'{name} {multiplier:.2f}'


# Source: the loaders of @tensorflow-models/body-pix 1.1.2 and 2.2.1; the sums are of files from the official server.
CATALOGUE: tuple[Checkpoint, ...] = (
    Checkpoint(2, 'mobilenet_v1', 0.5, 4, '6066a2082f41602a10f59450754b38000616eadf8c800b07cf25aa895831698d'),
    Checkpoint(2, 'mobilenet_v1', 0.5, 2, '76c2be65c09e953a1c6334cd122c3219c60dae9d66d62d575e2599a5b317ebe9'),
    Checkpoint(2, 'mobilenet_v1', 0.5, 1, '839ea607edcb271ae135e7ce605a7f4a9941c1521e3831f230da473e00b4574c'),
    Checkpoint(2, 'mobilenet_v1', 0.75, 4),
    Checkpoint(2, 'mobilenet_v1', 0.75, 2, 'e215c9546b9db0e1e06c23c759ed48ccaf2aad68c656d0130b5757bc0479ac77'),
    Checkpoint(2, 'mobilenet_v1', 0.75, 1, '01fd14c9f46978c0e7dca221ec7b282ebf28a11aad1822dd512885b0b6bcecc1'),
    Checkpoint(2, 'mobilenet_v1', 1.0, 4),
    Checkpoint(2, 'mobilenet_v1', 1.0, 2),
    Checkpoint(2, 'mobilenet_v1', 1.0, 1, 'b4aa6b88f8b67f57c8ceecc058d3bd8f7330590120dc96f55a608c40b6304f38'),
    Checkpoint(2, 'resnet50', 1.0, 4),
    Checkpoint(2, 'resnet50', 1.0, 2),
    Checkpoint(2, 'resnet50', 1.0, 1),
    Checkpoint(1, 'mobilenet_v1', 0.25, 4),
    Checkpoint(1, 'mobilenet_v1', 0.5, 4),
    Checkpoint(1, 'mobilenet_v1', 0.75, 4),
    Checkpoint(1, 'mobilenet_v1', 1.0, 4),
)


def find_checkpoint(settings: NetworkSettings) -> Checkpoint:
    """Return the official checkpoint that the settings select.

    Raises:
        SettingError: no such checkpoint was published, or the network does not support that stride.
    """
    check_combination(settings)
    if settings.version == 1 and settings.quant_bytes != 4:
        raise SettingError(
            f'quant_bytes must be 4 with version 1, got {settings.quant_bytes}; 1 and 2 exist only for version 2'
        )
    if settings.version == 2 and settings.architecture == 'mobilenet_v1' and settings.multiplier == 0.25:
        raise SettingError(
            'multiplier must be 0.5, 0.75 or 1.0 with version 2, got 0.25; 0.25 exists for version 1 only'
        )
    wanted = (settings.version, settings.architecture, width(settings), settings.quant_bytes)
    return next(one for one in CATALOGUE if wanted == (one.version, one.architecture, one.multiplier, one.quant_bytes))


def check_combination(settings: NetworkSettings) -> None:
    """Check that version, architecture and stride can be combined, for official and for other checkpoints.

    Raises:
        SettingError: the architecture does not support that stride, or does not exist in that version.
    """
    if settings.version == 1 and settings.architecture != 'mobilenet_v1':
        raise SettingError(
            f'architecture must be mobilenet_v1 with version 1, got {settings.architecture}; '
            'resnet50 exists for version 2 only'
        )
    if settings.stride not in STRIDES[settings.architecture]:
        *first, last = map(str, STRIDES[settings.architecture])
        raise SettingError(
            f'stride must be {", ".join(first)} or {last} with {settings.architecture}, got {settings.stride}'
        )


def width(settings: NetworkSettings) -> float:
    """Return the effective multiplier: 1.0 for ResNet50, which ignores `multiplier`."""
    return 1.0 if settings.architecture == 'resnet50' else settings.multiplier
