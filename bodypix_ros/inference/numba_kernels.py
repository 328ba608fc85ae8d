# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Preprocessing and decoding compiled by numba, with the results of `numpy_kernels` but several times as fast.

Decoding proceeds cell by cell. The image pixels with all neighbours of the intermediate grid in one cell are bounded
by the logits at its four corners, because every interpolation is a weighted mean and the sigmoid is monotone: if all
corners of a cell exceed the threshold, all its pixels are person; if none does, no pixel is; and a part with a lower
value than another part at every corner cannot win there. Only undecided cells are interpolated, in buffers of their
size, and scores are computed there only where neighbouring points of the grid disagree.

The intermediate grid is the network input for BodyPix (stride steps per cell) and the cells themselves for our network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numba import njit
from numba.core import config
from numpy.typing import NDArray

from ..parts import BACKGROUND
from .geometry import Geometry
from .kernel_compiler import is_writable, kernel_folder
from .numpy_kernels import (
    MARGIN,
    Confidence,
    Image,
    Labels,
    Mask,
    Numbers,
    Scores,
    bound,
    logit,
    normalisation,
    squash_before,
)
from .taps import Taps

_CERTAIN = 6.3
"""Logits above this have a confidence of 255; logits below its negative have 0."""

_LEVELS_PER_LOGIT = 80
"""Entries per unit of the table from logits to confidences; within an entry, the confidence changes at most once."""

inlined = njit(inline='always', error_model='numpy')


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function on its first call, and cache the result in the cache folder of this package.

    By default, and also if that folder is read-only, numba writes into the source tree or into a folder of its own.
    """
    folder, config.CACHE_DIR = config.CACHE_DIR, str(kernel_folder())
    try:
        cached: Callable[..., Any] = njit(cache=is_writable(), nogil=True, error_model='numpy')(function)
        return cached
    finally:
        config.CACHE_DIR = folder


def preprocess(image: Image, geometry: Geometry, architecture: str, out: NDArray[np.float32]) -> None:
    """See `numpy_kernels.preprocess`."""
    pixels = np.require(image, requirements=('C', 'W'))  # one array layout, so that one compilation is sufficient
    if geometry.area:
        _shrink(pixels, *geometry.area, *normalisation(architecture), out)
    else:
        _resize(pixels, geometry.input_rows, geometry.input_columns, *normalisation(architecture), out)


def decode_mask(segment_logits: Scores, geometry: Geometry, threshold: float) -> Mask:
    """See `numpy_kernels.decode_mask`."""
    mask = np.empty((geometry.height, geometry.width), np.bool_)
    _decide_cells(
        np.ascontiguousarray(squash_before(segment_logits, geometry)),
        geometry.sigmoid != 'between',
        bound(threshold, geometry),
        np.float32(threshold) if geometry.sigmoid == 'before' else logit(threshold),
        geometry.cell_size,
        geometry.rows,
        geometry.columns,
        geometry.cell_rows,
        geometry.cell_columns,
        mask,
    )
    return mask


def decode_confidence(segment_logits: Scores, geometry: Geometry) -> Confidence:
    """See `numpy_kernels.decode_confidence`; some pixels may differ by 1."""
    confidence = np.empty((geometry.height, geometry.width), np.uint8)
    _rate_cells(
        np.ascontiguousarray(squash_before(segment_logits, geometry)),
        geometry.sigmoid == 'between',
        geometry.sigmoid == 'after',
        geometry.cell_size,
        geometry.rows,
        geometry.columns,
        geometry.cell_rows,
        geometry.cell_columns,
        *_LEVELS,
        confidence,
    )
    return confidence


def _levels() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the confidence at the start of each table entry, and the largest logit of each confidence."""
    with np.errstate(divide='ignore', invalid='ignore'):
        ends = np.log((np.arange(256) + 0.5) / (254.5 - np.arange(256)))
    ends[255] = np.inf
    starts = np.arange(-_CERTAIN, _CERTAIN, 1 / _LEVELS_PER_LOGIT)
    return np.searchsorted(ends, starts).astype(np.uint8), ends.astype(np.float32)


_LEVELS = _levels()


