"""From settings to a network that ONNX Runtime can run."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingError
from ..parts import PartIds
from ..settings import NetworkSettings
from .bodypix.heads import head_slices, wanted_heads
from .bodypix.tfjs import parse_manifest, read_weights
from .catalogue import width
from .network_cache import Recipe, keep_network, read_network
from .progress import Progress, no_progress
from .source import Source, obtain_source, source_at_hand


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
        checkpoint: the setting that names just this network's weights: 'official', 'builtin' or a folder.
    """

    name: str
    onnx: bytes
    heads: dict[str, slice]
    stride: int
    version: int
    architecture: str
    part_ids: PartIds
    checkpoint: str


def load_network(settings: NetworkSettings, *, people: bool = False, progress: Progress | None = None) -> Network:
    """Return the network that the settings ask for: kept from an earlier start, or built from its checkpoint.

    Args:
        settings: which network, and from where.
        people: with the heads that poses and instances need; a network without them is faster.
        progress: told how far a fetch and a building are.

    Raises:
        SettingError: there is no such network, it cannot find people or run in that precision, or the checkpoint is
            one of another network.
        ModelError: the checkpoint is not here and cannot or must not be fetched, or is damaged.
    """
    progress = progress or no_progress
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
    return Network(
        name=f'{source.title}, stride {source.settings.stride}{", int8" if settings.precision == "int8" else ""}',
        onnx=onnx,
        heads=head_slices(heads),
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


def _check_precision(settings: NetworkSettings) -> None:
    """Raise SettingError where int8 is asked for, which only MobileNetV1 has, and only on a CPU."""
    if settings.precision == 'int8' and settings.architecture != 'mobilenet_v1':
        raise SettingError(f'precision int8 is for mobilenet_v1, got {settings.architecture}; take auto')
    if settings.precision == 'int8' and settings.provider != 'cpu':
        raise SettingError(f'precision int8 is for a CPU: provider must be cpu with it, got {settings.provider}')


def _build(source: Source, heads: tuple[str, ...], progress: Progress) -> bytes:
    from .bodypix.build import build_onnx  # slow to import, and most starts find a kept network

    settings = source.settings
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
    if settings.precision == 'int8':
        from .bodypix.quantise import quantise_mobilenet

        model = quantise_mobilenet(model)
    progress(task, 1, 1)
    onnx: bytes = model.SerializeToString()
    return onnx
