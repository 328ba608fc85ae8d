# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The contact sheet of an audit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.recordings.audit import RemainingFace
from bodypix_ros.recordings.audit_sheet import AuditSheet
from bodypix_ros.regions import Box

WIDTH, HEIGHT, STEP = 480, 360, 488


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """A grey image of 960x720 with two small faces: green and blue."""
    image = np.full((720, 960, 3), 127, np.uint8)
    image[100:112, 200:212] = (0, 255, 0)
    image[500:520, 900:920] = (255, 0, 0)
    return image


FACES = [
    RemainingFace(Box(200, 100, 12, 12), 'one'),
    RemainingFace(Box(900, 500, 20, 20), 'one'),
    RemainingFace(Box(898, 498, 24, 24), 'another'),
]


def test_each_face_is_enlarged_and_boxes_show_where_it_is(image: NDArray[np.uint8]) -> None:
    sheet = AuditSheet()
    sheet.add('frame 1', image, FACES)
    drawn = sheet.draw()
    tiles = [drawn[8 : 8 + HEIGHT, 8 + STEP * column : 8 + STEP * column + WIDTH] for column in range(4)]
    assert (tiles[0][:, :, 2] == 255).any()  # the red boxes
    assert (tiles[0][53, 103] == (0, 255, 0)).all()
    blue, green = (tiles[1] == (255, 0, 0)).all(axis=2), (tiles[2] == (0, 255, 0)).all(axis=2)
    assert blue.sum() > 100 * 100  # 20x20 pixels; what two finders found is shown once
    assert green.sum() > 100 * 100  # 12x12 pixels
    assert (tiles[3] == 255).all()


def test_of_many_images_those_at_regular_distances_are_shown(image: NDArray[np.uint8]) -> None:
    sheet = AuditSheet()
    heights = []
    for number in range(100):
        small = np.full((90, 120, 3), number, np.uint8)
        sheet.add(f'frame {number}', small, [RemainingFace(Box(1, 1, 9, 9), 'one')])
        if number in (0, 23, 24, 99):
            heights.append(sheet.draw().shape[0])
    row_height = heights[0]
    assert heights == [rows * row_height for rows in (1, 24, 13, 13)]
    drawn = sheet.draw()
    shown = [int(drawn[row_height * row + 300, 400, 0]) for row in range(drawn.shape[0] // row_height)]
    assert shown == list(range(0, 100, 8))