def decode_parts(part_logits: Scores, mask: Mask, geometry: Geometry, numbers: Numbers) -> Labels:
    """See `numpy_kernels.decode_parts`."""
    labels = np.empty(mask.shape, np.int8)
    values = np.ascontiguousarray(squash_before(part_logits, geometry))
    parts, *cells = values.shape
    _label_cells(
        cv2.transpose(values.reshape(parts, -1)).reshape(*cells, parts),
        *_rank_parts(values.reshape(parts, -1), np.empty(cells, np.int32), np.empty(cells, np.float32)),
        geometry.sigmoid != 'between',
        geometry.cell_size,
        geometry.rows,
        geometry.columns,
        geometry.cell_rows,
        geometry.cell_columns,
        mask,
        numbers,
        labels,
    )
    return labels


@compiled
def _resize(image, rows, columns, scale, offsets, out):  # type: ignore[no-untyped-def]
    width = image.shape[1] * 3
    values = image.reshape(image.shape[0], width)  # rows of scalars, which the compiler can vectorise
    line = np.empty(width, np.float32)
    lefts, rights = (columns.low * 3).astype(np.int32), (columns.high * 3).astype(np.int32)
    for y in range(out.shape[1]):
        upper, lower = values[rows.low[y]], values[rows.high[y]]
        upper_weight, lower_weight = rows.low_weight[y] * scale, rows.high_weight[y] * scale
        for x in range(width):
            line[x] = upper[x] * upper_weight + lower[x] * lower_weight
        for channel in range(3):  # BGR to RGB planes
            plane, offset = out[2 - channel, y], offsets[2 - channel]
            line_of = line[channel:]
            for x in range(out.shape[2]):
                left, right = line_of[lefts[x]], line_of[rights[x]]
                plane[x] = left * columns.low_weight[x] + right * columns.high_weight[x] + offset


@compiled
def _shrink(image, rows, columns, scale, offsets, out):  # type: ignore[no-untyped-def]
    width = image.shape[1] * 3
    values = image.reshape(image.shape[0], width)
    line = np.empty(width, np.float32)
    for y in range(out.shape[1]):
        line[:] = 0
        for k in range(rows.weights.shape[1]):
            weight = rows.weights[y, k] * scale
            if weight > 0:
                source = values[rows.first[y] + k]
                for x in range(width):
                    line[x] += source[x] * weight
        for x in range(out.shape[2]):
            blue, green, red = offsets[2], offsets[1], offsets[0]
            place = columns.first[x] * 3
            for k in range(columns.weights.shape[1]):
                weight = columns.weights[x, k]
                if weight > 0:
                    blue += line[place] * weight
                    green += line[place + 1] * weight
                    red += line[place + 2] * weight
                    place += 3
            out[0, y, x], out[1, y, x], out[2, y, x] = red, green, blue


@inlined
def _sigmoid(value):  # type: ignore[no-untyped-def]
    return np.float32(1) / (np.float32(1) + math.exp(-value))


@compiled
def _within_cells(taps, cells, stride):  # type: ignore[no-untyped-def]
    """Return the neighbours of each output relative to the beginning of its cell."""
    low, high = np.empty(len(taps.low), np.uint32), np.empty(len(taps.low), np.uint32)  # unsigned: no negative indices
    for k in range(len(cells) - 1):
        for index in range(cells[k], cells[k + 1]):
            low[index], high[index] = taps.low[index] - k * stride, taps.high[index] - k * stride
    return Taps(low, high, taps.low_weight, taps.high_weight)  # type: ignore[arg-type]  # any integers are sufficient


@compiled
def _interpolate(upper_left, upper_right, lower_left, lower_right, tile):  # type: ignore[no-untyped-def]
    """Fill the points of the intermediate grid in one cell, including its edges."""
    step = np.float32(1 / (tile.shape[0] - 1))
    for y in range(tile.shape[0]):
        left = upper_left + (lower_left - upper_left) * (y * step)
        right = upper_right + (lower_right - upper_right) * (y * step)
        for x in range(tile.shape[1]):
            tile[y, x] = left + (right - left) * (x * step)


@compiled
def _score_disputed(tiles, agreed, scores):  # type: ignore[no-untyped-def]
    """Compute the scores of pixels of the network input near disagreements: where `agreed` is -1, and next to these."""
    size = tiles.shape[1]
    scores[0] = -1
    for y in range(size):
        for x in range(size):
            if agreed[y, x] == -1:
                for v in range(y, min(y + 2, size)):
                    for u in range(x, min(x + 2, size)):
                        if scores[0, v, u] < 0:
                            for n in range(len(tiles)):
                                scores[n, v, u] = _sigmoid(tiles[n, v, u])


