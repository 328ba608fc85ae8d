# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sizes and paddings, and the taps of whole geometries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bodypix_ros.inference.geometry import (
    Geometry,
    Padding,
    bodypix1_geometry,
    bodypix2_geometry,
    input_size,
    own_geometry,
    own_input_size,
    padding_for,
    round_half_up,
)


def test_rounding_goes_up_at_half_as_in_javascript() -> None:
    assert [round_half_up(value) for value in (0.5, 1.5, 2.5, -0.5, 2.4999)] == [1, 2, 3, 0, 2]


@pytest.mark.parametrize(
    ('size', 'resolution', 'stride', 'expected'),
    [
        ((480, 640), 'medium', 16, (241, 321)),
        ((427, 640), 'medium', 16, (209, 321)),
        ((480, 640), 'full', 8, (481, 641)),
        ((481, 641), 'full', 16, (481, 641)),  # already legal
        ((720, 1280), 'medium', 16, (353, 641)),
        ((100, 100), 2.0, 32, (193, 193)),
    ],
)
def test_the_input_is_a_multiple_of_the_stride_plus_one(size, resolution, stride, expected) -> None:
    assert input_size(*size, resolution, stride) == expected


def test_padding_gives_the_picture_the_aspect_ratio_of_the_input() -> None:
    assert padding_for(342, 548, 161, 273) == Padding(0, 0, 16, 16)
    assert padding_for(861, 1049, 417, 513) == Padding(0, 0, 5, 5)
    assert padding_for(480, 640, 209, 321) == Padding(0, 0, 49, 49)
    assert padding_for(640, 480, 337, 241) == Padding(16, 16, 0, 0)


def test_sizes_and_paddings_equal_the_javascript_library(shared: Path) -> None:
    for case in json.loads((shared / 'golden' / 'manifest.json').read_text())['cases']:
        geometry = bodypix2_geometry(case['height'], case['width'], case['internalResolution'], case['stride'])
        assert [geometry.input_height, geometry.input_width] == case['inputHeightWidth'], case['id']
        assert geometry.padding._asdict() == case['padding'], case['id']


@pytest.mark.parametrize('size', [(768, 1024), (1080, 1920), (342, 548)])
@pytest.mark.parametrize('stride', [8, 16])
def test_no_row_or_column_is_lost_to_rounding(size, stride) -> None:
    for resolution in ('medium', 'high', 'full'):
        geometry = bodypix2_geometry(*size, resolution, stride)
        for taps, length in ((geometry.rows, geometry.input_height), (geometry.columns, geometry.input_width)):
            assert np.allclose(taps.low_weight + taps.high_weight, 1)
            assert taps.low.min() >= 0
            assert taps.high.max() <= length - 1


@pytest.mark.parametrize('size', [(1, 1), (1, 640), (480, 1), (3, 2000), (7, 5)])
def test_even_the_smallest_pictures_have_a_geometry(size) -> None:
    for geometry in (bodypix2_geometry(*size, 'medium', 16), bodypix1_geometry(*size, 16)):
        for taps in (geometry.rows, geometry.columns, geometry.input_rows, geometry.input_columns):
            assert np.isfinite(taps.low_weight).all()
            assert np.isfinite(taps.high_weight).all()
        assert len(geometry.rows.low) == size[0]
        assert len(geometry.columns.low) == size[1]


def test_bodypix1_fits_every_picture_into_353x257() -> None:
    wide, tall = bodypix1_geometry(480, 640, 16), bodypix1_geometry(640, 320, 16)
    assert wide.padding == Padding(80, 80, 0, 0)  # 257 / (640 / 480) = 192.75, rounded up to 193
    assert tall.padding == Padding(0, 0, 40, 40)  # 353 * 0.5 = 176.5, rounded up to 177
    assert (wide.output_height, wide.output_width) == (23, 17)
    assert wide.input_rows.low_weight[79] == wide.input_rows.high_weight[79] == 0
    assert wide.rows.low[0] == 80
    assert wide.rows.high[-1] == 80 + 193 - 1


@pytest.mark.parametrize(
    ('size', 'resolution', 'expected'),
    [
        ((480, 640), 'auto', (321, 449)),
        ((720, 1280), 'auto', (257, 449)),
        ((2160, 3840), 'auto', (257, 449)),
        ((100, 150), 'auto', (289, 449)),  # small pictures are enlarged
        ((480, 640), 321, (225, 321)),  # 240.75 lies nearer to 225 than to 257: 15.75 against 16.25
        ((480, 640), 257, (193, 257)),
        ((480, 640), 'medium', (225, 321)),
        ((480, 640), 'full', (481, 641)),
        ((1, 2000), 'auto', (33, 449)),
        ((2, 2), 0.1, (33, 33)),
    ],
)
def test_our_network_sees_each_axis_at_the_nearest_multiple_of_32_plus_one(size, resolution, expected) -> None:
    assert own_input_size(*size, resolution) == expected


def test_our_logits_are_interpolated_once_with_aligned_corners() -> None:
    geometry = own_geometry(480, 640, 'auto')
    assert (geometry.output_height, geometry.output_width) == (81, 113)
    places = geometry.rows.low + geometry.rows.high_weight
    np.testing.assert_allclose(places, np.linspace(0, 80, 480), atol=1e-5)
    assert geometry.cell_rows[0] == 0
    assert geometry.cell_rows[-1] == 480


@pytest.mark.parametrize(
    ('geometry', 'cell_px'),
    [
        (bodypix2_geometry(480, 640, 'medium', 16), 32),
        (bodypix2_geometry(480, 640, 'full', 16), 16),
        (own_geometry(480, 640, 'auto'), 640 / 449 * 4),
        (own_geometry(2160, 3840, 'auto'), 3840 / 449 * 4),
    ],
)
def test_a_cell_of_the_output_covers_pixels_of_the_image(geometry: Geometry, cell_px: float) -> None:
    assert geometry.cell_px == pytest.approx(cell_px, rel=0.07)
