# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Interpolation along one axis of an image: which inputs contribute to each output, and their weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Taps(NamedTuple):
    """Linear interpolation along one axis: out[i] = in[low[i]] * low_weight[i] + in[high[i]] * high_weight[i].

    The weights sum to 1, except that neighbours in a black border have weight 0.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    low_weight: NDArray[np.float32]
    high_weight: NDArray[np.float32]

    def matrix(self, size: int) -> NDArray[np.float32]:
        """Return the taps as a (len, size) float32 matrix."""
        matrix = np.zeros((len(self.low), size), np.float32)
        rows = np.arange(len(self.low))
        matrix[rows, self.low] += self.low_weight
        matrix[rows, self.high] += self.high_weight
        return matrix

    def sampled(self, start: int, step: int) -> Taps:
        """Return the taps of every `step`-th output from `start` on."""
        chosen = slice(start, None, step)
        return Taps(
            self.low[chosen].copy(),
            self.high[chosen].copy(),
            self.low_weight[chosen].copy(),
            self.high_weight[chosen].copy(),
        )

    def shifted(self, offset: int, size: int) -> Taps:
        """Return these taps for an axis where only the `size` pixels from `-offset` on exist; the others are black."""
        low, high = self.low + offset, self.high + offset
        return Taps(
            np.clip(low, 0, size - 1),
            np.clip(high, 0, size - 1),
            self.low_weight * ((low >= 0) & (low < size)),
            self.high_weight * ((high >= 0) & (high < size)),
        )


class AreaTaps(NamedTuple):
    """Area sampling along one axis: out[i] = sum over k of in[first[i] + k] * weights[i, k].

    Each output covers an equal interval of the axis; inputs are weighted by their overlap with it. The weights of an
    output sum to 1; unused weights at the end of a row are 0, and their inputs may be beyond the axis.
    """

    first: NDArray[np.intp]
    weights: NDArray[np.float32]


def _taps(positions: NDArray[np.floating[Any]], size: int) -> Taps:
    """Return taps at real-valued positions of an axis of `size` inputs; positions beyond its ends are clamped."""
    positions = np.clip(positions, 0, size - 1)
    low = np.floor(positions)
    fraction = positions - low
    return Taps(
        low.astype(np.intp),
        np.ceil(positions).astype(np.intp),
        (1 - fraction).astype(np.float32),
        fraction.astype(np.float32),
    )


def padded_taps(size: int, before: int, after: int, target: int) -> Taps:
    """Return the taps of TensorFlow's legacy resize (no half-pixel centres) to `target` pixels, with black borders.

    Args:
        size: of the axis, pixels.
        before: width of the border before it, pixels.
        after: width of the border after it, pixels.
        target: size of the result, pixels.
    """
    padded = size + before + after
    return _taps(np.arange(target) * (padded / target), padded).shifted(-before, size)


def centred_taps(size: int, target: int) -> Taps:
    """Return the taps of a linear resize from `size` to `target` pixels, as cv2.INTER_LINEAR (half-pixel centres)."""
    return _taps((np.arange(target) + 0.5) * (size / target) - 0.5, size)


def area_taps(size: int, target: int) -> AreaTaps:
    """Return the taps of area sampling from `size` pixels to `target`, which are fewer, as cv2.INTER_AREA."""
    edges = np.arange(target + 1) * (size / target)
    first = np.floor(edges[:-1]).astype(np.intp)
    inputs = first[:, None] + np.arange(math.ceil(size / target) + 1)
    covered = np.minimum(inputs + 1, edges[1:, None]) - np.maximum(inputs, edges[:-1, None])
    covered = np.where(inputs < size, np.maximum(covered, 0), 0)
    covered[covered < 1e-6] = 0  # rounding errors at the edges
    return AreaTaps(first, (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32))


def resized_then_padded_taps(size: int, inner: int, before: int, target: int) -> Taps:
    """Return the taps of a legacy resize from `size` to `inner` pixels, with black borders around the result.

    Args:
        size: of the axis, pixels.
        inner: size of the result without borders, pixels.
        before: width of the border before it, pixels.
        target: size of the result with borders, pixels.
    """
    index = np.arange(target) - before
    taps = _taps(index * (size / inner), size)
    inside = (index >= 0) & (index < inner)
    return Taps(taps.low, taps.high, taps.low_weight * inside, taps.high_weight * inside)


def upsampling_matrix(target: int, stride: int) -> NDArray[np.float32]:
    """Return the matrix of an align-corners resize from output cells to `target` pixels, (target, cells) float32.

    The position of a pixel among the cells is its index divided by the stride, exactly.
    """
    cells = (target - 1) // stride + 1
    return _taps(np.arange(target) / stride, cells).matrix(cells)


def aligned_taps(inner: int, target: int, before: int) -> Taps:
    """Return the taps of an align-corners resize to `target` pixels from the `inner` pixels that begin at `before`."""
    taps = _taps(np.arange(target) * ((inner - 1) / max(target - 1, 1)), inner)
    return Taps(taps.low + before, taps.high + before, taps.low_weight, taps.high_weight)


def crop_taps(size: int, target: int, before: int, after: int) -> Taps:
    """Return the taps of TensorFlow's crop-and-resize from the network input without its borders to the image.

    TensorFlow stores the box as float32. If rounding moves the last position outside, TensorFlow.js loses the row or
    column; here it is clamped to the edge.

    Args:
        size: of the network input, pixels.
        target: size of the image, pixels.
        before: width of the border before the image, pixels of the image.
        after: width of the border after the image, pixels of the image.
    """
    last = max(target + before + after - 1.0, 1.0)
    first_share, last_share = float(np.float32(before / last)), float(np.float32((before + target - 1.0) / last))
    step = (last_share - first_share) * (size - 1) / max(target - 1, 1)
    return _taps(first_share * (size - 1) + np.arange(target) * step, size)
