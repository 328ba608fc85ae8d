# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""People without their background, and in front of another one."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.render import cut_out, render_overlay
from bodypix_ros.render.cutout import PLAIN_BACKGROUND
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings

MASK = np.array([[False, False, True, True]])
CONFIDENCE = np.array([[0, 120, 160, 255]], np.uint8)
IMAGE = np.full((1, 4, 3), (10, 20, 30), np.uint8)


def overlay(
    found: Segmentation, background: Path | str = '', image: NDArray[np.uint8] = IMAGE, order: str = 'bgr'
) -> NDArray[np.uint8]:
    settings = PictureSettings(overlay_effect='cutout', overlay_background=background)
    return render_overlay(image, found, settings, order=order)


def save(path: Path, picture: NDArray[np.uint8]) -> Path:
    path.write_bytes(cv2.imencode('.png', picture)[1].tobytes())
    return path


def test_the_background_is_transparent_and_removed() -> None:
    picture = cut_out(IMAGE, Segmentation(MASK))
    np.testing.assert_array_equal(picture[..., :3], IMAGE * MASK[..., np.newaxis])
    assert picture[..., 3].tolist() == [[0, 0, 255, 255]]


def test_the_confidence_makes_the_edge_soft() -> None:
    assert cut_out(IMAGE, Segmentation(MASK, confidence=CONFIDENCE))[..., 3].tolist() == [[0, 112, 192, 255]]


def test_the_edge_stays_where_the_mask_has_it() -> None:
    soft = cut_out(IMAGE, Segmentation(~MASK, confidence=CONFIDENCE))[..., 3]
    assert soft.tolist() == [[128, 128, 127, 127]]


def test_a_segmentation_of_another_size_is_refused() -> None:
    with pytest.raises(ImageError, match='image is 4x1, mask is 2x2'):
        cut_out(IMAGE, Segmentation(np.ones((2, 2), bool)))


@pytest.mark.parametrize('order', ['bgr', 'rgb'])
def test_without_a_picture_the_background_is_green(order: str) -> None:
    result = overlay(Segmentation(MASK), order=order)
    expected = PLAIN_BACKGROUND if order == 'bgr' else PLAIN_BACKGROUND[::-1]
    assert result[0, 0].tolist() == list(expected)
    assert result[0, 3].tolist() == [10, 20, 30]


def test_soft_edges_mix_person_and_background() -> None:
    result = overlay(Segmentation(MASK, confidence=CONFIDENCE))
    person, green = np.array([10, 20, 30]), np.array(PLAIN_BACKGROUND)
    np.testing.assert_allclose(result[0, 2], person * 192 / 255 + green * 63 / 255, atol=1)


def test_the_picture_is_scaled_and_cropped_to_the_image(tmp_path: Path) -> None:
    picture = np.zeros((40, 20, 3), np.uint8)
    picture[10:20], picture[20:30] = (255, 0, 0), (0, 0, 255)  # the middle, with the shape of the image
    result = overlay(
        Segmentation(np.zeros((6, 6), bool)), save(tmp_path / 'wall.png', picture), np.zeros((6, 6, 3), np.uint8)
    )
    assert result[0, 0].tolist() == [255, 0, 0]
    assert result[5, 5].tolist() == [0, 0, 255]


def test_a_picture_that_changes_is_read_again(tmp_path: Path) -> None:
    path = save(tmp_path / 'wall.png', np.full((5, 5, 3), 50, np.uint8))
    assert overlay(Segmentation(MASK), path)[0, 0].tolist() == [50, 50, 50]
    save(path, np.full((5, 5, 3), 90, np.uint8))
    os.utime(path, ns=(10**18, 10**18))
    assert overlay(Segmentation(MASK), path)[0, 0].tolist() == [90, 90, 90]


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'wall.png'
    with pytest.raises(ImageError, match=f'overlay_background: {path} does not exist; expected a picture file'):
        overlay(Segmentation(MASK), path)
    path.write_bytes(b'no picture')
    for _ in range(2):
        with pytest.raises(ImageError, match=f'overlay_background: {path} is not a picture'):
            overlay(Segmentation(MASK), path)