@inlined
def _to_picture(scores, rows, columns, y, x):  # type: ignore[no-untyped-def]
    """Interpolate one image pixel between its four neighbours in the network input."""
    upper, lower, left, right = scores[rows.low[y]], scores[rows.high[y]], columns.low[x], columns.high[x]
    score = (upper[left] * columns.low_weight[x] + upper[right] * columns.high_weight[x]) * rows.low_weight[y]
    return score + (lower[left] * columns.low_weight[x] + lower[right] * columns.high_weight[x]) * rows.high_weight[y]


@compiled
def _decide_cells(  # type: ignore[no-untyped-def]
    values, squashed, threshold, bound, stride, rows, columns, cell_rows, cell_columns, mask
):
    tiles, scores = np.empty((1, stride + 1, stride + 1), np.float32), np.empty((1, stride + 1, stride + 1), np.float32)
    sides = np.empty((stride + 1, stride + 1), np.int8)
    rows, columns = _within_cells(rows, cell_rows, stride), _within_cells(columns, cell_columns, stride)
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    for i in range(len(cell_rows) - 1):
        for j in range(len(cell_columns) - 1):
            box = cell_rows[i], cell_rows[i + 1], cell_columns[j], cell_columns[j + 1]
            below, beside = min(i + 1, last_row), min(j + 1, last_column)
            a, b, c, d = values[i, j], values[i, beside], values[below, j], values[below, beside]
            if max(a, b, c, d) <= bound - MARGIN:
                mask[box[0] : box[1], box[2] : box[3]] = False
            elif min(a, b, c, d) > bound + MARGIN:
                mask[box[0] : box[1], box[2] : box[3]] = True
            else:
                _interpolate(a, b, c, d, tiles[0])
                _find_sides(tiles[0], bound, sides)
                if not squashed:
                    _score_disputed(tiles, sides, scores)
                _decide_box(tiles[0] if squashed else scores[0], sides, threshold, rows, columns, box, mask)


@compiled
def _rate_cells(  # type: ignore[no-untyped-def]
    values, squash_between, squash_after, stride, rows, columns, cell_rows, cell_columns, levels, level_ends, confidence
):
    tile, line = np.empty((stride + 1, stride + 1), np.float32), np.empty(stride + 1, np.float32)
    rows, columns = _within_cells(rows, cell_rows, stride), _within_cells(columns, cell_columns, stride)
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    lowest, highest = np.float32(-_CERTAIN), np.float32(_CERTAIN)
    if not (squash_between or squash_after):  # the values are scores
        lowest, highest = _sigmoid(lowest), _sigmoid(highest)
    for i in range(len(cell_rows) - 1):
        for j in range(len(cell_columns) - 1):
            top, bottom, left, right = cell_rows[i], cell_rows[i + 1], cell_columns[j], cell_columns[j + 1]
            below, beside = min(i + 1, last_row), min(j + 1, last_column)
            a, b, c, d = values[i, j], values[i, beside], values[below, j], values[below, beside]
            if max(a, b, c, d) < lowest:
                confidence[top:bottom, left:right] = 0
                continue
            if min(a, b, c, d) > highest:
                confidence[top:bottom, left:right] = 255
                continue
            _interpolate(a, b, c, d, tile)
            if squash_between:
                _squash_points(tile, rows, columns, top, bottom, left, right)
            low, high = columns.low[left:right], columns.high[left:right]
            low_weight, high_weight = columns.low_weight[left:right], columns.high_weight[left:right]
            for y in range(top, bottom):
                upper, lower = tile[rows.low[y]], tile[rows.high[y]]
                for k in range(stride + 1):
                    line[k] = upper[k] * rows.low_weight[y] + lower[k] * rows.high_weight[y]
                out = confidence[y, left:right]
                if squash_after:
                    for x in range(len(out)):
                        score = line[low[x]] * low_weight[x] + line[high[x]] * high_weight[x]
                        out[x] = _find_level(score, levels, level_ends)
                else:
                    for x in range(len(out)):
                        score = line[low[x]] * low_weight[x] + line[high[x]] * high_weight[x]
                        out[x] = np.uint8(score * np.float32(255) + np.float32(0.5))


