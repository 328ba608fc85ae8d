"""Whether weights are those of the network that was asked for: their shapes tell."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ModelError, SettingError
from ..catalogue import network_title

Shapes = Mapping[str, tuple[int, ...]]

_MOBILENET_FIRST = 'MobilenetV1/Conv2d_0/weights'
_RESNET_FIRST = 'resnet_v1_50/conv1/weights'
_FULL_WIDTH = 32  # channels of MobileNetV1's first convolution at multiplier 1.0
_MULTIPLIERS = (0.25, 0.5, 0.75, 1.0)


def recognise(shapes: Shapes, source: str) -> tuple[str, float]:
    """Return the architecture and the multiplier that weights of these shapes have.

    Args:
        shapes: of the tensors, by name.
        source: where they came from, for error texts.

    Raises:
        ModelError: they are of no BodyPix network.
    """
    if _RESNET_FIRST in shapes:
        return 'resnet50', 1.0
    shape = shapes.get(_MOBILENET_FIRST, ())
    multiplier = shape[-1] / _FULL_WIDTH if shape else 0.0
    if multiplier not in _MULTIPLIERS:
        found = f'{_MOBILENET_FIRST} of shape {shape}' if shape else f'neither {_MOBILENET_FIRST} nor {_RESNET_FIRST}'
        raise ModelError(f'{source} is not a BodyPix checkpoint: it has {found}')
    return 'mobilenet_v1', multiplier


def check_fit(shapes: Shapes, architecture: str, multiplier: float, source: str) -> None:
    """Check that weights are those of the network that the settings ask for.

    Raises:
        ModelError: they are of no BodyPix network.
        SettingError: they are of another one; the text names both.
    """
    found = recognise(shapes, source)
    wanted = (architecture, 1.0 if architecture == 'resnet50' else multiplier)
    if found != wanted:
        raise SettingError(
            f'{source} holds weights of {network_title(*found)}, but the settings ask for {network_title(*wanted)}; '
            f'set {_settings(*found)}'
        )


def _settings(architecture: str, multiplier: float) -> str:
    width = '' if architecture == 'resnet50' else f' and multiplier to {multiplier:g}'
    return f'architecture to {architecture}{width}'
