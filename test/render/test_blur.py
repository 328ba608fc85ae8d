# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The blur of a browser's canvas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import SettingError
from bodypix_ros.render.blur import blur, blur_quickly, blur_reach_px


def test_one_pixel_of_blur_spreads_a_point_as_1_3_4_3_1() -> None:
    image = np.zeros((9, 9), np.uint8)
    image[:, 4] = 240
    assert np.abs(blur(image, 1)[4].astype(int) - [0, 0, 20, 60, 80, 60, 20, 0, 0]).max() <= 1


@pytest.mark.parametrize('blur_px', [1, 2, 3, 7.5, 20])
def test_a_blurred_point_keeps_its_place_and_its_spread(blur_px: float) -> None:
    size = 201
    image = np.zeros((size, size), np.uint8)
    image[:, size // 2] = 255
    image = np.repeat(image[:, :, np.newaxis], 3, axis=2)
    profile = blur(image, blur_px)[size // 2, :, 0].astype(float)
    place = np.arange(size) - size // 2
    assert abs((profile * place).sum() / profile.sum()) < 0.05
    deviation = np.sqrt((profile * place**2).sum() / profile.sum())
    assert deviation == pytest.approx(blur_px, rel=0.15)


def test_colours_reach_as_far_as_said_and_no_further() -> None:
    image = np.zeros((1, 101), np.uint8)
    image[0, 50:] = 255
    reach = blur_reach_px(3)
    assert reach == 8
    blurred = blur(np.repeat(image, 41, axis=0), 3)[20]
    assert not blurred[: 50 - reach].any()
    assert (blurred[50 + reach :] == 255).all()


def test_an_even_picture_stays_even_up_to_its_borders() -> None:
    image = np.full((30, 40, 3), (10, 100, 250), np.uint8)
    np.testing.assert_array_equal(blur(image, 7), image)
    np.testing.assert_array_equal(blur_quickly(image, 7), image)


def test_fading_borders_lose_half_at_an_edge_and_three_quarters_in_a_corner() -> None:
    faded = blur(np.full((101, 101), 255, np.uint8), 20, fade=True)
    assert faded[50, 50] > 250
    assert int(faded[50, 0]) == pytest.approx(128, abs=3)
    assert int(faded[0, 0]) == pytest.approx(66, abs=3)


@pytest.mark.parametrize('fade', [False, True])
def test_no_blur_changes_nothing(astronaut: NDArray[np.uint8], fade: bool) -> None:
    np.testing.assert_array_equal(blur(astronaut, 0, fade=fade), astronaut)


@pytest.mark.parametrize('blur_px', [-1, 20.5, float('nan')])
def test_a_blur_out_of_range_is_refused(blur_px: float) -> None:
    with pytest.raises(SettingError, match=f'blur_px must be between 0 and 20, got {blur_px}'):
        blur(np.zeros((4, 4), np.uint8), blur_px)


@pytest.mark.parametrize('blur_px', [10, 20])
@pytest.mark.parametrize('shape', [(512, 512), (301, 403)])
def test_the_quick_blur_looks_like_the_exact_one(
    astronaut: NDArray[np.uint8], blur_px: float, shape: tuple[int, int]
) -> None:
    image = astronaut[: shape[0], : shape[1]]
    exact = blur(image, blur_px).astype(int)
    # A fraction of what the blur does to the picture.
    assert np.abs(blur_quickly(image, blur_px) - exact).mean() < 0.08 * np.abs(image - exact).mean()


def test_single_pixels_can_be_blurred() -> None:
    pixel = np.full((1, 1, 3), 77, np.uint8)
    np.testing.assert_array_equal(blur(pixel, 20), pixel)
    np.testing.assert_array_equal(blur_quickly(pixel, 20), pixel)
