# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The colours of parts and people."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import SettingError
from bodypix_ros.palettes import BLACK, PALETTES, label_colors, palette_colors
from bodypix_ros.parts import PARTS

Formula = Callable[[float], list[float]]


def _cubehelix(hue: float, saturation: float, lightness: float) -> list[float]:
    """Dave Green's cubehelix as d3-color has it, 0..255."""
    angle = math.radians(hue + 120)
    amplitude = saturation * lightness * (1 - lightness)
    weights = ((-0.14861, 1.78277), (-0.29227, -0.90649), (1.97294, 0.0))
    return [255 * (lightness + amplitude * (a * math.cos(angle) + b * math.sin(angle))) for a, b in weights]


def _d3_rainbow(t: float) -> list[float]:
    away = abs(t - 0.5)
    return _cubehelix(360 * t - 100, 1.5 - 1.5 * away, 0.8 - 0.9 * away)


def _d3_cool(t: float) -> list[float]:
    return _cubehelix(260 - 180 * t, 0.75 + 0.75 * t, 0.35 + 0.45 * t)


def _d3_spectral(t: float) -> list[float]:
    """A uniform cubic B-spline through ColorBrewer's eleven colours."""
    anchors = np.array(
        [
            [158, 1, 66], [213, 62, 79], [244, 109, 67], [253, 174, 97], [254, 224, 139], [255, 255, 191],
            [230, 245, 152], [171, 221, 164], [102, 194, 165], [50, 136, 189], [94, 79, 162],
        ],
        float,
    )  # fmt: skip
    before, after = 2 * anchors[0] - anchors[1], 2 * anchors[-1] - anchors[-2]
    points = np.vstack([before, anchors, after])
    index = min(int(t * 10), 9)
    u = t * 10 - index
    weights = np.array([(1 - u) ** 3, 4 - 6 * u**2 + 3 * u**3, 1 + 3 * u + 3 * u**2 - 3 * u**3, u**3]) / 6
    return list(weights @ points[index : index + 4])


@pytest.mark.parametrize(
    ('palette', 'formula', 'tolerance'),
    [('rainbow', _d3_rainbow, 0), ('warm', _d3_cool, 1), ('spectral', _d3_spectral, 0)],
)
def test_palettes_are_the_scales_of_d3_sampled_24_times(palette: str, formula: Formula, tolerance: int) -> None:
    expected = np.clip(np.floor(np.array([formula(i / 24) for i in range(24)]) + 0.5), 0, 255)
    difference = np.abs(palette_colors(palette, 'bodypix2')[:24] - expected)
    assert difference.max() <= tolerance


def test_warm_has_the_numbers_of_the_demo_of_bodypix() -> None:
    colors = palette_colors('warm', 'bodypix2')
    assert colors[[0, 1, 6, 12, 22, 23]].tolist() == [
        [110, 64, 170], [106, 72, 183], [66, 125, 224], [26, 199, 194], [134, 245, 88], [155, 243, 88],
    ]  # fmt: skip


@pytest.mark.parametrize('palette', PALETTES)
def test_a_part_keeps_its_colour_in_both_numberings(palette: str) -> None:
    first, second = palette_colors(palette, 'bodypix1'), palette_colors(palette, 'bodypix2')
    for part in PARTS:
        assert first[part.bodypix1].tolist() == second[part.bodypix2].tolist(), part.name


@pytest.mark.parametrize('palette', PALETTES)
def test_no_two_parts_share_a_colour(palette: str) -> None:
    assert len(np.unique(palette_colors(palette, 'bodypix1')[:24], axis=0)) == 24


def test_label_minus_one_finds_the_background_which_is_white_unless_given() -> None:
    assert palette_colors('rainbow', 'bodypix1')[-1].tolist() == [255, 255, 255]
    assert palette_colors('rainbow', 'bodypix1', BLACK)[-1].tolist() == [0, 0, 0]


def test_palettes_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match='read-only'):
        palette_colors('rainbow', 'bodypix1')[0] = 0


def test_an_unknown_palette_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SettingError, match="palette must be rainbow, warm or spectral, got 'cool'"):
        palette_colors('cool', 'bodypix1')


def test_a_person_keeps_the_colour_when_others_come() -> None:
    few, many = label_colors(3), label_colors(40)
    assert few.shape == (4, 3)
    assert few.tolist() == many[:4].tolist()
    assert few[0].tolist() == [0, 0, 0]


def _closest_pair(colors: NDArray[np.uint8]) -> float:
    apart = np.linalg.norm(colors[:, np.newaxis].astype(float) - colors, axis=2)
    return float(apart[~np.eye(len(colors), dtype=bool)].min())


def test_ten_people_have_colours_that_are_easy_to_tell_apart() -> None:
    assert _closest_pair(label_colors(10)) > 40


def test_the_colours_of_255_people_all_differ() -> None:
    assert len(np.unique(label_colors(255), axis=0)) == 256
