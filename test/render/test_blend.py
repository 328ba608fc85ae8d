# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Laying masks over pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.render import draw_mask, to_mask

IMAGE = np.array([[[200, 100, 50], [200, 100, 50]]], np.uint8)


def test_a_mask_covers_as_much_as_opacity_and_its_own_alpha_say() -> None:
    mask = np.array([[[0, 0, 0, 255], [0, 0, 0, 0]]], np.uint8)
    assert draw_mask(IMAGE, mask, 0.5).tolist() == [[[100, 50, 25], [200, 100, 50]]]


def test_a_half_transparent_mask_is_half_seen() -> None:
    mask = np.full((1, 2, 4), (255, 255, 255, 128), np.uint8)
    assert np.abs(draw_mask(IMAGE, mask, 1).astype(int) - [228, 178, 153]).max() <= 1


def test_the_person_stays_and_the_background_darkens_by_the_default_opacity_of_0_7(
    astronaut: NDArray[np.uint8],
) -> None:
    person = np.zeros(astronaut.shape[:2], bool)
    person[:, :256] = True
    drawing = draw_mask(astronaut, to_mask(person))
    np.testing.assert_array_equal(drawing[:, :256], astronaut[:, :256])
    assert np.abs(drawing[:, 256:] - 0.3 * astronaut[:, 256:]).max() <= 1


def test_red_is_red_in_both_orders() -> None:
    red = np.full((1, 2, 4), (255, 0, 0, 255), np.uint8)
    assert draw_mask(IMAGE, red, 1, order='bgr')[0, 0].tolist() == [0, 0, 255]
    assert draw_mask(IMAGE, red, 1, order='rgb')[0, 0].tolist() == [255, 0, 0]
    assert draw_mask(IMAGE, red[..., :3].copy(), 1, order='bgr')[0, 0].tolist() == [0, 0, 255]
    assert draw_mask(IMAGE, red[..., :3].copy(), 1, order='rgb')[0, 0].tolist() == [255, 0, 0]


def test_flip_mirrors_picture_and_mask_together(astronaut: NDArray[np.uint8]) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (512, 512, 4), np.uint8)
    np.testing.assert_array_equal(draw_mask(astronaut, mask, flip=True), draw_mask(astronaut, mask)[:, ::-1])
    np.testing.assert_array_equal(draw_mask(astronaut, None, flip=True), astronaut[:, ::-1])


def test_no_mask_gives_a_copy_of_the_picture(astronaut: NDArray[np.uint8]) -> None:
    drawing = draw_mask(astronaut, None)
    np.testing.assert_array_equal(drawing, astronaut)
    assert drawing is not astronaut


def test_a_blurred_mask_goes_on_beyond_the_borders_unless_the_canvas_way_is_asked_for() -> None:
    image, mask = np.full((64, 64, 3), 200, np.uint8), np.full((64, 64, 4), (0, 0, 0, 255), np.uint8)
    assert (draw_mask(image, mask, 0.5, 5) == 100).all()
    faded = draw_mask(image, mask, 0.5, 5, canvas=True)
    assert faded[32, 32, 0] == 100
    assert int(faded[32, 0, 0]) == pytest.approx(150, abs=4)


def test_a_mask_of_another_size_is_refused_with_both_sizes(astronaut: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError, match=r'image is 512x512, mask is 640x480 \(width x height\)'):
        draw_mask(astronaut, np.zeros((480, 640, 4), np.uint8))


@pytest.mark.parametrize('image', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_a_picture_of_another_kind_is_refused(image: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match=r'image must be \(H, W, 3\) of type uint8, got '):
        draw_mask(image, None)


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'opacity': 1.1}, 'opacity must be between 0 and 1, got 1.1'),
        ({'opacity': -0.1}, 'opacity must be between 0 and 1, got -0.1'),
        ({'blur_px': 21}, 'blur_px must be between 0 and 20, got 21'),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        draw_mask(IMAGE, None, **settings)
