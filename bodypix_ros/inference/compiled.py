"""Preprocessing and decoding compiled by numba: the results of `preprocess` and `decode`, several times as fast.

Decoding goes from output cell to output cell. All pixels of the picture whose neighbours in the network input lie in
one cell are bounded by the logits at its four corners, since every interpolation is a weighted mean and the sigmoid
is monotone: a cell whose corners all exceed the threshold is person throughout, one where none does is not, and a
part that another beats at every corner cannot win there. Only what stays in doubt is interpolated, in buffers of the
size of one cell.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..parts import BACKGROUND
from .decode import MARGIN, Labels, Mask, Numbers, Scores, logit, squash_before
from .geometry import Geometry
from .preprocess import normalisation

_compiled = njit(cache=True, nogil=True, error_model='numpy')
_inlined = njit(inline='always', error_model='numpy')


def preprocess(image: NDArray[np.uint8], geometry: Geometry, architecture: str, out: NDArray[np.float32]) -> None:
    """See `preprocess.preprocess`."""
    pixels = np.require(image, requirements=('C', 'W'))  # one kind of array, so that one compilation serves
    _resize(pixels, geometry.input_rows, geometry.input_columns, *normalisation(architecture), out)


def decode_mask(segment_logits: Scores, geometry: Geometry, threshold: float) -> Mask:
    """See `decode.decode_mask`."""
    mask = np.empty((geometry.height, geometry.width), np.bool_)
    _decide_cells(
        np.ascontiguousarray(squash_before(segment_logits, geometry)),
        geometry.sigmoid_first,
        np.float32(threshold),
        np.float32(threshold) if geometry.sigmoid_first else logit(threshold),
        geometry.stride,
        geometry.rows,
        geometry.columns,
        geometry.cell_rows,
        geometry.cell_columns,
        mask,
    )
    return mask


def decode_parts(part_logits: Scores, mask: Mask, geometry: Geometry, numbers: Numbers) -> Labels:
    """See `decode.decode_parts`."""
    labels = np.full(mask.shape, BACKGROUND, np.int8)
    _label_cells(
        np.ascontiguousarray(squash_before(part_logits, geometry).transpose(1, 2, 0)),
        geometry.sigmoid_first,
        geometry.stride,
        geometry.rows,
        geometry.columns,
        geometry.cell_rows,
        geometry.cell_columns,
        mask,
        numbers,
        labels,
    )
    return labels


@_compiled
def _resize(image, rows, columns, scale, offsets, out):  # type: ignore[no-untyped-def]
    line = np.empty((image.shape[1], 3), np.float32)
    for y in range(out.shape[1]):
        upper, lower = image[rows.low[y]], image[rows.high[y]]
        upper_weight, lower_weight = rows.low_weight[y] * scale, rows.high_weight[y] * scale
        for x in range(image.shape[1]):
            for channel in range(3):
                line[x, channel] = upper[x, channel] * upper_weight + lower[x, channel] * lower_weight
        for channel in range(3):  # BGR to RGB planes
            plane, offset = out[2 - channel, y], offsets[2 - channel]
            for x in range(out.shape[2]):
                left, right = line[columns.low[x], channel], line[columns.high[x], channel]
                plane[x] = left * columns.low_weight[x] + right * columns.high_weight[x] + offset


@_inlined
def _sigmoid(value):  # type: ignore[no-untyped-def]
    return np.float32(1) / (np.float32(1) + math.exp(-value))


@_compiled
def _interpolate(upper_left, upper_right, lower_left, lower_right, tile):  # type: ignore[no-untyped-def]
    """Fill the network input's pixels of one closed cell, its edges included."""
    step = np.float32(1 / (tile.shape[0] - 1))
    for y in range(tile.shape[0]):
        left = upper_left + (lower_left - upper_left) * (y * step)
        right = upper_right + (lower_right - upper_right) * (y * step)
        for x in range(tile.shape[1]):
            tile[y, x] = left + (right - left) * (x * step)


@_compiled
def _decide_cells(  # type: ignore[no-untyped-def]
    values, squashed, threshold, bound, stride, rows, columns, cell_rows, cell_columns, mask
):
    tile = np.empty((stride + 1, stride + 1), np.float32)
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    for i in range(len(cell_rows) - 1):
        for j in range(len(cell_columns) - 1):
            block = mask[cell_rows[i] : cell_rows[i + 1], cell_columns[j] : cell_columns[j + 1]]
            below, beside = min(i + 1, last_row), min(j + 1, last_column)
            a, b, c, d = values[i, j], values[i, beside], values[below, j], values[below, beside]
            if max(a, b, c, d) <= bound - MARGIN:
                block[:] = False
            elif min(a, b, c, d) > bound + MARGIN:
                block[:] = True
            else:
                _interpolate(a, b, c, d, tile)
                if not squashed:
                    for y in range(stride + 1):
                        for x in range(stride + 1):
                            tile[y, x] = _sigmoid(tile[y, x])
                _compare(tile, threshold, rows, columns, cell_rows[i], cell_columns[j], i * stride, j * stride, block)


