# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Contact sheets."""

from __future__ import annotations

import numpy as np

from bodypix_ros.recordings.contact_sheet import Tile, draw_sheet


def test_pictures_are_in_rows_of_four_with_their_captions() -> None:
    tiles = [Tile(f'frame {number}', np.full((48, 64, 3), 10 * number, np.uint8)) for number in range(6)]
    sheet = draw_sheet([*tiles[:5], tiles[5]._replace(caption='doubtful', marked=True)])
    assert sheet.shape == (2 * (8 + 360 + 18 + 8), 4 * 488 + 8, 3)
    for number in range(6):
        row, column = divmod(number, 4)
        x, y = 8 + 488 * column, 8 + 394 * row
        assert (sheet[y : y + 360, x : x + 480] == 10 * number).all()
        caption = sheet[y + 360 : y + 378, x : x + 100].astype(int)
        red = (caption[..., 2] > caption[..., 0] + 100).any()
        assert (caption.min() < 100, red) == (True, number == 5)


def test_a_portrait_keeps_its_shape() -> None:
    sheet = draw_sheet([Tile('', np.zeros((200, 100, 3), np.uint8))])
    black = (sheet == 0).all(axis=2)
    assert (black.any(axis=1).sum(), black.any(axis=0).sum()) == (360, 180)


def test_a_sheet_without_pictures_is_white() -> None:
    assert (draw_sheet([Tile('', None)]) == 255).all()
    assert (draw_sheet([]) == 255).all()


def test_no_word_of_a_long_caption_is_cut() -> None:
    topic = '/sensing/camera/traffic_light_front_left/image_rect_color/compressed'
    reason = 'no head was found in 3 regions with people; 12 regions of earlier images could not be found'
    caption = f'{topic} frame 123456\n{reason}'
    sheet = draw_sheet([Tile(caption, None), Tile(caption, None)])
    assert sheet.shape[0] == 8 + 360 + 4 * 18 + 8
    ink = (sheet < 128).any(axis=2)
    assert not ink[:, 8 + 480 : 8 + 488].any()  # between the captions
    assert ink[8 + 360 + 3 * 18 :, 8:488].any()  # of the fourth line


def test_other_characters_and_empty_captions_are_allowed() -> None:
    assert (draw_sheet([Tile('図 ü', np.zeros((2, 2, 3), np.uint8)), Tile('', None)]) < 255).any()
