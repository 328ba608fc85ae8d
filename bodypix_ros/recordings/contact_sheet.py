# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A contact sheet: small pictures of a recording in rows, each with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_COLUMNS, _WIDTH, _HEIGHT, _CAPTION, _GAP = 4, 320, 240, 40, 8
_FONT, _SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.4
_CHARACTERS = 46
"""Length of a line of the caption that fits the width of a picture."""


class Tile(NamedTuple):
    """A picture of the sheet.

    Attributes:
        caption: two lines at most.
        picture: (H, W, 3) uint8 BGR of any size; None for an empty place.
        marked: whether the caption is red.
    """

    caption: str
    picture: NDArray[np.uint8] | None
    marked: bool = False


def draw_sheet(tiles: Sequence[Tile]) -> NDArray[np.uint8]:
    """Return the sheet, (H, W, 3) uint8 BGR; four pictures per row."""
    rows = -(-max(len(tiles), 1) // _COLUMNS)
    step_x, step_y = _WIDTH + _GAP, _HEIGHT + _CAPTION + _GAP
    sheet = np.full((rows * step_y + _GAP, _COLUMNS * step_x + _GAP, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, _COLUMNS)
        x, y = _GAP + column * step_x, _GAP + row * step_y
        if tile.picture is not None:
            small = _fitted(tile.picture)
            sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        color = (0, 0, 200) if tile.marked else (0, 0, 0)
        for line, text in enumerate(_lines(tile.caption)):
            cv2.putText(sheet, text, (x, y + _HEIGHT + 14 + 16 * line), _FONT, _SCALE, color, 1, cv2.LINE_AA)
    return sheet


def _fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(_WIDTH / picture.shape[1], _HEIGHT / picture.shape[0])
    size = max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _lines(caption: str) -> list[str]:
    plain = caption.encode('ascii', 'replace').decode()  # the font has no other characters
    return [line[:_CHARACTERS] for line in plain.split('\n')[:2]]