@_compiled
def _compare(tile, threshold, rows, columns, top, left, first_row, first_column, block):  # type: ignore[no-untyped-def]
    """Say where the picture's scores, interpolated from one cell's, exceed the threshold."""
    for y in range(block.shape[0]):
        upper, lower = tile[rows.low[top + y] - first_row], tile[rows.high[top + y] - first_row]
        upper_weight, lower_weight = rows.low_weight[top + y], rows.high_weight[top + y]
        for x in range(block.shape[1]):
            p, q = columns.low[left + x] - first_column, columns.high[left + x] - first_column
            p_weight, q_weight = columns.low_weight[left + x], columns.high_weight[left + x]
            score = (upper[p] * p_weight + upper[q] * q_weight) * upper_weight
            score += (lower[p] * p_weight + lower[q] * q_weight) * lower_weight
            block[y, x] = score > threshold


@_compiled
def _label_cells(  # type: ignore[no-untyped-def]
    values, squashed, stride, rows, columns, cell_rows, cell_columns, mask, numbers, labels
):
    tiles = np.empty((values.shape[2], stride + 1, stride + 1), np.float32)
    best = np.empty((stride + 1, stride + 1), np.float32)
    winners = np.empty((stride + 1, stride + 1), np.int8)
    candidates = np.empty(values.shape[2], np.int8)
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    for i in range(len(cell_rows) - 1):
        for j in range(len(cell_columns) - 1):
            inside = mask[cell_rows[i] : cell_rows[i + 1], cell_columns[j] : cell_columns[j + 1]]
            if not inside.any():
                continue
            block = labels[cell_rows[i] : cell_rows[i + 1], cell_columns[j] : cell_columns[j + 1]]
            below, beside = min(i + 1, last_row), min(j + 1, last_column)
            a, b, c, d = values[i, j], values[i, beside], values[below, j], values[below, beside]
            count = _find_candidates(a, b, c, d, candidates)
            if count == 1:
                for y in range(block.shape[0]):
                    for x in range(block.shape[1]):
                        if inside[y, x]:
                            block[y, x] = numbers[candidates[0]]
                continue
            best[:] = -np.inf
            for n in range(count):
                k = candidates[n]
                _interpolate(a[k], b[k], c[k], d[k], tiles[n])
                for y in range(stride + 1):
                    for x in range(stride + 1):
                        if tiles[n, y, x] > best[y, x]:
                            best[y, x] = tiles[n, y, x]
                            winners[y, x] = n
            _label_block(
                tiles[:count], winners, candidates, squashed, rows, columns, cell_rows[i], cell_columns[j],
                i * stride, j * stride, inside, numbers, block,
            )  # fmt: skip


@_compiled
def _find_candidates(a, b, c, d, candidates):  # type: ignore[no-untyped-def]
    """List the parts that no other beats at every corner, in ascending order; return how many they are."""
    floor = np.float32(-np.inf)
    for k in range(len(a)):
        floor = max(floor, min(a[k], b[k], c[k], d[k]))
    count = 0
    for k in range(len(a)):
        if max(a[k], b[k], c[k], d[k]) >= floor - MARGIN:
            candidates[count] = k
            count += 1
    return count


@_compiled
def _label_block(  # type: ignore[no-untyped-def]
    tiles, winners, candidates, squashed, rows, columns, top, left, first_row, first_column, inside, numbers, block
):
    """Label one cell's person pixels: where the four neighbours agree with them, elsewhere by their scores."""
    for y in range(block.shape[0]):
        u, v = rows.low[top + y] - first_row, rows.high[top + y] - first_row
        for x in range(block.shape[1]):
            if not inside[y, x]:
                continue
            p, q = columns.low[left + x] - first_column, columns.high[left + x] - first_column
            winner = winners[u, p]
            if winner != winners[u, q] or winner != winners[v, p] or winner != winners[v, q]:
                best = np.float32(-1)
                for n in range(len(tiles)):
                    one, two, three, four = tiles[n, u, p], tiles[n, u, q], tiles[n, v, p], tiles[n, v, q]
                    if not squashed:
                        one, two, three, four = _sigmoid(one), _sigmoid(two), _sigmoid(three), _sigmoid(four)
                    p_weight, q_weight = columns.low_weight[left + x], columns.high_weight[left + x]
                    score = (one * p_weight + two * q_weight) * rows.low_weight[top + y]
                    score += (three * p_weight + four * q_weight) * rows.high_weight[top + y]
                    if score > best:
                        best = score
                        winner = n
            block[y, x] = numbers[candidates[winner]]
