# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From labels to pictures of foreground and background."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.render import to_mask

CLEAR, BLACK, CYAN = [0, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 255]
RED = (255, 0, 0, 255)


def test_a_person_is_transparent_and_the_background_black_by_default() -> None:
    mask = to_mask(np.array([[True, False]]))
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[CLEAR, BLACK]]


@pytest.mark.parametrize('dtype', [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64])
def test_every_type_of_label_is_understood(dtype: Any) -> None:
    assert to_mask(np.array([[0, 1]], dtype), foreground=RED).tolist() == [[BLACK, list(RED)]]


@pytest.mark.parametrize('dtype', [np.int8, np.int32])
def test_ids_choose_the_parts_that_are_foreground(dtype: Any) -> None:
    parts = np.array([[-1, 0, 1, 23]], dtype)
    assert to_mask(parts, RED, ids=(0, 23))[0, :, 0].tolist() == [0, 255, 0, 255]
    assert to_mask(parts, RED, ids=(-1,))[0, :, 0].tolist() == [255, 0, 0, 0]


def test_an_id_beyond_the_labels_type_selects_nothing() -> None:
    assert not to_mask(np.array([[-1, 0, 44]], np.int8), RED, ids=(255, 256, 300))[..., 0].any()


def test_several_people_are_one_foreground() -> None:
    mask = to_mask([np.array([[1, 0, 0]]), np.array([[0, 0, 1]])], RED)
    assert mask is not None
    assert mask[0, :, 0].tolist() == [255, 0, 255]


def test_nobody_has_no_mask() -> None:
    assert to_mask([]) is None


def _raster_scan(people: list[NDArray[np.int_]]) -> NDArray[np.uint8]:
    """toMask with its contour, pixel by pixel in BodyPix's order."""
    height, width = people[0].shape
    mask = np.zeros((height, width, 4), np.uint8)
    for row in range(height):
        for column in range(width):
            mask[row, column] = BLACK
            for person in people:
                if not person[row, column]:
                    continue
                mask[row, column] = RED
                if not (0 < row < height - 1 and 0 < column < width - 1):
                    continue
                diagonal = [(row + dy, column + dx) for dy in (-1, 1) for dx in (-1, 1)]
                if not all(person[place] for place in diagonal):
                    for place in diagonal:
                        mask[place] = CYAN
    return mask


@pytest.mark.parametrize('seed', range(5))
def test_contours_equal_the_raster_scan_of_bodypix(seed: int) -> None:
    random = np.random.default_rng(seed)
    people = [(random.random((14, 17)) < 0.7).astype(int) for _ in range(1 + seed % 3)]
    np.testing.assert_array_equal(to_mask(people, RED, contour=True), _raster_scan(people))


@pytest.mark.parametrize('shape', [(1, 1), (1, 5), (2, 2), (5, 2)])
def test_pictures_too_small_for_a_contour_have_none(shape: tuple[int, int]) -> None:
    assert to_mask(np.ones(shape, bool), RED, contour=True).tolist() == np.full((*shape, 4), RED).tolist()


def test_people_of_different_sizes_are_refused_with_both_sizes() -> None:
    with pytest.raises(ImageError, match='the first person is 4x3, person 2 is 3x4'):
        to_mask([np.zeros((3, 4), int), np.zeros((4, 3), int)])


@pytest.mark.parametrize('labels', [np.zeros((3, 4)), np.zeros((3, 4, 3), np.uint8)])
def test_what_is_no_label_image_is_refused(labels: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match=r'labels must be \(H, W\) of an integer type or bool, got \(3, 4.*of type'):
        to_mask(labels)
