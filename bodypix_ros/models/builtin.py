"""The network that comes with the package, so that it works where no official checkpoint is at hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..settings import NetworkSettings

FOLDER = Path(__file__).parent / 'data'
"""A checkpoint in TensorFlow.js's format, and MODEL_CARD.md, which says what it is."""

MANIFEST = 'model-stride16.json'
MULTIPLIER = 0.25
TITLE = f'bodypix_ros {MULTIPLIER:.2f}'


def is_asked_for(settings: NetworkSettings) -> bool:
    """Tell whether the settings mean the built-in network where they leave the checkpoint open.

    Version 2 has no official checkpoint of its width.
    """
    wanted = (settings.version, settings.architecture, settings.multiplier)
    return wanted == (2, 'mobilenet_v1', MULTIPLIER)


def as_builtin(settings: NetworkSettings) -> NetworkSettings:
    """Return settings that say what the built-in network is, whatever was asked for."""
    return dataclasses.replace(settings, version=2, architecture='mobilenet_v1', multiplier=MULTIPLIER)
