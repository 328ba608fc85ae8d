# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Covered regions show nobody."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.regions import Box
from bodypix_ros.render.anonymize import CELLS_PER_HEAD, Cover, cover_regions
from bodypix_ros.settings import AnonymizeStyle

FACE = Box(150, 60, 160, 160)
STYLES: tuple[AnonymizeStyle, ...] = get_args(AnonymizeStyle)


def _covered(image: NDArray[np.uint8], style: AnonymizeStyle, **details: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return cover_regions(image, [Cover(FACE, FACE.height, **details)], style)


@pytest.mark.parametrize('style', STYLES)
def test_nothing_outside_of_the_region_changes(astronaut: NDArray[np.uint8], style: AnonymizeStyle) -> None:
    covered = _covered(astronaut, style)
    outside = np.ones(astronaut.shape[:2], bool)
    outside[60:220, 150:310] = False
    assert (covered[outside] == astronaut[outside]).all()
    assert (covered[~outside] != astronaut[~outside]).mean() > 0.9


def test_fill_is_uniformly_grey(astronaut: NDArray[np.uint8]) -> None:
    assert (_covered(astronaut, 'fill')[60:220, 150:310] == 127).all()


def test_pixelate_leaves_the_mean_colours_of_four_by_four_cells(astronaut: NDArray[np.uint8]) -> None:
    face = _covered(astronaut, 'pixelate')[60:220, 150:310].reshape(4, 40, 4, 40, 3)
    means = astronaut[60:220, 150:310].reshape(4, 40, 4, 40, 3).mean(axis=(1, 3))
    assert (face == face[:, :1, :, :1]).all()
    assert np.abs(face[:, 0, :, 0] - means).max() <= 0.5


def test_a_blur_is_made_of_the_same_cells_and_cannot_be_deconvolved(astronaut: NDArray[np.uint8]) -> None:
    cells = CELLS_PER_HEAD**2
    other = astronaut.copy()
    region = other[60:220, 150:310].reshape(4, 40, 4, 40, 3)
    region[:] = region[:, ::-1, :, ::-1].copy()  # each cell turned around: the same means, another face
    assert (other != astronaut).any()
    assert (_covered(other, 'blur') == _covered(astronaut, 'blur')).all()
    assert np.linalg.matrix_rank(_covered(astronaut, 'blur')[60:220, 150:310, 0].astype(float), tol=40) <= cells


def test_cells_of_small_heads_are_not_smaller_than_four_pixels(astronaut: NDArray[np.uint8]) -> None:
    small = cover_regions(astronaut, [Cover(Box(200, 100, 8, 8), 8.0)], 'pixelate')[100:108, 200:208]
    assert len(np.unique(small.reshape(-1, 3), axis=0)) <= 4


def test_only_the_pixels_of_a_mask_are_covered(astronaut: NDArray[np.uint8]) -> None:
    mask = np.zeros((160, 160), bool)
    mask[40:90, 30:70] = True
    covered = _covered(astronaut, 'fill', mask=mask)[60:220, 150:310]
    assert (covered[mask] == 127).all()
    assert (covered[~mask] == astronaut[60:220, 150:310][~mask]).all()


def test_overlapping_regions_do_not_show_each_other(astronaut: NDArray[np.uint8]) -> None:
    other = Box(180, 90, 40, 40)
    both = cover_regions(astronaut, [Cover(FACE, 160.0), Cover(other, 160.0)], 'pixelate')
    assert len(np.unique(both[90:130, 180:220].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize('style', STYLES)
def test_a_small_head_within_a_large_one_does_not_show_finer_cells(
    astronaut: NDArray[np.uint8], style: AnonymizeStyle
) -> None:
    large, small = Cover(FACE, 160.0), Cover(Box(180, 90, 40, 40), 16.0)
    alone = cover_regions(astronaut, [large], style)
    assert (cover_regions(astronaut, [large, small], style) == alone).all()
    assert (cover_regions(astronaut, [small, large], style) == alone).all()


def test_the_image_itself_is_not_changed(astronaut: NDArray[np.uint8]) -> None:
    before = astronaut.copy()
    _covered(astronaut, 'blur')
    assert (astronaut == before).all()


def test_an_image_without_colours_is_refused() -> None:
    with pytest.raises(ImageError, match=r'image must be \(H, W, 3\) of type uint8, got \(4, 4\)'):
        cover_regions(np.zeros((4, 4), np.uint8), [], 'fill')
