# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Contact sheets: many small pictures with captions in one image."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS = 4
WIDTH, HEIGHT = 480, 360
"""Size of a picture, pixels; pictures of another shape are smaller."""

_LINE, _GAP = 18, 8
_FONT, _SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
_BLACK, _RED = (0, 0, 0), (0, 0, 200)


class Tile(NamedTuple):
    """A picture of the sheet.

    Attributes:
        caption: as many lines as it needs.
        picture: (H, W, 3) uint8 BGR of any size; None for an empty place.
        marked: whether the caption is red.
    """

    caption: str
    picture: NDArray[np.uint8] | None
    marked: bool = False


def draw_sheet(tiles: Sequence[Tile]) -> NDArray[np.uint8]:
    """Return the sheet, (H, W, 3) uint8 BGR, with four pictures per row; a row is as high as its longest caption."""
    rows = [_draw_row(tiles[first : first + COLUMNS]) for first in range(0, max(len(tiles), 1), COLUMNS)]
    return np.vstack(rows)


def fit(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture, (H, W, 3) uint8, enlarged or reduced to the size of the pictures of a sheet."""
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = max(1, int(width * scale)), max(1, int(height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)


def _draw_row(tiles: Sequence[Tile]) -> NDArray[np.uint8]:
    captions = [_lines(tile.caption) for tile in tiles]
    text_height = _LINE * max((len(lines) for lines in captions), default=0)
    row = np.full((_GAP + HEIGHT + text_height + _GAP, COLUMNS * (WIDTH + _GAP) + _GAP, 3), 255, np.uint8)
    for column, (tile, lines) in enumerate(zip(tiles, captions, strict=True)):
        x = _GAP + column * (WIDTH + _GAP)
        if tile.picture is not None:
            small = fit(tile.picture)
            row[_GAP : _GAP + small.shape[0], x : x + small.shape[1]] = small
        color = _RED if tile.marked else _BLACK
        for number, text in enumerate(lines, start=1):
            cv2.putText(row, text, (x, _GAP + HEIGHT + _LINE * number - 4), _FONT, _SCALE, color, 1, cv2.LINE_AA)
    return row


def _lines(caption: str) -> list[str]:
    """Return the lines of a caption, wrapped to the width of a picture."""
    plain = caption.encode('ascii', 'replace').decode()  # the font has no other characters
    (width, _), _ = cv2.getTextSize('n' * 100, _FONT, _SCALE, 1)
    return [line for paragraph in plain.split('\n') for line in textwrap.wrap(paragraph, 100 * WIDTH // width)]
