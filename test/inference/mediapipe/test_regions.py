# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rotated square regions: crops, points and masks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe.regions import crop, network_input, paste_mask, project, upright_angle, whole_image
from bodypix_ros.regions import RotatedRegion

RNG = np.random.default_rng(1)
IMAGE = RNG.integers(0, 256, (40, 60, 3), np.uint8)


@pytest.mark.parametrize(
    'values', [(0, 0, 0), (0, 0, -1), (math.nan, 0, 1), (0, math.inf, 1), (0, 0, 1, math.nan), (0, 0, math.inf)]
)
def test_a_region_without_a_finite_place_and_size_is_refused(values) -> None:
    with pytest.raises(ValueError, match='a region needs finite values and a positive size, got RotatedRegion'):
        RotatedRegion(*values)


def test_a_region_in_the_scale_of_the_crop_copies_the_pixels() -> None:
    assert np.array_equal(crop(IMAGE, RotatedRegion(30, 20, 20), 20), IMAGE[10:30, 20:40])


def test_a_quarter_turn_of_the_region_turns_the_crop_back() -> None:
    turned = crop(IMAGE, RotatedRegion(30, 20, 20, math.pi / 2), 20)  # its first row is the right side in the image
    assert np.array_equal(turned, IMAGE[10:30, 40:20:-1].transpose(1, 0, 2))


def test_a_smaller_crop_takes_single_pixels() -> None:
    assert np.array_equal(crop(IMAGE, RotatedRegion(30, 20, 20), 10), IMAGE[10:30:2, 20:40:2])


def test_half_a_pixel_is_the_mean_of_its_neighbours() -> None:
    image = np.repeat(np.array([[[10], [20], [40]]], np.uint8), 3, axis=2)
    assert crop(image, RotatedRegion(1.5, 0.5, 1), 1)[0, 0].tolist() == [20, 20, 20]
    assert crop(image, RotatedRegion(1.0, 0.5, 1), 1)[0, 0].tolist() == [15, 15, 15]


@pytest.mark.parametrize(('outside', 'expected'), [('black', 0), ('replicate', 7)])
def test_outside_the_image_a_crop_is_black_or_repeats_the_edge(outside, expected) -> None:
    image = np.full((4, 4, 3), 7, np.uint8)
    assert (crop(image, RotatedRegion(2, 2, 100), 25, outside)[0] == expected).all()


def test_a_region_far_from_the_image_is_cropped_too() -> None:
    assert crop(IMAGE, RotatedRegion(1e9, -1e9, 1e8, 1.0), 8, 'black').max() == 0


def test_an_image_that_is_too_large_for_opencv_is_thinned_out() -> None:
    image = np.repeat(np.arange(40000, dtype=np.uint32)[:, None, None] // 200, 3, axis=2).astype(np.uint8)
    column = crop(image, whole_image(40000, 1), 20, 'replicate')[:, 10, 0]
    assert column.tolist() == list(range(0, 200, 10))


def test_the_whole_image_is_letterboxed() -> None:
    region = whole_image(40, 60)
    assert region == RotatedRegion(30, 20, 60)
    whole = crop(IMAGE, region, 60, 'black')
    assert np.array_equal(whole[10:50], IMAGE)
    assert whole[:10].max() == whole[50:].max() == 0


@pytest.mark.parametrize(
    ('end', 'degrees'), [((5, 1), 0), ((9, 5), 90), ((1, 5), -90), ((5, 9), -180), ((6, 4), 45), ((4, 6), -135)]
)
def test_the_vector_of_the_angle_points_up_in_the_crop(end, degrees) -> None:
    angle = upright_angle((5, 5), end)
    assert math.degrees(angle) == pytest.approx(degrees)
    center = project(np.array([[50, 50], [50, 0]], np.float32), RotatedRegion(5, 5, 10, angle), 100)
    direction = center[1] - center[0]
    assert direction / np.linalg.norm(direction) == pytest.approx(
        np.subtract(end, (5, 5)) / math.dist(end, (5, 5)), abs=1e-6
    )


def test_points_return_to_where_the_crop_came_from() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[30, 70] = 255
    region = RotatedRegion(60, 45, 50, 0.4)
    row, column = divmod(int(crop(image, region, 200)[..., 0].argmax()), 200)
    assert project(np.array([[column, row]], np.float32), region, 200)[0] == pytest.approx([70, 30], abs=0.2)


def test_a_region_is_shifted_along_its_own_sides_and_scaled_about_its_centre() -> None:
    region = RotatedRegion(10, 20, 8, math.pi / 2)
    moved = region.shifted(0.5, -0.25)
    assert (moved.x, moved.y) == pytest.approx((12, 24))
    assert region.scaled(1.5) == RotatedRegion(10, 20, 12, math.pi / 2)


def test_the_network_gets_rgb_planes_in_its_range() -> None:
    values = network_input([IMAGE, IMAGE[::-1]], -1, 1)
    assert values.shape == (2, 3, 40, 60)
    assert values.dtype == np.float32
    assert values.flags.c_contiguous
    assert np.allclose(values[0, 0], IMAGE[..., 2] / 127.5 - 1, atol=1e-6)
    assert np.allclose(network_input([IMAGE], 0, 1)[0, 2], IMAGE[..., 0] / 255, atol=1e-6)


def test_a_mask_is_pasted_where_its_crop_was() -> None:
    canvas = np.zeros((40, 60), np.float32)
    paste_mask(np.ones((16, 16), np.float32), RotatedRegion(30, 20, 16), canvas)
    expected = np.zeros((40, 60), np.float32)
    expected[12:28, 22:38] = 1
    assert np.array_equal(canvas, expected)


def test_a_rotated_mask_that_leaves_the_image_covers_its_square() -> None:
    canvas = np.zeros((40, 60), np.float32)
    region = RotatedRegion(55, 20, 20, math.pi / 4)
    paste_mask(np.ones((64, 64), np.float32), region, canvas)
    rows, columns = np.mgrid[:40, :60]
    inside = np.abs(rows - 20) + np.abs(columns - 55) < 10 * math.sqrt(2) - 1
    outside = np.abs(rows - 20) + np.abs(columns - 55) > 10 * math.sqrt(2) + 1
    assert (canvas[inside] == 1).all()
    assert (canvas[outside] == 0).all()


def test_of_overlapping_masks_the_larger_probability_remains() -> None:
    canvas = np.full((10, 10), 0.5, np.float32)
    paste_mask(np.full((4, 4), 0.25, np.float32), RotatedRegion(5, 5, 4), canvas)
    assert (canvas == 0.5).all()
    paste_mask(np.full((4, 4), 0.75, np.float32), RotatedRegion(5, 5, 4), canvas)
    assert (canvas[3:7, 3:7] == 0.75).all()


def test_a_mask_outside_the_image_changes_nothing() -> None:
    canvas = np.zeros((10, 10), np.float32)
    paste_mask(np.ones((4, 4), np.float32), RotatedRegion(-50, 5, 4), canvas)
    assert canvas.max() == 0
