# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Contact sheets."""

from __future__ import annotations

import numpy as np

from bodypix_ros.recordings.contact_sheet import Tile, draw_sheet


def test_pictures_are_in_rows_of_four_with_their_captions() -> None:
    tiles = [Tile(f'frame {number}', np.full((48, 64, 3), 10 * number, np.uint8)) for number in range(6)]
    sheet = draw_sheet([*tiles[:5], tiles[5]._replace(caption='doubtful', marked=True)])
    assert sheet.shape == (2 * 288 + 8, 4 * 328 + 8, 3)
    for number in range(6):
        row, column = divmod(number, 4)
        x, y = 8 + 328 * column, 8 + 288 * row
        assert (sheet[y : y + 240, x : x + 320] == 10 * number).all()
        caption = sheet[y + 240 : y + 260, x : x + 100].astype(int)
        red = (caption[..., 2] > caption[..., 0] + 100).any()
        assert (caption.min() < 100, red) == (True, number == 5)


def test_a_portrait_keeps_its_shape() -> None:
    sheet = draw_sheet([Tile('', np.zeros((200, 100, 3), np.uint8))])
    black = (sheet == 0).all(axis=2)
    assert (black.any(axis=1).sum(), black.any(axis=0).sum()) == (240, 120)


def test_a_sheet_without_pictures_is_white() -> None:
    assert (draw_sheet([Tile('', None)]) == 255).all()
