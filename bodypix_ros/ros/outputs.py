"""What the node gives out: which message stands on which topic, and how a result becomes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encodings import encode_labels, encode_mask
from ..palettes import BLACK, palette_colors
from ..render import colorize_parts, overlay_needs_parts, render_overlay
from ..segmentation import Segmentation
from .parameters import Parameters


@dataclass(frozen=True)
class Result:
    """What is known about one frame when its messages are made: the picture, (H, W, 3) uint8 BGR, and who is where."""

    picture: NDArray[np.uint8]
    segmentation: Segmentation
    parameters: Parameters


Drawing = Callable[[Result], tuple[NDArray[Any], str]]
"""Gives an image and the name of its encoding."""


@dataclass(frozen=True)
class ImageOutput:
    """A topic of images. `needs_parts` says whether body parts must be found for it."""

    topic: str
    draw: Drawing
    needs_parts: Callable[[Parameters], bool]


def _mask(result: Result) -> tuple[NDArray[Any], str]:
    return encode_mask(result.segmentation.mask), 'mono8'


def _parts(result: Result) -> tuple[NDArray[Any], str]:
    encoding = result.parameters.picture.parts_encoding
    return encode_labels(_labels(result), encoding), encoding


def _parts_color(result: Result) -> tuple[NDArray[Any], str]:
    palette = palette_colors(
        result.parameters.picture.overlay_palette, result.parameters.network.part_ids, background=BLACK
    )
    return colorize_parts(_labels(result), palette), 'rgb8'


def _overlay(result: Result) -> tuple[NDArray[Any], str]:
    parameters = result.parameters
    drawn = render_overlay(result.picture, result.segmentation, parameters.picture, parameters.network.part_ids)
    return drawn, 'bgr8'


def _labels(result: Result) -> NDArray[np.int8]:
    labels = result.segmentation.parts
    assert labels is not None, 'an output that needs parts was made without them'
    return labels


def _never(_: Parameters) -> bool:
    return False


def _always(_: Parameters) -> bool:
    return True


def _as_the_effect(parameters: Parameters) -> bool:
    return overlay_needs_parts(parameters.picture.overlay_effect)


IMAGE_OUTPUTS: tuple[ImageOutput, ...] = (
    ImageOutput('mask', _mask, _never),
    ImageOutput('parts', _parts, _always),
    ImageOutput('parts_color', _parts_color, _always),
    ImageOutput('overlay', _overlay, _as_the_effect),
)
