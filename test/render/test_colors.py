# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From labels to colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.palettes import BLACK, label_colors, palette_colors
from bodypix_ros.parts import renumbering
from bodypix_ros.render import colorize_labels, colorize_parts, to_colored_parts

PARTS = np.array([[-1, 0, 12, 23]], np.int8)
GIVEN = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)


def test_each_part_has_its_colour_and_the_background_its_own() -> None:
    colors = colorize_parts(PARTS, palette_colors('rainbow', 'bodypix2', BLACK))
    assert colors.tolist() == [[[0, 0, 0], [110, 64, 170], [175, 240, 91], [99, 81, 195]]]


def test_colours_come_in_the_order_that_is_asked_for() -> None:
    palette = palette_colors('rainbow', 'bodypix2')
    np.testing.assert_array_equal(
        colorize_parts(PARTS, palette, order='bgr'), colorize_parts(PARTS, palette, order='rgb')[..., ::-1]
    )
    labels = np.array([[0, 1, 2]], np.uint8)
    np.testing.assert_array_equal(colorize_labels(labels, 'bgr'), colorize_labels(labels, 'rgb')[..., ::-1])


def test_a_picture_looks_the_same_in_both_numberings() -> None:
    second = np.arange(-1, 24, dtype=np.int8).reshape(5, 5)
    first = renumbering('bodypix2', 'bodypix1')[second]
    np.testing.assert_array_equal(
        colorize_parts(first, palette_colors('spectral', 'bodypix1')),
        colorize_parts(second, palette_colors('spectral', 'bodypix2')),
    )


def test_parts_of_every_second_column_are_coloured_as_well() -> None:
    palette = palette_colors('rainbow', 'bodypix2')
    np.testing.assert_array_equal(colorize_parts(PARTS[:, ::2], palette), colorize_parts(PARTS, palette)[:, ::2])


@pytest.mark.parametrize('parts', [PARTS.astype(np.uint8), PARTS[0]])
def test_parts_of_another_type_or_shape_are_refused(parts: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match=r'parts must be \(H, W\) of type int8, got'):
        colorize_parts(parts, palette_colors('rainbow', 'bodypix1'))


def test_a_palette_without_a_background_is_refused() -> None:
    with pytest.raises(ImageError, match=r'palette must be \(25, 3\), for parts and background, got \(24, 3\)'):
        colorize_parts(PARTS, palette_colors('rainbow', 'bodypix1')[:24])


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32])
def test_each_person_has_a_colour_and_nobody_is_black(dtype: Any) -> None:
    colors = colorize_labels(np.array([[0, 1, 2, 3]], dtype))
    assert colors.tolist() == [label_colors(3).tolist()]
    assert colors[0, 0].tolist() == [0, 0, 0]
    assert len(np.unique(colors[0], axis=0)) == 4


def test_after_255_people_the_colours_come_again() -> None:
    colors = colorize_labels(np.array([[1, 255, 256, 510]], np.uint16))
    assert colors[0, 2].tolist() == colors[0, 0].tolist()
    assert colors[0, 3].tolist() == colors[0, 1].tolist() != [0, 0, 0]


def test_coloured_parts_are_opaque_on_white() -> None:
    assert to_colored_parts(PARTS, 'rainbow', 'bodypix2').tolist() == [
        [[255, 255, 255, 255], [110, 64, 170, 255], [175, 240, 91, 255], [99, 81, 195, 255]]
    ]


@pytest.mark.parametrize('dtype', [np.int8, np.int32])
def test_colours_may_be_given(dtype: Any) -> None:
    colors = to_colored_parts(np.array([[-1, 0, 1]], dtype), GIVEN, background=(9, 8, 7))
    assert colors.tolist() == [[[9, 8, 7, 255], [1, 2, 3, 255], [4, 5, 6, 255]]]


def test_later_people_cover_earlier_ones() -> None:
    colors = to_colored_parts([np.array([[0, 0, -1]], np.int8), np.array([[-1, 1, 1]], np.int8)], GIVEN)
    assert colors is not None
    assert colors[0, :, 0].tolist() == [1, 4, 4]


def test_no_people_have_no_coloured_parts() -> None:
    assert to_colored_parts([]) is None


def test_a_part_without_a_colour_is_named() -> None:
    with pytest.raises(ImageError, match=r'part 2 has no colour: 2 colours were given, for 0\.\.1'):
        to_colored_parts(np.array([[2]], np.int8), GIVEN)


def test_parts_of_another_encoding_are_refused() -> None:
    with pytest.raises(ImageError, match='part 255 has no colour'):  # the background of 8UC1
        to_colored_parts(np.array([[0, 255]], np.uint8))
    with pytest.raises(ImageError, match=r'labels must be \(H, W\) of an integer type or bool, got NoneType'):
        to_colored_parts(None)  # type: ignore[call-overload]
