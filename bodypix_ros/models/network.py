"""From settings to a network that ONNX Runtime can run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ..parts import PartIds
from ..settings import NetworkSettings
from .catalogue import width
from .heads import head_slices, wanted_heads
from .network_cache import Recipe, keep_network, read_network
from .progress import Progress, no_progress
from .source import Source, obtain_source, source_at_hand
from .strides import executed_stride
from .tfjs import parse_manifest, read_weights


@dataclass(frozen=True)
class Network:
    """A network ready for ONNX Runtime.

    Attributes:
        name: for people: 'official MobileNetV1 0.50, 4-byte weights, stride 16'. Only Google's own weights are
            called official.
        onnx: serialised ModelProto, from 'input' (N, 3, h, w) float32 to 'heads' (N, C, oh, ow) float32.
        heads: channel range of each head in the one output.
        stride: network input pixels per output cell; 16 where BodyPix 1 is asked for 32 but runs 16.
        version: of BodyPix; version 1 has a fixed input, 353 high and 257 wide, and a decoding of its own.
        architecture: 'mobilenet_v1' or 'resnet50'; the preprocessing follows it.
        part_ids: numbering of the part channels.
    """

    name: str
    onnx: bytes
    heads: dict[str, slice]
    stride: int
    version: int
    architecture: str
    part_ids: PartIds


def load_network(settings: NetworkSettings, *, people: bool = False, progress: Progress | None = None) -> Network:
    """Return the network that the settings ask for: kept from an earlier start, or built from its checkpoint.

    Args:
        settings: which network, and from where.
        people: with the heads that poses and instances need; a network without them is faster.
        progress: told how far a fetch and a building are.

    Raises:
        SettingError: there is no such network, it cannot find people, or the checkpoint is one of another network.
        ModelError: the checkpoint is not here and cannot or must not be fetched, or is damaged.
    """
    progress = progress or no_progress
    heads = wanted_heads(settings.version, people=people)
    stride = executed_stride(settings.version, width(settings), settings.stride)
    settings = dataclasses.replace(settings, stride=stride)
    source = source_at_hand(settings)
    onnx = None if source is None else read_network(source.networks, _recipe(settings, source, heads))
    if source is None or onnx is None:
        source = obtain_source(settings, progress)
        onnx = _build(settings, source, heads, progress)
        keep_network(source.networks, _recipe(settings, source, heads), onnx)
    return Network(
        name=f'{source.title}, stride {settings.stride}',
        onnx=onnx,
        heads=head_slices(heads),
        stride=settings.stride,
        version=settings.version,
        architecture=settings.architecture,
        part_ids='bodypix1' if settings.version == 1 else 'bodypix2',
    )


def _recipe(settings: NetworkSettings, source: Source, heads: tuple[str, ...]) -> Recipe:
    return Recipe(
        digest=source.digest,
        version=settings.version,
        architecture=settings.architecture,
        multiplier=width(settings),
        stride=settings.stride,
        dilation=settings.dilation,
        heads=heads,
    )


def _build(settings: NetworkSettings, source: Source, heads: tuple[str, ...], progress: Progress) -> bytes:
    from .build import build_onnx  # slow to import, and most starts find a kept network

    task = f'building {source.title}, stride {settings.stride}'
    progress(task, 0, 1)
    path = source.folder / source.manifest
    weights = read_weights(source.folder, parse_manifest(path.read_bytes(), str(path)))
    model = build_onnx(
        weights,
        settings.architecture,
        width(settings),
        settings.stride,
        settings.dilation,
        heads,
        settings.version,
    )
    progress(task, 1, 1)
    onnx: bytes = model.SerializeToString()
    return onnx
