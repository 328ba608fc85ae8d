# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Resolves the settings to a model, and loads its network for ONNX Runtime."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import SettingError
from ..parts import PartIds
from ..settings import BODYPIX_ONLY, NetworkSettings
from .bodypix.heads import MASK_HEADS, PEOPLE_HEADS, head_slices, wanted_heads
from .bodypix.tfjs import MANIFEST_LIMIT_BYTES, parse_manifest, read_weights
from .catalogue import width
from .disk import read_file
from .network_cache import Recipe, keep_network, read_network
from .progress import Progress, no_progress
from .source import Source, obtain_source, source_at_hand

_LOG = logging.getLogger(__name__)

OWN, BODYPIX = 'bodypix_ros', 'bodypix'
"""The values of the setting `model` for the networks of BodyPix's structure."""


class Head(NamedTuple):
    """The position of a head in the outputs of the network."""

    output: str
    channels: slice


@dataclass(frozen=True)
class Model:
    """What runs.

    Attributes:
        name: human-readable: 'official MobileNetV1 0.50, 4-byte weights, stride 16' or 'bodypix_ros 1.0'. Only
            Google's own weights are called official.
        model: concrete value of the setting `model`, such as 'bodypix_ros'.
    """

    name: str
    model: str


@dataclass(frozen=True)
class Network(Model):
    """A network of BodyPix's structure, ready for ONNX Runtime.

    Attributes:
        onnx: serialised ModelProto, from 'input' (N, 3, h, w) float32 to the outputs listed in `heads`, float32: for
            BodyPix 'heads' (N, C, oh, ow); for ours 'fine' (N, 25, h4, w4) and, with people, 'pose' (N, 149, h16, w16).
        heads: the position of each head by its name, see `bodypix.heads`.
        stride: network input pixels per output cell of the mask heads: 8, 16 or 32 for BodyPix (BodyPix 1 runs 16 if
            32 is requested); 4 for ours, where the other heads have 16.
        version: of BodyPix; version 1 has a fixed input, 353 high and 257 wide, and a different decoding. 2 for ours.
        architecture: 'mobilenet_v1', 'resnet50' or 'efficientnet_lite0'; determines the preprocessing.
        part_ids: numbering of the part channels.
        checkpoint: the weights: 'official' or a folder (BodyPix), or 'bodypix_ros'.
    """

    onnx: bytes
    heads: dict[str, Head]
    stride: int
    version: int
    architecture: str
    part_ids: PartIds
    checkpoint: str


def resolve_model(settings: NetworkSettings, given: Collection[str] = ()) -> tuple[str, str]:
    """Return the concrete model that the settings select, such as 'bodypix_ros', and the reason as a clause.

    Args:
        settings: only `model` and `checkpoint` are used.
        given: names of the settings that were given explicitly, with any value.
    """
    bodypix_only = [name for name in BODYPIX_ONLY if name in given]
    listed = ' and '.join(filter(None, [', '.join(bodypix_only[:-1]), *bodypix_only[-1:]]))
    verb = 'is a setting' if len(bodypix_only) == 1 else 'are settings'
    if settings.model == BODYPIX:
        return BODYPIX, f'model {BODYPIX} was requested'
    if settings.model != 'auto':
        ignored = f'; {listed} {verb} of bodypix and ignored' if listed else ''
        return settings.model, f'model {settings.model} was requested{ignored}'
    if settings.checkpoint == 'builtin':
        return OWN, "checkpoint 'builtin' of version 0.1 means bodypix_ros"
    if bodypix_only:
        return BODYPIX, f'{listed} {verb} of bodypix'
    return OWN, f'{OWN} is the default'


def resolve_settings(settings: NetworkSettings, given: Collection[str] = ()) -> tuple[NetworkSettings, str]:
    """Return the settings with a concrete model and without values of version 0.1, and the reason for the model.

    Raises:
        SettingError: the checkpoint 'builtin' of version 0.1 is requested of the model bodypix.
    """
    model, reason = resolve_model(settings, given)
    checkpoint = settings.checkpoint
    if checkpoint == 'builtin':
        if model == BODYPIX:
            raise SettingError(
                "checkpoint must be official or a folder, got 'builtin', which was removed after version 0.1; "
                'set model to bodypix_ros for the network included in this package'
            )
        _LOG.warning("checkpoint 'builtin' is deprecated; set model to bodypix_ros")
        checkpoint = 'official'
    elif checkpoint == 'auto':
        if 'checkpoint' in given:
            _LOG.warning("checkpoint 'auto' is deprecated; set checkpoint to official")
        checkpoint = 'official'
    return dataclasses.replace(settings, model=model, checkpoint=checkpoint), reason


def load_network(settings: NetworkSettings, *, people: bool = False, progress: Progress | None = None) -> Network:
    """Return the network that the settings select.

    Args:
        settings: the network and its source; model 'auto' means bodypix_ros here, see `resolve_settings`.
        people: whether to include the heads for poses and instances; a network without them is faster.
        progress: called with the progress of downloading and building.

    Raises:
        SettingError: the network does not exist, does not support this precision or this resolution, or the checkpoint
            belongs to another network.
        ModelError: the checkpoint is missing and cannot or must not be downloaded, or is damaged; or the network does
            not support people.
    """
    if settings.model == BODYPIX:
        return _load_bodypix(settings, people, progress or no_progress)
    return _load_own(settings, people)


