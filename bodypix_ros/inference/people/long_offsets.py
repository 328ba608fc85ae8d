# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Estimates the keypoints of each pixel's person by following the long offsets step by step.

The long offsets of a pixel point to the keypoints of the person that the pixel belongs to. BodyPix follows an offset,
reads the offset at the position that it reaches, and so on. In BodyPix, offsets are in pixels of the network input but
are added to pixels of the image, so a single step is too short if the network input is smaller than the image.

Positions are complex numbers, x + iy, which halves the number of calls to numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...parts import KEYPOINTS
from ..geometry import Geometry
from .block_labels import Indices

# Texts, because numpy 1.21 (ROS 2 Humble) has no subscripts at run time.
Positions: TypeAlias = 'NDArray[np.complexfloating[Any, Any]]'
Floats: TypeAlias = 'NDArray[np.floating[Any]]'


@dataclass(frozen=True)
class Axis:
    """One axis of the image, and the positions of its pixels among the output cells.

    Attributes:
        size: of the image, pixels.
        border: number of black pixels before the image.
        shrink: pixels of the network input per pixel of the image.
        stride: pixels of the network input per output cell.
    """

    size: int
    border: int
    shrink: float
    stride: int

    def cells(self, pixels: Floats) -> Floats:
        """Return the positions of pixels among the cells, not clamped."""
        cells: Floats = ((self.border + pixels + 1) * self.shrink - 1) / self.stride
        return cells

    def pixels(self, cells: Floats) -> Floats:
        """Return the pixels at some positions among the cells; the inverse of `cells`."""
        pixels: Floats = (cells * self.stride + 1) / self.shrink - 1 - self.border
        return pixels


def image_axes(geometry: Geometry) -> tuple[Axis, Axis]:
    """Return the vertical and the horizontal axis."""
    top, bottom, left, right = geometry.padding
    height, width, stride = geometry.height, geometry.width, geometry.pose_stride
    return (
        Axis(height, top, geometry.input_height / (top + bottom + height), stride),
        Axis(width, left, geometry.input_width / (left + right + width), stride),
    )


class InterpolatedOffsets:
    """Estimates from offsets that are interpolated between the output cells.

    Positions are float32 and are rounded to a whole pixel before each step. Beyond the right and lower edges of the
    image, and beyond the outermost cells, offsets are those at the edge.

    Source: BodyPix 2.2 `decodeMultipleMasksGPU`.
    """

    def __init__(
        self, long_offsets: NDArray[np.float32], keypoints: Sequence[int], geometry: Geometry, refine_steps: int
    ) -> None:
        """Prepare to estimate the given keypoints.

        Args:
            long_offsets: (34, rows, columns) float32, first all dy, then all dx.
            keypoints: their numbers.
            geometry: of the image.
            refine_steps: number of steps after the first.
        """
        offsets = _complex_offsets(long_offsets, keypoints, geometry)
        self._values = _polynomials(offsets)
        self._planes = np.arange(len(keypoints))[:, None] * offsets[0].size
        self._row_length = long_offsets.shape[2]
        self._vertical, self._horizontal = image_axes(geometry)
        self._steps = refine_steps + 1

    def __call__(self, rows: Indices, columns: Indices) -> Positions:
        """Return the (keypoints, n) complex64 positions."""
        positions = np.empty((len(self._planes), rows.size), np.complex64)
        positions.real, positions.imag = columns, rows
        for _ in range(self._steps):
            positions += self._offsets(positions)
        return positions

    def _offsets(self, positions: Positions) -> Positions:
        row, down = _split(positions.imag, self._vertical)
        column, across = _split(positions.real, self._horizontal)
        row *= self._row_length
        row += column
        cells = row + self._planes
        here, right, below, twist = self._values
        offsets: Positions = twist.take(cells)
        offsets *= across
        offsets += below.take(cells)
        offsets *= down
        slope = right.take(cells)
        slope *= across
        offsets += slope
        offsets += here.take(cells)
        return offsets


