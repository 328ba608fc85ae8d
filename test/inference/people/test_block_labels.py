# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Blocks whose corners agree are filled; the rest is asked pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.inference.people.block_labels import label_mask


class _Asked:
    """Labels looked up in a picture, with a record of what was looked up."""

    def __init__(self, picture: NDArray[np.uint8], sure: NDArray[np.bool_] | None = None) -> None:
        self.picture = picture
        self.sure = np.ones(picture.shape, bool) if sure is None else sure
        self.count = 0

    def __call__(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        self.count += rows.size
        return self.picture[rows, columns], self.sure[rows, columns]


def _rings(height: int, width: int) -> NDArray[np.uint8]:
    """Rings 40 pixels wide around a point, numbered from 1."""
    rows, columns = np.mgrid[:height, :width]
    return (1 + np.hypot(rows - 0.3 * height, columns - 0.6 * width) // 40).astype(np.uint8)


@pytest.mark.parametrize('steps', [(16, 4, 1), (8, 4, 2, 1), (16, 1), (1,)])
@pytest.mark.parametrize('shape', [(240, 320), (97, 131), (17, 1), (1, 33), (1, 1)])
def test_every_pixel_gets_its_label(shape, steps) -> None:
    picture = _rings(*shape)
    mask = np.random.default_rng(0).random(shape) < 0.7
    assert np.array_equal(label_mask(mask, _Asked(picture), steps), np.where(mask, picture, 0))


def test_few_pixels_are_asked() -> None:
    asked = _Asked(_rings(480, 640))
    label_mask(np.ones((480, 640), bool), asked, (16, 4, 1))
    assert asked.count < 0.2 * 480 * 640
    uniform = _Asked(np.ones((480, 640), np.uint8))
    assert label_mask(np.ones((480, 640), bool), uniform, (16, 4, 1)).all()
    assert uniform.count == 31 * 41  # the corners of all blocks, once


def test_blocks_without_the_mask_are_not_asked() -> None:
    mask = np.zeros((480, 640), bool)
    assert not label_mask(mask, _refuse, (16, 4, 1)).any()
    mask[100, 200] = True
    asked = _Asked(_rings(480, 640))
    labels = label_mask(mask, asked, (16, 4, 1))
    assert labels[100, 200] == asked.picture[100, 200]
    assert np.count_nonzero(labels) == 1
    assert asked.count <= 4 + 25 + 1


def _refuse(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    assert rows.size == 0, 'nothing was to be asked'
    return np.zeros(0, np.uint8), np.zeros(0, bool)


def test_blocks_with_an_unsure_corner_are_asked_throughout() -> None:
    picture = np.ones((64, 64), np.uint8)
    picture[20:23, 40:45] = 2  # an island between the corners of one block
    everywhere = np.ones((64, 64), bool)
    assert np.all(label_mask(everywhere, _Asked(picture), (16, 1)) == 1)
    sure = everywhere.copy()
    sure[32, 48] = False
    asked = _Asked(picture, sure)
    assert np.array_equal(label_mask(everywhere, asked, (16, 1)), picture)
    assert asked.count == 5 * 5 + 4 * 16 * 16  # the four blocks around that corner


def test_a_margin_finds_what_reaches_over_the_border_of_a_block() -> None:
    picture = np.ones((64, 64), np.uint8)
    picture[:, 20:] = 2
    picture[24:27, 10:20] = 2  # a spur that touches no corner of the blocks left of column 16
    everywhere = np.ones((64, 64), bool)
    without = label_mask(everywhere, _Asked(picture), (16, 1))
    assert np.all(without[24:27, 10:16] == 1)
    assert np.array_equal(label_mask(everywhere, _Asked(picture), (16, 1), margin=1), picture)
