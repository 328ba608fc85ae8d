# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Area, centroid and box of every region of a labelled picture."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.regions import Box, join_boxes, measure_regions


def test_regions_equal_a_plain_measurement() -> None:
    codes = np.random.default_rng(1).choice([0, 0, 3, 7, 900], (31, 43)).astype(np.uint16)
    codes[5:20, 10:30] = 12
    regions = measure_regions(codes)
    assert [region.code for region in regions] == [3, 7, 12, 900]
    for region in regions:
        rows, columns = np.nonzero(codes == region.code)
        assert region.area_px == rows.size
        assert region.x == pytest.approx(columns.mean())
        assert region.y == pytest.approx(rows.mean())
        width, height = columns.max() - columns.min() + 1, rows.max() - rows.min() + 1
        assert region.box == (columns.min(), rows.min(), width, height)


def test_a_single_pixel_is_its_own_centroid_and_box() -> None:
    codes = np.zeros((4, 6), np.uint16)
    codes[3, 5] = 8
    (region,) = measure_regions(codes)
    assert (region.area_px, region.x, region.y, region.box) == (1, 5.0, 3.0, Box(5, 3, 1, 1))


def test_a_region_does_not_run_on_from_the_end_of_a_row_into_the_next() -> None:
    codes = np.zeros((3, 4), np.uint8)
    codes[0, 2:] = codes[1, :2] = 1
    (region,) = measure_regions(codes)
    assert region.box == Box(0, 0, 4, 2)
    assert (region.x, region.y) == (1.5, 0.5)


def test_an_empty_picture_has_no_regions() -> None:
    assert measure_regions(np.zeros((5, 5), np.uint16)) == []


def test_boxes_are_joined_to_the_box_around_them() -> None:
    assert join_boxes([Box(3, 4, 2, 2), Box(10, 1, 1, 4)]) == Box(3, 1, 8, 5)
    assert join_boxes([]) is None