class NearestOffsets:
    """Estimates from the offsets of the nearest output cell.

    Positions are double precision and are clamped to the right and lower edges of the image only. A position to the
    left of the cells reads from the end of the row above; one before the first or after the last cell results in NaN.

    Source: BodyPix 2.2 `decodeMultipleMasksCPU`.
    """

    def __init__(
        self, long_offsets: NDArray[np.float32], keypoints: Sequence[int], geometry: Geometry, refine_steps: int
    ) -> None:
        """Prepare to estimate the given keypoints; the arguments are those of `InterpolatedOffsets`."""
        offsets = _complex_offsets(long_offsets, keypoints, geometry).reshape(len(keypoints), -1)
        nowhere = np.full((len(keypoints), 1), np.nan)
        self._values = np.concatenate([offsets, nowhere], axis=1, dtype=np.complex128).ravel()
        self._cells = offsets.shape[1]
        self._planes = np.arange(len(keypoints))[:, None] * (self._cells + 1)
        self._row_length = long_offsets.shape[2]
        self._vertical, self._horizontal = image_axes(geometry)
        self._steps = refine_steps

    def __call__(self, rows: Indices, columns: Indices) -> Positions:
        """Return the (keypoints, n) complex128 positions, NaN where they are undefined."""
        positions = np.empty((len(self._planes), rows.size), np.complex128)
        positions.real, positions.imag = columns, rows
        positions += self._offsets(positions)
        for _ in range(self._steps):
            np.minimum(positions.imag, self._vertical.size - 1, out=positions.imag)
            np.minimum(positions.real, self._horizontal.size - 1, out=positions.real)
            positions += self._offsets(positions)
        return positions

    def _offsets(self, positions: Positions) -> Positions:
        row = np.floor(self._vertical.cells(positions.imag) + 0.5)
        column = np.floor(self._horizontal.cells(positions.real) + 0.5)
        cells = row * self._row_length + column
        cells[~((cells >= 0) & (cells < self._cells))] = self._cells
        offsets: Positions = self._values.take(cells.astype(np.intp) + self._planes)
        return offsets


def _complex_offsets(
    long_offsets: NDArray[np.float32], keypoints: Sequence[int], geometry: Geometry
) -> NDArray[np.complex64]:
    """Return the offsets of the given keypoints, (keypoints, rows, columns), dx + i dy in pixels of the image."""
    down, across = long_offsets.reshape(2, len(KEYPOINTS), *long_offsets.shape[1:])[:, list(keypoints)]
    scale_y, scale_x = geometry.offset_scale
    offsets = np.empty(down.shape, np.complex64)
    offsets.real, offsets.imag = across * np.float32(scale_x), down * np.float32(scale_y)
    return offsets


def _polynomials(offsets: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Return a, b, c, d of every cell, (4, keypoints * cells): a + b fx + c fy + d fx fy interpolates bilinearly.

    fx and fy are the distances from the cell, 0..1; values are constant beyond the last row and column.
    """
    right, below, twist = np.zeros_like(offsets), np.zeros_like(offsets), np.zeros_like(offsets)
    np.subtract(offsets[:, :, 1:], offsets[:, :, :-1], out=right[:, :, :-1])
    np.subtract(offsets[:, 1:], offsets[:, :-1], out=below[:, :-1])
    np.subtract(right[:, 1:], right[:, :-1], out=twist[:, :-1])
    return np.stack([offsets, right, below, twist]).reshape(4, -1)


def _split(pixels: Floats, axis: Axis) -> tuple[NDArray[np.int32], Floats]:
    """Round positions to whole pixels of the image; return the cell before each, and the distance from it, 0..1."""
    rounded = np.floor(pixels + np.float32(0.5))
    np.minimum(rounded, axis.size - 1, out=rounded)
    places = axis.cells(rounded)
    np.maximum(places, 0, out=places)
    cells = places.astype(np.int32)
    places -= cells
    return cells, places
