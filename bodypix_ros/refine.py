# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Moves the edges of masks onto the edges of the image, with a guided filter in a band around the mask."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .parts import BACKGROUND
from .segmentation import Segmentation

Plane = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int8]
Window = tuple[slice, slice]

_CELLS = 128 * 96  # of the grid on which the filter is computed, at most: its cost does not grow with the image
_STEPS_PER_CELL = 4  # of the grid per cell of the network output, where the limit above allows it
_MIN_RADIUS = 1  # steps of the grid
_STRIP_PIXELS = 1 << 15  # pixels per pass at full resolution: intermediate arrays stay in the processor's cache

SAME_COLOR = 1e-4
"""Epsilon of the guided filter: a variance of colours, 0..1, below which they count as equal."""


@dataclasses.dataclass(frozen=True)
class _Grid:
    """A division of an image into square cells; the last row and column of cells may extend beyond the image.

    Attributes:
        step_px: side of a cell, pixels.
        height, width: of the image, pixels.
    """

    step_px: int
    height: int
    width: int

    def shrink(self, image: Plane, window: Window) -> Plane:
        """Return the colours in the middle of the cells of a window, (rows, columns, 3) uint8.

        Means of the cells would take several times as long and do not improve the masks.
        """
        rows, columns = window
        pixels = image[self._pixels(rows, self.height), self._pixels(columns, self.width)]
        size = columns.stop - columns.start, rows.stop - rows.start
        below, right = (count * self.step_px - have for count, have in zip(size[::-1], pixels.shape[:2], strict=True))
        if below or right:
            pixels = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)

    @property
    def first(self) -> tuple[int, int]:
        """Row and column of the first pixel of `sample`, if possible that in the middle of the cell."""
        step = self.step_px
        return min(step // 2, (self.height - 1) % step), min(step // 2, (self.width - 1) % step)

    def sample(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the value of one pixel of each cell, (rows, columns)."""
        top, left = self.first
        return values[top :: self.step_px, left :: self.step_px]

    def pixels(self, window: Window) -> Window:
        """Return the pixels of a window of cells."""
        return self._pixels(window[0], self.height), self._pixels(window[1], self.width)

    def _pixels(self, cells: slice, size: int) -> slice:
        return slice(cells.start * self.step_px, min(cells.stop * self.step_px, size))

    def grow(self, values: NDArray[Any], window: Window, interpolation: int) -> NDArray[Any]:
        """Return values of all cells, (rows, columns, ...), interpolated at the pixels of a window of cells."""
        padded = tuple(slice(max(one.start - 1, 0), one.stop + 1) for one in window)
        step = self.step_px
        grown = cv2.resize(values[padded], None, None, step, step, interpolation)
        pixels = self.pixels(window)
        top, left = ((one.start - outer.start) * step for one, outer in zip(window, padded, strict=True))
        height, width = (one.stop - one.start for one in pixels)
        return np.asarray(grown[top : top + height, left : left + width])


@dataclasses.dataclass(frozen=True)
class EdgeFilter:
    """An implementation of the two most expensive steps."""

    fit_functions: Callable[[Plane, Plane, int], Floats]
    paint_band: Callable[[Plane, Floats, Plane, int, int, Plane, Mask, Labels | None, Labels | None], None]


def refine_segmentation(
    image: Plane,
    found: Segmentation,
    threshold: float,
    cell_px: float,
    edge_filter: EdgeFilter,
    rate: Callable[[int, int, int], Plane] | None = None,
) -> Segmentation:
    """Move the edges of the mask onto nearby edges of the image.

    A guided filter describes the confidence, in each neighbourhood, as a linear function of the colour, which is then
    evaluated at every pixel of the image. This changes pixels in a band around the edge of the mask. Pixels that are
    added there receive the part that is nearest on the grid of the filter.

    Args:
        image: (H, W, 3) uint8 BGR.
        found: of the image. People are not changed: refine before they are separated.
        threshold: pixels with a higher confidence belong to the mask, 0..1.
        cell_px: pixels of the image per cell of the network output, which is how far its edges may be off.
        edge_filter: implementation of the two most expensive steps.
        rate: returns the confidence of every n-th pixel, (rows, columns) uint8, given the first row and column, and n;
            required if `found` has no confidence, because that of all pixels takes longer to compute.

    Returns:
        The segmentation with new mask, parts and, if it had one, confidence; `found` itself if its mask is empty or
        covers everything.

    Raises:
        ValueError: `found` has no confidence, and `rate` is missing.

    Source: He and Sun, 'Fast guided filter', 2015, with a colour guide.
    """
    if found.confidence is None and rate is None:
        raise ValueError('refining requires the confidence, got None; call segment(..., confidence=True)')
    height, width = found.mask.shape
    step_px = max(round(cell_px / _STEPS_PER_CELL), math.ceil(math.sqrt(height * width / _CELLS)), 1)
    grid = _Grid(step_px, height, width)
    radius = max(round(cell_px / step_px), _MIN_RADIUS)
    band = _band(np.ascontiguousarray(grid.sample(found.mask)), radius + 1)
    if not band.any():
        return found
    window = _bounds(band, margin=2 * radius)
    functions = np.zeros((*band.shape, 4), np.float32)
    if found.confidence is not None:
        samples = grid.sample(found.confidence)
    else:
        assert rate is not None, 'checked above'
        samples = rate(*grid.first, step_px)
    fitted = edge_filter.fit_functions(grid.shrink(image, window), np.ascontiguousarray(samples[window]), radius)
    functions[window] = _mean(fitted, max(radius // 2, 1))  # averages follow edges more closely over a smaller radius
    mask = found.mask.copy()
    confidence = np.empty_like(mask, np.uint8) if found.confidence is None else found.confidence.copy()
    parts = None if found.parts is None else found.parts.copy()
    nearest = None if parts is None else _nearest_parts(parts, grid)
    limit = math.floor(threshold * 255)
    edge_filter.paint_band(image, functions, band, step_px, limit, confidence, mask, parts, nearest)
    return dataclasses.replace(
        found, mask=mask, parts=parts, confidence=None if found.confidence is None else confidence
    )


def _band(mask: Mask, radius: int) -> Plane:
    """Return 1 for pixels of a mask near its edge, 0 for the others, uint8.

    Args:
        mask: (rows, columns).
        radius: of the band, pixels of this mask.
    """
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    person, background = mask.view(np.uint8), (~mask).view(np.uint8)
    return np.asarray(cv2.dilate(person, square) & cv2.dilate(background, square), np.uint8)


def _bounds(cells: Plane, margin: int) -> Window:
    """Return the bounding box of the non-zero cells, enlarged by a margin inside the grid."""
    left, top, width, height = cv2.boundingRect(cells)
    rows, columns = cells.shape
    return (
        slice(max(top - margin, 0), min(top + height + margin, rows)),
        slice(max(left - margin, 0), min(left + width + margin, columns)),
    )


def fit_functions(colors: Plane, confidence: Plane, radius: int) -> Floats:
    """Return the linear functions of the colour that describe the confidence around each cell.

    With the mean m and covariance S of the colours in a neighbourhood, and the mean c of the confidence, the function
    has the gradient g = (S + epsilon)^-1 cov(colour, confidence) and the value c at m.

    Args:
        colors: (rows, columns, 3) uint8.
        confidence: (rows, columns) uint8.
        radius: of the neighbourhood, cells.

    Returns:
        (rows, columns, 4) float32: the gradient, and the value at black.
    """
    planes = [*cv2.split(colors * np.float32(1 / 255)), confidence * np.float32(1 / 255)]
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3)]
    means = [_mean(plane, radius) for plane in planes]
    xx, xy, xz, yy, yz, zz, x, y, z = (
        _mean(planes[one] * planes[other], radius) - means[one] * means[other] for one, other in pairs
    )
    for variance in (xx, yy, zz):
        variance += np.float32(SAME_COLOR)
    # L D L^T, because cofactors are too inaccurate for grey images, in which only epsilon makes S invertible
    factor_xy, factor_xz = xy / xx, xz / xx
    yy, yz = yy - factor_xy * xy, yz - factor_xy * xz
    factor_yz = yz / yy
    y = y - factor_xy * x
    red = (z - factor_xz * x - factor_yz * y) / (zz - factor_xz * xz - factor_yz * yz)
    green = y / yy - factor_yz * red
    gradient = x / xx - factor_xy * green - factor_xz * red, green, red
    at_black = means[3] - sum(slope * mean for slope, mean in zip(gradient, means[:3], strict=True))
    return np.asarray(cv2.merge([*gradient, at_black]), np.float32)


def _mean(values: Floats, radius: int) -> Floats:
    """Return the means of square neighbourhoods."""
    side = 2 * radius + 1
    return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)


def paint_band(
    image: Plane,
    functions: Floats,
    band: Plane,
    step_px: int,
    limit: int,
    confidence: Plane,
    mask: Mask,
    parts: Labels | None,
    nearest: Labels | None,
) -> None:
    """Evaluate a function of the colour at every pixel of a band, in place.

    Args:
        image: (H, W, 3) uint8 BGR.
        functions: (rows, columns, 4) float32: the gradient, and the value at black, interpolated between the cells.
        band: (rows, columns) uint8, 1 for cells whose pixels change, 0 for others.
        step_px: side of a cell, pixels.
        limit: confidence above which a pixel belongs to the mask, 0..255.
        confidence: (H, W) uint8, receives the values of the functions.
        mask: (H, W) bool, receives whether the confidence exceeds the limit.
        parts: (H, W) int8, changed to agree with the mask; None if there are no parts.
        nearest: (rows, columns) int8, part of pixels that the mask gains; None if there are no parts.
    """
    grid = _Grid(step_px, *mask.shape)
    for cells in _strips(band, step_px):
        pixels = grid.pixels(cells)
        inside = grid.grow(band, cells, cv2.INTER_NEAREST)
        refined = _evaluate(image[pixels], grid.grow(functions, cells, cv2.INTER_LINEAR))
        cv2.copyTo(refined, inside, confidence[pixels])
        person = cv2.threshold(refined, limit, 1, cv2.THRESH_BINARY)[1]
        cv2.copyTo(person, inside, mask[pixels].view(np.uint8))
        if parts is not None and nearest is not None:
            added = grid.grow(nearest.view(np.uint8), cells, cv2.INTER_NEAREST)
            _relabel(parts[pixels], mask[pixels], added)


def _evaluate(image: Plane, functions: NDArray[Any]) -> Plane:
    """Return the linear function of each pixel at its colour, (H, W) uint8."""
    products = cv2.multiply(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), functions, dtype=cv2.CV_32F)  # alpha is 255
    values = products @ np.ones(4, np.float32)
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0, out=values)), np.uint8)  # rounds and saturates


def _nearest_parts(parts: Labels, grid: _Grid) -> Labels:
    """Return the part that is nearest to each cell, (rows, columns) int8.

    Args:
        parts: (H, W) int8, part id or BACKGROUND; at least one pixel has a part.
        grid: of the cells.
    """
    samples = grid.sample(parts).copy()
    row, column = divmod(int((parts != BACKGROUND).argmax()), grid.width)
    samples[row // grid.step_px, column // grid.step_px] = parts[row, column]  # a small person may have no sample
    unknown = (samples == BACKGROUND).view(np.uint8)
    _, indices = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.concatenate([[np.int8(BACKGROUND)], samples[unknown == 0]])  # indices start at 1, in this order
    return np.asarray(known[indices])


def _strips(band: Plane, step_px: int) -> Iterator[Window]:
    """Yield windows of cells that contain the band, each with a limited number of pixels."""
    rows, columns = _bounds(band, margin=0)
    count = max(_STRIP_PIXELS // (step_px * step_px * (columns.stop - columns.start)), 1)
    for top in range(rows.start, rows.stop, count):
        left, above, width, height = cv2.boundingRect(band[top : min(top + count, rows.stop)])
        if width:
            yield slice(top + above, top + above + height), slice(left, left + width)


def _relabel(parts: Labels, mask: Mask, nearest: NDArray[Any]) -> None:
    """Give pixels of the mask without a part the nearest one, and remove parts outside the mask; in place."""
    labels = parts.view(np.uint8)
    cv2.copyTo(nearest, (mask & (parts == BACKGROUND)).view(np.uint8), labels)
    parts[~mask] = BACKGROUND


OPENCV = EdgeFilter(fit_functions, paint_band)
"""The implementation with OpenCV, which requires no optional package."""
