# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The geometry between an image and the network: sizes, paddings and interpolation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..setting_parsers import MIN_PIXELS, RESOLUTIONS
from .taps import (
    AreaTaps,
    Taps,
    aligned_taps,
    area_taps,
    centred_taps,
    crop_taps,
    padded_taps,
    resized_then_padded_taps,
    upsampling_matrix,
)

BODYPIX1_INPUT = (353, 257)
"""Height and width of the network input of BodyPix 1 for all images."""

OWN_LONGER_SIDE = 449
"""Longer side of the input of our network if `internal_resolution` is auto, pixels."""

_OWN_STRIDE, _OWN_POSE_STRIDE, _OWN_STEP = 4, 16, 32

Sigmoid = Literal['before', 'between', 'after']
"""Position of the sigmoid relative to the two interpolations of logits: before both (BodyPix 1), between them
(BodyPix 2), or after the only one (our network, which compares logits)."""


class Padding(NamedTuple):
    """Black borders around an image, in pixels of the image (BodyPix 2) or of the network input (BodyPix 1)."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, eq=False)
class Geometry:
    """Everything that depends only on the size of the image, the network and the internal resolution.

    BodyPix interpolates logits twice: from output cells to pixels of the network input, and from there to the image.
    Our network interpolates once, from output cells to the image; the output cells are its intermediate grid.

    Attributes:
        height, width: the image, pixels.
        input_height, input_width: the network input, pixels; a multiple of the stride, plus one.
        output_height, output_width: the output of the mask heads, cells.
        stride: of the mask heads, pixels of the network input per output cell.
        pose_stride: of the pose heads.
        padding: black borders, see `Padding`.
        input_rows, input_columns: linear interpolation from the image to the network input.
        area: rows and columns of area sampling, used instead if the input of our network is smaller than the image.
        upsample_rows: (grid height, output_height) float32, from output cells to the intermediate grid.
        upsample_columns: (output_width, grid width) float32, the same for columns, to be multiplied from the right.
        rows, columns: from the intermediate grid to the image.
        cell_rows, cell_columns: entries k and k + 1 delimit the image pixels of cell k, which are those with both
            neighbours in the intermediate grid inside the cell or on its edge.
        sigmoid: see `Sigmoid`; 'after' means that there is only one interpolation.
    """

    height: int
    width: int
    input_height: int
    input_width: int
    stride: int
    pose_stride: int
    padding: Padding
    input_rows: Taps
    input_columns: Taps
    upsample_rows: NDArray[np.float32]
    upsample_columns: NDArray[np.float32]
    rows: Taps
    columns: Taps
    sigmoid: Sigmoid
    area: tuple[AreaTaps, AreaTaps] | None = None
    cell_rows: NDArray[np.intp] = field(init=False)
    cell_columns: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, 'cell_rows', _cells(self.rows, self.cell_size, self.output_height))
        object.__setattr__(self, 'cell_columns', _cells(self.columns, self.cell_size, self.output_width))

    @cached_property
    def cell_size(self) -> int:
        """Steps of the intermediate grid per output cell."""
        return 1 if self.sigmoid == 'after' else self.stride

    @property
    def cell_px(self) -> float:
        """Pixels of the image per cell of the network output, along the axis where they are more."""
        height = self.height + self.padding.top + self.padding.bottom
        width = self.width + self.padding.left + self.padding.right
        return self.stride * max(height / self.input_height, width / self.input_width)

    @property
    def offset_scale(self) -> tuple[float, float]:
        """Image pixels, in y and x, per pixel of a long offset.

        BodyPix adds offsets, which are in pixels of the network input, to image pixels without conversion.
        """
        if self.sigmoid != 'after':
            return 1.0, 1.0
        return self.height / self.input_height, self.width / self.input_width

    @property
    def output_height(self) -> int:
        """Rows of the network output."""
        return (self.input_height - 1) // self.stride + 1

    @property
    def output_width(self) -> int:
        """Columns of the network output."""
        return (self.input_width - 1) // self.stride + 1


@lru_cache(maxsize=64)
def sampled_geometry(geometry: Geometry, top: int, left: int, step_px: int) -> Geometry:
    """Return the geometry of every `step_px`-th pixel of the image, from row `top` and column `left` on."""
    rows, columns = geometry.rows.sampled(top, step_px), geometry.columns.sampled(left, step_px)
    return replace(geometry, height=len(rows.low), width=len(columns.low), rows=rows, columns=columns)


def round_half_up(value: float) -> int:
    """Round like JavaScript's Math.round; Python's round rounds halves to even."""
    return math.floor(value + 0.5)


def input_size(height: int, width: int, resolution: str | float, stride: int) -> tuple[int, int]:
    """Return the height and width of the network input.

    Source: BodyPix 2.2 `toInputResolutionHeightAndWidth`: a fraction of the image, a multiple of the stride plus one.
    """
    share = RESOLUTIONS[resolution] if isinstance(resolution, str) else resolution
    return _legal_size(height * share, stride), _legal_size(width * share, stride)


def _legal_size(size: float, stride: int) -> int:
    if (size - 1) % stride == 0:
        return int(size)
    return int(size // stride) * stride + 1


def padding_for(height: int, width: int, input_height: int, input_width: int) -> Padding:
    """Return the borders that give the image the aspect ratio of the network input.

    Source: BodyPix 2.2 `padAndResizeTo`; both sides have the same rounded width.
    """
    target, aspect = input_width / input_height, width / height
    if aspect < target:
        border = round_half_up(0.5 * (target * height - width))
        return Padding(0, 0, border, border)
    border = round_half_up(0.5 * ((1.0 / target) * width - height))
    return Padding(border, border, 0, 0)


@lru_cache(maxsize=64)
def bodypix2_geometry(height: int, width: int, resolution: str | float, stride: int) -> Geometry:
    """Return the geometry of BodyPix 2, which pads the image, then resizes it.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        resolution: low, medium, high, full or a fraction, 0.1..2.0.
        stride: of the network, pixels.
    """
    input_height, input_width = input_size(height, width, resolution, stride)
    padding = padding_for(height, width, input_height, input_width)
    return Geometry(
        height=height,
        width=width,
        input_height=input_height,
        input_width=input_width,
        stride=stride,
        pose_stride=stride,
        padding=padding,
        input_rows=padded_taps(height, padding.top, padding.bottom, input_height),
        input_columns=padded_taps(width, padding.left, padding.right, input_width),
        upsample_rows=upsampling_matrix(input_height, stride),
        upsample_columns=upsampling_matrix(input_width, stride).T.copy(),
        rows=crop_taps(input_height, height, padding.top, padding.bottom),
        columns=crop_taps(input_width, width, padding.left, padding.right),
        sigmoid='between',
    )


@lru_cache(maxsize=64)
def bodypix1_geometry(height: int, width: int, stride: int) -> Geometry:
    """Return the geometry of BodyPix 1, which resizes the image to fit into 353x257, then pads it.

    Source: BodyPix 1.1 `resizeAndPadTo`, `scaleAndCropToInputTensorShape`.
    """
    input_height, input_width = BODYPIX1_INPUT
    if width / height > input_width / input_height:
        inner_width, inner_height = input_width, math.ceil(input_width / (width / height))
    else:
        inner_height, inner_width = input_height, math.ceil(input_height * (width / height))
    top, left = (input_height - inner_height) // 2, (input_width - inner_width) // 2
    padding = Padding(top, input_height - inner_height - top, left, input_width - inner_width - left)
    return Geometry(
        height=height,
        width=width,
        input_height=input_height,
        input_width=input_width,
        stride=stride,
        pose_stride=stride,
        padding=padding,
        input_rows=resized_then_padded_taps(height, inner_height, padding.top, input_height),
        input_columns=resized_then_padded_taps(width, inner_width, padding.left, input_width),
        upsample_rows=upsampling_matrix(input_height, stride),
        upsample_columns=upsampling_matrix(input_width, stride).T.copy(),
        rows=aligned_taps(inner_height, height, padding.top),
        columns=aligned_taps(inner_width, width, padding.left),
        sigmoid='before',
    )


@lru_cache(maxsize=64)
def own_geometry(height: int, width: int, resolution: str | float) -> Geometry:
    """Return the geometry of our network, which resizes each axis without padding and interpolates the logits once.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        resolution: low, medium, high, full or a fraction, 0.1..2.0; or the longer side of the network input, at least
            65 pixels; auto is `OWN_LONGER_SIDE`.
    """
    input_height, input_width = own_input_size(height, width, resolution)
    output_height, output_width = ((size - 1) // _OWN_STRIDE + 1 for size in (input_height, input_width))
    shrinks = input_height <= height and input_width <= width
    return Geometry(
        height=height,
        width=width,
        input_height=input_height,
        input_width=input_width,
        stride=_OWN_STRIDE,
        pose_stride=_OWN_POSE_STRIDE,
        padding=Padding(0, 0, 0, 0),
        input_rows=centred_taps(height, input_height),
        input_columns=centred_taps(width, input_width),
        upsample_rows=np.eye(output_height, dtype=np.float32),
        upsample_columns=np.eye(output_width, dtype=np.float32),
        rows=aligned_taps(output_height, height, 0),
        columns=aligned_taps(output_width, width, 0),
        sigmoid='after',
        area=(area_taps(height, input_height), area_taps(width, input_width)) if shrinks else None,
    )


def own_input_size(height: int, width: int, resolution: str | float) -> tuple[int, int]:
    """Return the height and width of our network's input: multiples of 32, plus one, nearest to the requested size."""
    if resolution == 'auto':
        resolution = OWN_LONGER_SIDE
    share = RESOLUTIONS[resolution] if isinstance(resolution, str) else resolution
    if share >= MIN_PIXELS:
        share /= max(height, width)
    return _nearest_own_size(height * share), _nearest_own_size(width * share)


def _nearest_own_size(size: float) -> int:
    return max(round_half_up((size - 1) / _OWN_STEP), 1) * _OWN_STEP + 1


def _cells(taps: Taps, stride: int, corners: int) -> NDArray[np.intp]:
    """Return the first output of each cell, and the end of the outputs of the last cell."""
    cells = max(corners - 1, 1)
    return np.searchsorted(np.minimum(taps.low // stride, cells - 1), np.arange(cells + 1))
