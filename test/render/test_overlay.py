# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The picture that the node publishes as overlay."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.palettes import palette_colors
from bodypix_ros.parts import PartIds, renumbering
from bodypix_ros.render import draw_mask, overlay_needs_parts, render_overlay, to_mask
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings

EFFECTS = ('parts', 'mask', 'contour', 'pixelate', 'bokeh', 'blur_faces', 'cutout', 'none')


def _setting(name: str) -> PictureSettings:
    return PictureSettings(overlay_effect=name)


@pytest.fixture
def found() -> Segmentation:
    """A person in the astronaut's picture: a face in two halves and a torso, in BodyPix 1's numbers."""
    parts = np.full((512, 512), -1, np.int8)
    parts[60:180, 170:225] = 1
    parts[60:180, 225:280] = 0
    parts[200:, 100:400] = 12
    return Segmentation(mask=parts >= 0, parts=parts)


def _parts(found: Segmentation) -> NDArray[np.int8]:
    assert found.parts is not None
    return found.parts


def test_the_setting_offers_what_can_be_drawn_and_can_change_while_running() -> None:
    effect = next(one for one in PictureSettings.describe() if one.name == 'overlay_effect')
    assert effect.choices == EFFECTS
    assert effect.default == 'parts'
    assert effect.live


def test_an_unknown_effect_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        SettingError, match="parts, mask, contour, pixelate, bokeh, blur_faces, cutout or none, got 'glow'"
    ):
        _setting('glow')


@pytest.mark.parametrize('part_ids', ['bodypix1', 'bodypix2'])
@pytest.mark.parametrize('opacity', [0.0, 0.4, 0.7, 1.0])
def test_parts_are_tinted_and_the_background_stays(
    astronaut: NDArray[np.uint8], found: Segmentation, part_ids: PartIds, opacity: float
) -> None:
    parts = renumbering('bodypix1', part_ids)[_parts(found)]
    settings = PictureSettings(overlay_opacity=opacity, overlay_palette='spectral')
    overlay = render_overlay(astronaut, Segmentation(found.mask, parts), settings, part_ids)
    np.testing.assert_array_equal(overlay[~found.mask], astronaut[~found.mask])
    colors = palette_colors('spectral', part_ids)[parts][..., ::-1]
    expected = astronaut * (1 - opacity) + colors * opacity
    assert np.abs(overlay - expected)[found.mask].max() <= 1


def test_the_mask_effect_darkens_the_background_as_bodypix_does(
    astronaut: NDArray[np.uint8], found: Segmentation
) -> None:
    overlay = render_overlay(astronaut, found, _setting('mask'))
    difference = overlay.astype(int) - draw_mask(astronaut, to_mask(found.mask))
    assert np.abs(difference).max() <= 1
    np.testing.assert_array_equal(overlay[found.mask], astronaut[found.mask])


def test_contours_are_drawn_where_bodypix_draws_them_and_nowhere_else(
    astronaut: NDArray[np.uint8], found: Segmentation
) -> None:
    settings = PictureSettings(overlay_effect='contour', overlay_opacity=1.0)
    overlay = render_overlay(astronaut, found, settings)
    strokes = (to_mask(found.mask, contour=True) == (0, 255, 255, 255)).all(axis=2)
    assert 500 < np.count_nonzero(strokes) < 10_000
    assert (overlay[strokes] == (255, 255, 0)).all()
    np.testing.assert_array_equal(overlay[~strokes], astronaut[~strokes])


def test_cells_cover_people_alone(astronaut: NDArray[np.uint8], found: Segmentation) -> None:
    overlay = render_overlay(astronaut, found, PictureSettings(overlay_effect='pixelate', overlay_opacity=1.0))
    changed = (overlay != astronaut).any(axis=2)
    assert changed[found.mask].mean() > 0.95
    away = cv2.dilate(found.mask.view(np.uint8), np.ones((25, 25), np.uint8)) == 0
    assert not changed[away].any()
    assert overlay[355, 255].tolist() == palette_colors('rainbow', 'bodypix1')[12][::-1].tolist()


