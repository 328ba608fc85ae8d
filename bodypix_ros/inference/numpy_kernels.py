# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Preprocessing and decoding in plain numpy: from uint8 images to network input, and from logits to labels.

BodyPix interpolates twice: from output cells to network input pixels, and from there to the image; the sigmoid is
applied between the two (BodyPix 2) or before both (BodyPix 1). Our network interpolates once and compares logits. All
steps are reproduced exactly, but only where they can affect the result: scores are computed around cells that may
exceed the threshold, and part scores only where neighbouring points of the intermediate grid disagree on the most
likely part, because between points that agree every weighted mean has the same result.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..parts import BACKGROUND
from .geometry import Geometry
from .taps import Taps

Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int8]
Numbers = NDArray[np.int8]
Confidence = NDArray[np.uint8]
Image = NDArray[np.uint8]

MARGIN = np.float32(1e-3)
"""Distance between bounds on logits that float32 rounding errors never exceed."""


class Bounds(NamedTuple):
    """A rectangle of pixels: rows top..bottom-1, columns left..right-1."""

    top: int
    bottom: int
    left: int
    right: int


def decode_mask(segment_logits: Scores, geometry: Geometry, threshold: float) -> Mask:
    """Return for each pixel whether it belongs to a person.

    Args:
        segment_logits: (output_height, output_width) float32.
        geometry: of the image.
        threshold: pixels with a strictly higher score are labelled as a person, 0..1.

    Returns:
        (H, W) bool.

    Source: BodyPix 2.2 `segmentPerson`, 1.1 `estimatePersonSegmentation`.
    """
    mask = np.zeros((geometry.height, geometry.width), bool)
    box = _reach(segment_logits > logit(threshold) - MARGIN, geometry)
    if box is not None:
        window = _Window(geometry, box)
        scores = window.to_picture(_squash_between(window.upsample(squash_before(segment_logits, geometry)), geometry))
        np.greater(scores, bound(threshold, geometry), out=mask[box.top : box.bottom, box.left : box.right])
    return mask


def decode_confidence(segment_logits: Scores, geometry: Geometry) -> Confidence:
    """Return for each pixel the probability that it belongs to a person.

    Args:
        segment_logits: (output_height, output_width) float32.
        geometry: of the image.

    Returns:
        (H, W) uint8, 255 times the probability, rounded.
    """
    window = _Window(geometry, Bounds(0, geometry.height, 0, geometry.width))
    scores = window.to_picture(_squash_between(window.upsample(squash_before(segment_logits, geometry)), geometry))
    if geometry.sigmoid == 'after':
        scores = _sigmoid(scores)
    return np.rint(scores * np.float32(255)).astype(np.uint8)


def decode_parts(part_logits: Scores, mask: Mask, geometry: Geometry, numbers: Numbers) -> Labels:
    """Assign the most likely of the 24 body parts to each person pixel.

    Args:
        part_logits: (24, output_height, output_width) float32.
        mask: (H, W) bool; other pixels become BACKGROUND.
        geometry: of the image.
        numbers: (25,) int8, the part id of each channel and then BACKGROUND, see `parts.renumbering`.

    Returns:
        (H, W) int8, part id 0..23 or -1.

    Source: BodyPix 2.2 `segmentPersonParts`, 1.1 `estimatePartSegmentation`; the first of equal maxima wins.
    """
    labels = np.full(mask.shape, BACKGROUND, np.int8)
    box = _bounding_box(mask)
    if box is None:
        return labels
    window = _Window(geometry, box)
    values = window.upsample(squash_before(part_logits, geometry))
    best = _first_maximum(values)
    inner_mask = mask[box.top : box.bottom, box.left : box.right]
    inner = labels[box.top : box.bottom, box.left : box.right]
    np.copyto(inner, window.nearest(best), where=inner_mask)
    rows, columns = np.nonzero(np.logical_and(window.nearest(_disagreement(best)), inner_mask))
    if rows.size:
        inner[rows, columns] = window.at(values, rows, columns, geometry).argmax(axis=0)
    return numbers[labels]