def obtain_model(settings: NetworkSettings, progress: Progress) -> None:
    """Download and build whatever a concrete model needs, so that loading it is quick.

    Raises: see `load_network`.
    """
    if settings.model in (OWN, BODYPIX):
        load_network(settings, progress=progress)
        return
    from .mediapipe.source import load_networks  # only needed for these models

    load_networks(settings.model, settings, progress)


def _load_own(settings: NetworkSettings, people: bool) -> Network:
    """Build our network from the weights in this package; this is fast, so the result is not cached."""
    if settings.precision == 'int8':
        raise SettingError(
            f'precision int8 is for BodyPix with mobilenet_v1, got model {OWN}; '
            'set precision to auto or model to bodypix'
        )
    from .own.build import build_own  # slow to import
    from .own.weights import VERSION, read_weights

    pose = [name for name in PEOPLE_HEADS if name not in MASK_HEADS] if people else []
    return Network(
        name=f'{OWN} {VERSION}',
        model=OWN,
        onnx=build_own(read_weights(), people=people).SerializeToString(),
        heads={
            **{name: Head('fine', channels) for name, channels in head_slices(MASK_HEADS).items()},
            **{name: Head('pose', channels) for name, channels in head_slices(pose).items()},
        },
        stride=4,
        version=2,
        architecture='efficientnet_lite0',
        part_ids='bodypix2',
        checkpoint=OWN,
    )


def _load_bodypix(settings: NetworkSettings, people: bool, progress: Progress) -> Network:
    """Return a BodyPix network from the cache, or build it from its checkpoint."""
    _check_precision(settings)
    heads = wanted_heads(settings.version, people=people)
    source = source_at_hand(settings)
    onnx = None if source is None else read_network(source.networks, _recipe(source, heads))
    if source is None or onnx is None:
        at_hand, source = source, obtain_source(settings, progress)
        if source != at_hand:
            onnx = read_network(source.networks, _recipe(source, heads))
        if onnx is None:
            onnx = _build(source, heads, progress)
            keep_network(source.networks, _recipe(source, heads), onnx)
    _check_resolution(settings)  # last: without weights, our network may run instead, and it supports pixels
    return Network(
        name=f'{source.title}, stride {source.settings.stride}{", int8" if settings.precision == "int8" else ""}',
        model=BODYPIX,
        onnx=onnx,
        heads={name: Head('heads', channels) for name, channels in head_slices(heads).items()},
        stride=source.settings.stride,
        version=source.settings.version,
        architecture=source.settings.architecture,
        part_ids='bodypix1' if source.settings.version == 1 else 'bodypix2',
        checkpoint=source.checkpoint,
    )


def _recipe(source: Source, heads: tuple[str, ...]) -> Recipe:
    settings = source.settings
    return Recipe(
        digest=source.digest,
        version=settings.version,
        architecture=settings.architecture,
        multiplier=width(settings),
        stride=settings.stride,
        dilation=settings.dilation,
        heads=heads,
        in_bytes=settings.precision == 'int8',
    )


def _check_resolution(settings: NetworkSettings) -> None:
    """Raise SettingError if the resolution is a number of pixels, which only our network supports."""
    if isinstance(settings.internal_resolution, int):
        raise SettingError(
            f'internal_resolution of bodypix must be auto, low, medium, high, full or a fraction of 0.1..2.0, got '
            f'{settings.internal_resolution} pixels; set a fraction, or set model to {OWN}'
        )


def _check_precision(settings: NetworkSettings) -> None:
    """Raise SettingError if int8 is requested but not supported: it requires MobileNetV1 and a CPU."""
    if settings.precision == 'int8' and settings.architecture != 'mobilenet_v1':
        raise SettingError(f'precision int8 is for mobilenet_v1, got {settings.architecture}; set precision to auto')
    if settings.precision == 'int8' and settings.provider != 'cpu':
        raise SettingError(f'precision int8 requires provider cpu, got {settings.provider}')


def _build(source: Source, heads: tuple[str, ...], progress: Progress) -> bytes:
    from .bodypix.build import build_onnx  # slow to import, and not needed if the network is in the cache

    settings = source.settings
    task = f'building {source.title}, stride {settings.stride}'
    progress(task, 0, 1)
    path = source.folder / source.manifest
    weights = read_weights(source.folder, parse_manifest(read_file(path, MANIFEST_LIMIT_BYTES), str(path)))
    model = build_onnx(
        weights,
        settings.architecture,
        width(settings),
        settings.stride,
        settings.dilation,
        heads,
        settings.version,
    )
    if settings.precision == 'int8':
        from .bodypix.quantise import quantise_mobilenet

        model = quantise_mobilenet(model)
    progress(task, 1, 1)
    onnx: bytes = model.SerializeToString()
    return onnx