@compiled
def _squash_points(tile, rows, columns, top, bottom, left, right):  # type: ignore[no-untyped-def]
    """Apply the sigmoid to the points of a tile that are neighbours of pixels of a box."""
    size = tile.shape[0]
    used = np.zeros((2, size), np.bool_)
    for y in range(top, bottom):
        used[0, rows.low[y]] = used[0, rows.high[y]] = True
    for x in range(left, right):
        used[1, columns.low[x]] = used[1, columns.high[x]] = True
    for y in range(size):
        if used[0, y]:
            for x in range(size):
                if used[1, x]:
                    tile[y, x] = _sigmoid(tile[y, x])


@inlined
def _find_level(logit, levels, level_ends):  # type: ignore[no-untyped-def]
    """Return 255 times the sigmoid of a logit, rounded."""
    entry = np.int32((logit + np.float32(_CERTAIN)) * np.float32(_LEVELS_PER_LOGIT))
    level = levels[max(min(entry, len(levels) - 1), 0)]
    return level + np.uint8(logit > level_ends[level])


@compiled
def _find_sides(tile, bound, sides):  # type: ignore[no-untyped-def]
    """Determine on which side of the bound each pixel and its right, lower and lower right neighbours are.

    1: all above; 0: all below; -1: on both sides or too close to the bound. For pixels of the network input.
    """
    last = tile.shape[0] - 1
    for y in range(last + 1):
        upper, lower = tile[y], tile[min(y + 1, last)]
        for x in range(last):
            lowest = min(min(upper[x], upper[x + 1]), min(lower[x], lower[x + 1]))
            highest = max(max(upper[x], upper[x + 1]), max(lower[x], lower[x + 1]))
            sides[y, x] = (1 if lowest > bound + MARGIN else -1) if highest > bound - MARGIN else 0
        lowest, highest = min(upper[last], lower[last]), max(upper[last], lower[last])
        sides[y, last] = (1 if lowest > bound + MARGIN else -1) if highest > bound - MARGIN else 0


@compiled
def _decide_box(scores, sides, threshold, rows, columns, box, mask):  # type: ignore[no-untyped-def]
    """Decide which pixels of a cell are person: by their neighbours if these agree, otherwise by their scores."""
    top, bottom, left, right = box
    for y in range(top, bottom):
        line = sides[rows.low[y]]
        for x in range(left, right):
            side = line[columns.low[x]]
            mask[y, x] = side if side != -1 else _to_picture(scores, rows, columns, y, x) > threshold


@compiled
def _rank_parts(values, winners, leads):  # type: ignore[no-untyped-def]
    """Determine for each output cell the most likely part, and by how much it exceeds the second."""
    winner, first, lead = winners.reshape(-1), values[0].copy(), leads.reshape(-1)
    winner[:] = 0
    second = np.full(len(first), -np.inf, np.float32)
    for k in range(1, len(values)):
        row = values[k]
        for n in range(len(row)):
            value, top = row[n], first[n]
            better = value > top
            loser = top if better else value
            second[n] = loser if loser > second[n] else second[n]
            first[n] = value if better else top
            winner[n] = k if better else winner[n]
    for n in range(len(lead)):
        lead[n] = first[n] - second[n]
    return winners, leads


@compiled
def _label_cells(  # type: ignore[no-untyped-def]
    values, ranked, leads, squashed, stride, rows, columns, cell_rows, cell_columns, mask, numbers, labels
):
    tiles = np.empty((values.shape[2], stride + 1, stride + 1), np.float32)
    scores, best = np.empty_like(tiles), np.empty((stride + 1, stride + 1), np.float32)
    winners = np.empty((stride + 1, stride + 1), np.int32)
    agreed = np.empty((stride + 1, stride + 1), np.int8)
    candidates = np.empty(values.shape[2], np.int8)
    rows, columns = _within_cells(rows, cell_rows, stride), _within_cells(columns, cell_columns, stride)
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    line = np.empty(mask.shape[1], np.int8)
    disputed = np.empty(len(cell_columns) - 1, np.intp)
    for i in range(len(cell_rows) - 1):
        below, count_disputed = min(i + 1, last_row), 0
        for j in range(len(cell_columns) - 1):
            beside, winner, agree = min(j + 1, last_column), ranked[i, j], True
            for corner in ((i, j), (i, beside), (below, j), (below, beside)):
                agree &= (ranked[corner] == winner) & (leads[corner] > MARGIN)
            line[cell_columns[j] : cell_columns[j + 1]] = numbers[winner]
            disputed[count_disputed] = j
            count_disputed += not agree
        _fill_rows(mask, line, cell_rows[i], cell_rows[i + 1], labels)
        for j in disputed[:count_disputed]:
            beside = min(j + 1, last_column)
            box = cell_rows[i], cell_rows[i + 1], cell_columns[j], cell_columns[j + 1]
            if not _holds_person(mask, box):
                continue
            a, b, c, d = values[i, j], values[i, beside], values[below, j], values[below, beside]
            count = _find_candidates(a, b, c, d, candidates)
            if count == 1:
                _fill_box(mask, numbers[candidates[0]], box, labels)
                continue
            best[:] = -np.inf
            for n in range(count):
                k = candidates[n]
                _interpolate(a[k], b[k], c[k], d[k], tiles[n])
                _challenge(tiles[n], n, best, winners)
            _find_agreement(winners, numbers, candidates, agreed)
            if not squashed:
                _score_disputed(tiles[:count], agreed, scores)
            _label_box(
                tiles[:count] if squashed else scores[:count],
                agreed,
                numbers,
                candidates,
                rows,
                columns,
                mask,
                box,
                labels,
            )