class _Window:
    """The part of a geometry that is required for a box of the image."""

    def __init__(self, geometry: Geometry, box: Bounds) -> None:
        self.rows, first_row, last_row = _crop(geometry.rows, box.top, box.bottom)
        self.columns, first_column, last_column = _crop(geometry.columns, box.left, box.right)
        self.upsample_rows = geometry.upsample_rows[first_row:last_row]
        self.upsample_columns = geometry.upsample_columns[:, first_column:last_column]
        self.cells = (..., slice(first_row, last_row), slice(first_column, last_column))
        self.once = geometry.sigmoid == 'after'

    def upsample(self, values: Scores) -> Scores:
        """Interpolate (..., output_height, output_width) values to the intermediate grid in this window."""
        if self.once:
            return values[self.cells]  # the cells are that grid
        upsampled: Scores = np.matmul(np.matmul(self.upsample_rows, values), self.upsample_columns)
        return upsampled

    def to_picture(self, scores: Scores) -> Scores:
        """Interpolate (window height, window width) scores to the image pixels in the box."""
        wide = np.take(scores, self.columns.low, axis=1)
        wide *= self.columns.low_weight
        right = np.take(scores, self.columns.high, axis=1)
        right *= self.columns.high_weight
        wide += right
        tall = wide[self.rows.low]
        tall *= self.rows.low_weight[:, None]
        below = wide[self.rows.high]
        below *= self.rows.high_weight[:, None]
        tall += below
        return tall

    def nearest(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return for each pixel of the box the value of its upper left neighbour in the network input."""
        return np.take(values[self.rows.low], self.columns.low, axis=1)

    def at(self, values: Scores, rows: NDArray[np.intp], columns: NDArray[np.intp], geometry: Geometry) -> Scores:
        """Return the (24, n) scores at n pixels of the box, from (24, window height, window width) values."""
        total = np.zeros((len(values), len(rows)), np.float32)
        down, across = self.rows, self.columns
        for row, row_weight in ((down.low, down.low_weight), (down.high, down.high_weight)):
            left = _squash_between(values[:, row[rows], across.low[columns]], geometry)
            right = _squash_between(values[:, row[rows], across.high[columns]], geometry)
            total += (left * across.low_weight[columns] + right * across.high_weight[columns]) * row_weight[rows]
        return total


def logit(threshold: float) -> np.float32:
    """Return the inverse sigmoid of the threshold; minus infinity for 0, infinity for 1."""
    with np.errstate(divide='ignore'):
        return np.float32(np.log(np.float64(threshold)) - np.log1p(-np.float64(threshold)))


def bound(threshold: float, geometry: Geometry) -> np.float32:
    """Return the value with which interpolated values are compared: the threshold, or its logit for our network."""
    return logit(threshold) if geometry.sigmoid == 'after' else np.float32(threshold)


def _reach(cells: Mask, geometry: Geometry) -> Bounds | None:
    """Return the box of the image pixels with scores that depend on any of the given output cells."""
    box = _bounding_box(cells)
    if box is None:
        return None
    top, bottom = _influenced(geometry.rows, box.top, box.bottom, geometry.cell_size)
    left, right = _influenced(geometry.columns, box.left, box.right, geometry.cell_size)
    return Bounds(top, bottom, left, right) if top < bottom and left < right else None


def _influenced(taps: Taps, first_cell: int, last_cell: int, cell_size: int) -> tuple[int, int]:
    """Return the range of outputs of the taps that are less than one cell from cells first_cell..last_cell - 1."""
    start = np.searchsorted(taps.high, (first_cell - 1) * cell_size, side='left')
    stop = np.searchsorted(taps.low, last_cell * cell_size, side='right')
    return int(start), int(stop)


def _bounding_box(mask: Mask) -> Bounds | None:
    """Return the bounding box of the true pixels; None if there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Bounds(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _crop(taps: Taps, start: int, stop: int) -> tuple[Taps, int, int]:
    """Return outputs start..stop-1 of the taps, relative to the first input they use, and the range of inputs."""
    first, last = int(taps.low[start]), int(taps.high[stop - 1]) + 1
    chosen = slice(start, stop)
    low, high = taps.low[chosen] - first, taps.high[chosen] - first
    return Taps(low, high, taps.low_weight[chosen], taps.high_weight[chosen]), first, last


def _sigmoid(values: Scores) -> Scores:
    """Return 1 / (1 + exp(-x)); exp overflows to infinity for very negative values, with the correct result 0."""
    with np.errstate(over='ignore'):
        squashed = np.exp(-values)
    squashed += np.float32(1)
    return np.reciprocal(squashed, out=squashed)


def squash_before(logits: Scores, geometry: Geometry) -> Scores:
    """Return the input of the first interpolation: scores in BodyPix 1, logits otherwise."""
    return _sigmoid(logits) if geometry.sigmoid == 'before' else logits


def _squash_between(values: Scores, geometry: Geometry) -> Scores:
    """Return the input of the second interpolation: scores in BodyPix, logits in our network."""
    return _sigmoid(values) if geometry.sigmoid == 'between' else values


def _first_maximum(values: Scores) -> Labels:
    """Return the index of the first maximum along the first axis; faster than numpy's argmax across planes."""
    best, labels = values[0].copy(), np.zeros(values.shape[1:], np.int8)
    for index in range(1, len(values)):
        better = values[index] > best
        np.copyto(best, values[index], where=better)
        labels[better] = index
    return labels


def _disagreement(labels: Labels) -> Mask:
    """Return for each pixel whether it, its right, its lower and its lower right neighbour have different labels."""
    padded = np.pad(labels, ((0, 1), (0, 1)), mode='edge')
    here = padded[:-1, :-1]
    differs: Mask = (here != padded[1:, :-1]) | (here != padded[:-1, 1:]) | (here != padded[1:, 1:])
    return differs


# Mean of ImageNet in R, G, B, with the sign of BodyPix for ResNet50.
_RESNET_OFFSETS = np.array([-123.15, -115.90, -103.06], np.float32)


def preprocess(image: Image, geometry: Geometry, architecture: str, out: NDArray[np.float32]) -> None:
    """Pad, resize and normalise one image into its position in a batch.

    BodyPix resizes linearly; our network uses area sampling when shrinking, otherwise linear with half-pixel centres.

    Args:
        image: (H, W, 3) uint8 BGR.
        geometry: for the size of this image.
        architecture: resnet50 has the range 0..255 minus the mean of ImageNet, the others -1..1.
        out: (3, input_height, input_width) float32, filled with RGB planes.

    Source: BodyPix 2.2 `padAndResizeTo` (legacy bilinear resize without half-pixel centres), `preprocessInput`.
    """
    if geometry.area:
        size = (geometry.input_width, geometry.input_height)
        pixels = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    else:
        pixels = _resize(image, geometry.input_rows, geometry.input_columns)
    scale, offsets = normalisation(architecture)
    pixels *= scale
    out[:] = pixels[..., ::-1].transpose(2, 0, 1)
    out += offsets[:, None, None]


def normalisation(architecture: str) -> tuple[np.float32, NDArray[np.float32]]:
    """Return scale and (3,) RGB offsets that convert 0..255 to the input range of the network."""
    if architecture == 'resnet50':
        return np.float32(1), _RESNET_OFFSETS
    return np.float32(1 / 127.5), np.full(3, -1, np.float32)


def _resize(image: NDArray[np.uint8], rows: Taps, columns: Taps) -> NDArray[np.float32]:
    """Return (len(rows), len(columns), 3) float32."""
    tall = image[rows.low] * rows.low_weight[:, None, None]
    tall += image[rows.high] * rows.high_weight[:, None, None]
    wide = np.take(tall, columns.low, axis=1)
    wide *= columns.low_weight[None, :, None]
    right = np.take(tall, columns.high, axis=1)
    right *= columns.high_weight[None, :, None]
    wide += right
    return wide
