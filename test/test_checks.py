# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of public functions that are refused: what was received and what is expected."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bodypix_ros.checks import require_between, require_channels, require_labels, require_plane, require_segmentation
from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.segmentation import Segmentation

IMAGE = np.zeros((2, 4, 3), np.uint8)
MASK = np.zeros((2, 4), bool)
NOT_ARRAYS = [(None, 'NoneType'), ([[0, 1]], 'list'), (b'jpeg', 'bytes')]


@pytest.mark.parametrize(('value', 'name'), NOT_ARRAYS)
def test_other_objects_than_arrays_are_refused_with_their_type(value, name: str) -> None:
    with pytest.raises(ImageError, match=re.escape(f'image must be (H, W, 3) of type uint8, got {name}')):
        require_channels('image', value, 3)
    with pytest.raises(ImageError, match=re.escape(f'mask must be (H, W) of type bool, got {name}')):
        require_plane('mask', value, np.bool_)
    with pytest.raises(ImageError, match=re.escape(f'labels must be (H, W) of an integer type or bool, got {name}')):
        require_labels('labels', value)


def test_a_missing_image_is_refused_with_the_probable_cause() -> None:
    with pytest.raises(ImageError, match='got NoneType; cv2.imread returns None for a file that it cannot read$'):
        require_channels('image', None, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize('shape', [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_images_of_other_shapes_and_types_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ImageError, match=re.escape(f'image must be (H, W, 3) of type uint8, got {shape} of type uint8')
    ):
        require_channels('image', np.zeros(shape, np.uint8), 3)
    with pytest.raises(ImageError, match=re.escape('got (4, 4, 3) of type float32')):
        require_channels('image', np.zeros((4, 4, 3), np.float32), 3)


@pytest.mark.parametrize('values', [np.zeros((0, 4), bool), np.zeros(4, bool), np.zeros((2, 4), np.uint8)])
def test_planes_of_other_shapes_and_types_are_refused(values: np.ndarray) -> None:
    with pytest.raises(ImageError, match=re.escape(f'got {values.shape} of type {values.dtype}')):
        require_plane('mask', values, np.bool_)


def test_empty_labels_are_refused() -> None:
    with pytest.raises(ImageError, match=re.escape('got (0, 4) of type int8')):
        require_labels('labels', np.zeros((0, 4), np.int8))


@pytest.mark.parametrize(
    ('found', 'text'),
    [
        (Segmentation(MASK.view(np.uint8)), 'mask must be (H, W) of type bool, got (2, 4) of type uint8'),
        (Segmentation(MASK[:, 1:]), 'image is 4x2, mask is 3x2 (width x height)'),
        (Segmentation(MASK, np.zeros((2, 4), int)), 'parts must be (H, W) of type int8, got (2, 4) of type int64'),
        (Segmentation(MASK, confidence=np.zeros((2, 3), np.uint8)), 'image is 4x2, confidence is 3x2 (width x height)'),
    ],
)
def test_a_segmentation_that_does_not_fit_the_image_is_refused(found: Segmentation, text: str) -> None:
    with pytest.raises(ImageError, match=re.escape(text)):
        require_segmentation(IMAGE, found)


def test_a_segmentation_of_the_image_is_accepted() -> None:
    require_segmentation(IMAGE, Segmentation(MASK, np.zeros((2, 4), np.int8), confidence=np.zeros((2, 4), np.uint8)))


@pytest.mark.parametrize('value', [-0.1, 1.1, float('nan'), '0.5', None])
def test_values_out_of_range_are_refused(value) -> None:
    with pytest.raises(SettingError, match=re.escape(f'opacity must be between 0 and 1, got {value!r}')):
        require_between('opacity', value, 0, 1)
    require_between('opacity', np.float32(0.5), 0, 1)