def _sharpness(image: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    return float(np.abs(cv2.Laplacian(image, cv2.CV_32F)).mean(axis=2)[where].mean())


def test_bokeh_blurs_all_but_the_people(astronaut: NDArray[np.uint8], found: Segmentation) -> None:
    overlay = render_overlay(astronaut, found, _setting('bokeh'))
    inside = cv2.erode(found.mask.view(np.uint8), np.ones((25, 25), np.uint8)).astype(bool)
    outside = cv2.dilate(found.mask.view(np.uint8), np.ones((25, 25), np.uint8)) == 0
    np.testing.assert_array_equal(overlay[inside], astronaut[inside])
    assert _sharpness(overlay, outside) < 0.2 * _sharpness(astronaut, outside)


def test_faces_are_blurred_and_the_torso_is_not(astronaut: NDArray[np.uint8], found: Segmentation) -> None:
    overlay = render_overlay(astronaut, found, _setting('blur_faces'))
    face = np.zeros((512, 512), bool)
    face[75:165, 185:265] = True
    assert _sharpness(overlay, face) < 0.2 * _sharpness(astronaut, face)
    np.testing.assert_array_equal(overlay[200:], astronaut[200:])


def test_no_effect_is_the_picture_itself(astronaut: NDArray[np.uint8], found: Segmentation) -> None:
    assert render_overlay(astronaut, found, _setting('none')) is astronaut


@pytest.mark.parametrize('effect', EFFECTS)
def test_an_rgb_picture_gives_the_same_overlay_in_rgb(
    astronaut: NDArray[np.uint8], found: Segmentation, effect: str
) -> None:
    bgr = render_overlay(astronaut, found, _setting(effect))
    rgb = render_overlay(np.ascontiguousarray(astronaut[..., ::-1]), found, _setting(effect), order='rgb')
    np.testing.assert_array_equal(rgb[..., ::-1], bgr)


@pytest.mark.parametrize('effect', EFFECTS)
def test_a_read_only_picture_is_drawn_upon_a_copy(
    astronaut: NDArray[np.uint8], found: Segmentation, effect: str
) -> None:
    picture = np.frombuffer(astronaut.tobytes(), np.uint8).reshape(512, 512, 3)
    render_overlay(picture, found, _setting(effect))
    np.testing.assert_array_equal(picture, astronaut)


@pytest.mark.parametrize('effect', EFFECTS)
def test_a_picture_whose_rows_are_padded_is_drawn_the_same(
    astronaut: NDArray[np.uint8], found: Segmentation, effect: str
) -> None:
    padded = np.zeros((512, 520, 3), np.uint8)[:, :512]
    padded[:] = astronaut
    np.testing.assert_array_equal(
        render_overlay(padded, found, _setting(effect)), render_overlay(astronaut, found, _setting(effect))
    )


@pytest.mark.parametrize('effect', EFFECTS)
@pytest.mark.parametrize('person', [False, True])
def test_the_smallest_and_the_emptiest_pictures_are_drawn(effect: str, person: bool) -> None:
    image = np.full((16, 12, 3), 100, np.uint8)
    found = Segmentation(np.full((16, 12), person), np.full((16, 12), 0 if person else -1, np.int8))
    overlay = render_overlay(image, found, _setting(effect))
    assert overlay.shape == image.shape
    assert (overlay == image).all() == (
        effect not in ('mask', 'cutout') if not person else effect not in ('parts', 'pixelate')
    )


@pytest.mark.parametrize('effect', EFFECTS)
def test_effects_that_need_parts_say_so_where_there_are_none(
    astronaut: NDArray[np.uint8], found: Segmentation, effect: str
) -> None:
    without = Segmentation(found.mask)
    if overlay_needs_parts(effect):
        with pytest.raises(
            ImageError, match=f'overlay_effect {effect} requires body parts, which were not requested or'
        ):
            render_overlay(astronaut, without, _setting(effect))
    else:
        np.testing.assert_array_equal(
            render_overlay(astronaut, without, _setting(effect)), render_overlay(astronaut, found, _setting(effect))
        )


def test_a_segmentation_of_another_picture_is_refused_with_both_sizes(astronaut: NDArray[np.uint8]) -> None:
    other = Segmentation(np.zeros((480, 640), bool), np.zeros((480, 640), np.int8))
    with pytest.raises(ImageError, match='image is 512x512, mask is 640x480'):
        render_overlay(astronaut, other)


def test_the_overlay_of_a_real_picture_colours_the_torso_and_not_the_wall(shared: Path) -> None:
    folder = shared / 'golden'
    image = cv2.imread(str(folder / 'images' / 'karolina_640x480.png'))
    assert image is not None
    with np.load(folder / 'karolina_640x480__s16__rmedium' / 'outputs.npz') as outputs:
        parts = outputs['parts_t0.5'].astype(np.int8)
    overlay = render_overlay(np.asarray(image, np.uint8), Segmentation(parts >= 0, parts), part_ids='bodypix2')
    torso = parts == 12
    assert np.count_nonzero(torso) > 1000
    green_over_red = overlay[..., 1].astype(int) - overlay[..., 2]
    assert (green_over_red[torso] > 0).all()
    np.testing.assert_array_equal(overlay[parts < 0], image[parts < 0])