@compiled
def _holds_person(mask, box):  # type: ignore[no-untyped-def]
    """Return whether any pixel of a box is true; ten times as fast as numpy's any, which is slow in compiled code."""
    top, bottom, left, right = box
    for y in range(top, bottom):
        line, found = mask[y, left:right], 0
        for x in range(len(line)):
            found |= line[x]
        if found:
            return True
    return False


@compiled
def _find_candidates(a, b, c, d, candidates):  # type: ignore[no-untyped-def]
    """List the parts that no other part exceeds at every corner, in ascending order, and return their number."""
    floor = np.float32(-np.inf)
    for k in range(len(a)):
        floor = max(floor, min(a[k], b[k], c[k], d[k]))
    count = 0
    for k in range(len(a)):
        if max(a[k], b[k], c[k], d[k]) >= floor - MARGIN:
            candidates[count] = k
            count += 1
    return count


@compiled
def _fill_box(mask, number, box, labels):  # type: ignore[no-untyped-def]
    """Assign the same label to all person pixels of a box."""
    top, bottom, left, right = box
    for y in range(top, bottom):
        inside, line = mask[y, left:right], labels[y, left:right]
        for x in range(len(line)):
            line[x] = number if inside[x] else BACKGROUND


@compiled
def _fill_rows(mask, line, top, bottom, labels):  # type: ignore[no-untyped-def]
    """Label the person pixels of some rows as `line` has it for their columns; the others are background."""
    for y in range(top, bottom):
        inside, row = mask[y], labels[y]
        for x in range(len(row)):
            row[x] = line[x] if inside[x] else BACKGROUND


@compiled
def _challenge(tile, n, best, winners):  # type: ignore[no-untyped-def]
    """Update the best candidates with the n-th one where it is better than the previous ones."""
    for y in range(tile.shape[0]):
        for x in range(tile.shape[1]):
            better = tile[y, x] > best[y, x]
            best[y, x] = tile[y, x] if better else best[y, x]
            winners[y, x] = n if better else winners[y, x]


@compiled
def _find_agreement(winners, numbers, candidates, agreed):  # type: ignore[no-untyped-def]
    """Assign the part that each pixel of the network input shares with its right and lower neighbours, or -1."""
    last = winners.shape[0] - 1
    for y in range(last + 1):
        upper, lower = winners[y], winners[min(y + 1, last)]
        for x in range(last):
            same = (upper[x] == upper[x + 1]) & (upper[x] == lower[x]) & (upper[x] == lower[x + 1])
            agreed[y, x] = numbers[candidates[upper[x]]] if same else -1
        agreed[y, last] = numbers[candidates[upper[last]]] if upper[last] == lower[last] else -1


@compiled
def _label_box(scores, agreed, numbers, candidates, rows, columns, mask, box, labels):  # type: ignore[no-untyped-def]
    """Label the person pixels of a cell: by their four neighbours if these agree, otherwise by their scores."""
    top, bottom, left, right = box
    for y in range(top, bottom):
        line = agreed[rows.low[y]]
        for x in range(left, right):
            if mask[y, x]:
                label = line[columns.low[x]]
                if label == -1:
                    best = np.float32(-np.inf)
                    for n in range(len(scores)):
                        score = _to_picture(scores[n], rows, columns, y, x)
                        if score > best:
                            best, label = score, numbers[candidates[n]]
                labels[y, x] = label
