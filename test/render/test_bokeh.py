# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that are sharp in one place and blurred in another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.parts import PARTS
from bodypix_ros.render import FACE_IDS, blur_body_parts, draw_bokeh
from bodypix_ros.render.blur import blur, blur_reach_px
from bodypix_ros.render.bokeh import surroundings


@pytest.fixture
def half() -> NDArray[np.bool_]:
    """A person who is the left half of the picture of the astronaut."""
    mask = np.zeros((512, 512), bool)
    mask[:, :256] = True
    return mask


def test_people_stay_sharp_and_the_rest_is_blurred(astronaut: NDArray[np.uint8], half: NDArray[np.bool_]) -> None:
    drawing = draw_bokeh(astronaut, half, 5, 3)
    reach = blur_reach_px(3)
    np.testing.assert_array_equal(drawing[:, : 256 - reach], astronaut[:, : 256 - reach])
    np.testing.assert_array_equal(drawing[:, 256 + reach :], blur(astronaut, 5)[:, 256 + reach :])


def test_without_edge_blur_the_edge_is_sharp(astronaut: NDArray[np.uint8], half: NDArray[np.bool_]) -> None:
    drawing = draw_bokeh(astronaut, half, 5, 0)
    np.testing.assert_array_equal(drawing, np.where(half[..., np.newaxis], astronaut, blur(astronaut, 5)))


def test_several_people_are_all_sharp_and_nobody_is_when_there_is_nobody(
    astronaut: NDArray[np.uint8], half: NDArray[np.bool_]
) -> None:
    np.testing.assert_array_equal(draw_bokeh(astronaut, [half, ~half]), astronaut)
    np.testing.assert_array_equal(draw_bokeh(astronaut, [], 5), blur(astronaut, 5))


def test_the_canvas_way_fades_at_the_borders(astronaut: NDArray[np.uint8]) -> None:
    drawing = draw_bokeh(astronaut, [], 3, canvas=True)
    assert drawing.shape == (512, 512, 4)
    assert drawing[256, 256, 3] == 255
    assert int(drawing[0, 0, 3]) == pytest.approx(80, abs=2)
    difference = drawing[100:-100, 100:-100, :3].astype(int) - blur(astronaut, 3)[100:-100, 100:-100]
    assert np.abs(difference).max() <= 1


def test_the_face_has_the_same_ids_in_both_numberings() -> None:
    faces = [part for part in PARTS if part.name in ('left_face', 'right_face')]
    assert FACE_IDS == tuple(part.bodypix1 for part in faces) == tuple(part.bodypix2 for part in faces) == (0, 1)


@pytest.fixture
def faces() -> NDArray[np.int8]:
    """The astronaut's face, in two halves, and a torso."""
    parts = np.full((512, 512), -1, np.int8)
    parts[60:180, 170:225] = 1
    parts[60:180, 225:280] = 0
    parts[200:, 100:400] = 12
    return parts


def test_faces_are_blurred_by_default_and_nothing_else(astronaut: NDArray[np.uint8], faces: NDArray[np.int8]) -> None:
    drawing = blur_body_parts(astronaut, faces, blur_px=10)
    face = np.isin(faces, (0, 1))
    changed = (drawing != astronaut).any(axis=2)
    assert changed[face].mean() > 0.9
    assert not changed[200:].any()
    reach = blur_reach_px(3)
    inner = (slice(60 + reach, 180 - reach), slice(170 + reach, 280 - reach))
    np.testing.assert_array_equal(drawing[inner], blur(astronaut, 10)[inner])


def test_other_parts_are_blurred_when_asked_for(astronaut: NDArray[np.uint8], faces: NDArray[np.int8]) -> None:
    drawing = blur_body_parts(astronaut, faces, (12,), 5, 0)
    np.testing.assert_array_equal(drawing, np.where((faces == 12)[..., np.newaxis], blur(astronaut, 5), astronaut))


def test_several_peoples_faces_are_blurred(astronaut: NDArray[np.uint8], faces: NDArray[np.int8]) -> None:
    left, right = np.where(faces == 1, 1, -1), np.where(faces == 0, 0, -1)
    np.testing.assert_array_equal(blur_body_parts(astronaut, [left, right]), blur_body_parts(astronaut, faces))


def test_the_canvas_way_leaves_a_sharp_rim(astronaut: NDArray[np.uint8], faces: NDArray[np.int8]) -> None:
    drawing = blur_body_parts(astronaut, faces, edge_blur_px=0, blur_px=10, canvas=True)[..., :3]
    np.testing.assert_array_equal(drawing[65:170, 171], astronaut[65:170, 171])
    assert (drawing[65:170, 172:220] != astronaut[65:170, 172:220]).any(axis=2).mean() > 0.9


@pytest.mark.parametrize('canvas', [False, True])
def test_flip_mirrors_the_drawings(
    astronaut: NDArray[np.uint8], half: NDArray[np.bool_], faces: NDArray[np.int8], canvas: bool
) -> None:
    np.testing.assert_array_equal(
        draw_bokeh(astronaut, half, flip=True, canvas=canvas), draw_bokeh(astronaut, half, canvas=canvas)[:, ::-1]
    )
    np.testing.assert_array_equal(
        blur_body_parts(astronaut, faces, flip=True, canvas=canvas),
        blur_body_parts(astronaut, faces, canvas=canvas)[:, ::-1],
    )


def test_no_face_gives_a_copy_of_the_picture(astronaut: NDArray[np.uint8]) -> None:
    drawing = blur_body_parts(astronaut, np.full((512, 512), -1, np.int8))
    np.testing.assert_array_equal(drawing, astronaut)
    assert drawing is not astronaut
    np.testing.assert_array_equal(blur_body_parts(astronaut, []), astronaut)


def test_surroundings_hold_the_margin_and_end_at_the_frame() -> None:
    plane = np.zeros((100, 100), np.uint8)
    assert plane[surroundings(plane, 5)].size == 0
    plane[10, 90] = 255
    rows, columns = surroundings(plane, 7)
    assert (rows.start, rows.stop, columns.start) == (0, 20, 80)
    assert columns.stop >= 98


@pytest.mark.parametrize(
    ('draw', 'settings', 'sentence'),
    [
        (draw_bokeh, {'background_blur_px': 0}, 'background_blur_px must be between 1 and 20, got 0'),
        (draw_bokeh, {'background_blur_px': 21}, 'background_blur_px must be between 1 and 20, got 21'),
        (draw_bokeh, {'edge_blur_px': -1}, 'edge_blur_px must be between 0 and 20, got -1'),
        (blur_body_parts, {'blur_px': 0.5}, 'blur_px must be between 1 and 20, got 0.5'),
        (blur_body_parts, {'edge_blur_px': 21}, 'edge_blur_px must be between 0 and 20, got 21'),
    ],
)
def test_blurs_out_of_range_are_refused(draw: Any, settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        draw(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int8), **settings)


@pytest.mark.parametrize('draw', [draw_bokeh, blur_body_parts])
def test_labels_of_another_size_are_refused_with_both_sizes(draw: Any) -> None:
    with pytest.raises(ImageError, match='image is 8x6, labels is 6x8'):
        draw(np.zeros((6, 8, 3), np.uint8), np.zeros((8, 6), np.int8))
