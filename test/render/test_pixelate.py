# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Masks made of cells."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.render import draw_pixelated_mask

BLUE = (0, 0, 200, 255)


def test_cells_are_even_and_lines_lie_half_on_the_pixels_beside_them() -> None:
    image, mask = np.zeros((20, 30, 3), np.uint8), np.full((20, 30, 4), BLUE, np.uint8)
    blue = draw_pixelated_mask(image, mask, 1, order='rgb')[..., 2]
    assert (blue[1:9, 1:9] == 200).all()
    assert blue[5, :22].tolist() == [227] + [200] * 8 + [227, 227] + [200] * 8 + [227, 227, 200]
    assert int(blue[10, 10]) == pytest.approx(241, abs=1)
    assert blue[19, 5] == blue[5, 29] == 200


def test_the_picture_shines_through_a_mask_of_opacity_0_7(astronaut: NDArray[np.uint8]) -> None:
    mask = np.full((512, 512, 4), (0, 0, 0, 255), np.uint8)
    drawing = draw_pixelated_mask(astronaut, mask)
    assert np.abs(drawing[1:9, 1:9] - 0.3 * astronaut[1:9, 1:9]).max() <= 1


def test_where_the_mask_is_transparent_the_picture_stays(astronaut: NDArray[np.uint8]) -> None:
    mask = np.zeros((512, 512, 4), np.uint8)
    np.testing.assert_array_equal(draw_pixelated_mask(astronaut, mask), astronaut)


def test_the_canvas_way_is_transparent_there_and_rules_lines(astronaut: NDArray[np.uint8]) -> None:
    drawing = draw_pixelated_mask(astronaut, np.zeros((512, 512, 4), np.uint8), canvas=True)
    assert drawing.shape == (512, 512, 4)
    assert int(drawing[5, 5, 3]) == pytest.approx(0.3 * 255, abs=1)
    assert int(drawing[5, 10, 3]) == pytest.approx((0.3 + 0.7 * 0.5) * 255, abs=1)
    assert np.abs(drawing[5, 5, :3].astype(int) - astronaut[5, 5]).max() <= 3


def test_both_ways_agree_where_the_mask_is_opaque(astronaut: NDArray[np.uint8]) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    canvas = draw_pixelated_mask(astronaut, mask, canvas=True)
    assert (canvas[..., 3] == 255).all()
    difference = draw_pixelated_mask(astronaut, mask).astype(int) - canvas[..., :3]
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    ('height', 'width', 'cell_px'), [(23, 47, 10), (23, 47, 2), (23, 47, 23), (2, 2, 2), (7, 5, 10), (1, 40, 10)]
)
def test_any_size_of_picture_and_cell_is_drawn(height: int, width: int, cell_px: int) -> None:
    image, mask = np.zeros((height, width, 3), np.uint8), np.full((height, width, 4), BLUE, np.uint8)
    drawing = draw_pixelated_mask(image, mask, 1, cell_px=cell_px, order='rgb')
    assert drawing.shape == image.shape
    assert drawing[..., 2].min() >= 200


def test_flip_mirrors_the_drawing_and_no_mask_draws_nothing(astronaut: NDArray[np.uint8]) -> None:
    mask = np.random.default_rng(1).integers(0, 256, (512, 512, 4), np.uint8)
    np.testing.assert_array_equal(
        draw_pixelated_mask(astronaut, mask, flip=True), draw_pixelated_mask(astronaut, mask)[:, ::-1]
    )
    np.testing.assert_array_equal(draw_pixelated_mask(astronaut, None), astronaut)
    assert draw_pixelated_mask(astronaut, None, canvas=True).shape == (512, 512, 4)


def test_a_picture_smaller_than_a_cell_is_one_cell() -> None:
    mask = np.full((7, 5, 4), BLUE, np.uint8)
    blue = draw_pixelated_mask(np.zeros((7, 5, 3), np.uint8), mask, 1, order='rgb')[..., 2]
    assert (blue[1:, 1:] == 200).all()
    assert blue[3].tolist() == [227] + [200] * 4


@pytest.mark.parametrize('cell_px', [1, 0, -5])
def test_cells_without_an_inside_are_refused(cell_px: int) -> None:
    with pytest.raises(SettingError, match=f'cell_px must be at least 2, got {cell_px}'):
        draw_pixelated_mask(np.zeros((30, 40, 3), np.uint8), None, cell_px=cell_px)


def test_a_mask_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(ImageError, match='image is 40x30, mask is 30x40'):
        draw_pixelated_mask(np.zeros((30, 40, 3), np.uint8), np.zeros((40, 30, 4), np.uint8))
