# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The drawing functions against what BodyPix 2.2.1 drew on a browser's canvas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.palettes import palette_colors
from bodypix_ros.render import (
    blur_body_parts,
    draw_bokeh,
    draw_mask,
    draw_pixelated_mask,
    encode_parts,
    encode_person,
    to_binary_mask,
    to_colored_mask,
    to_colored_parts,
    to_mask,
)

WHITE = (255, 255, 255, 255)


@dataclass(frozen=True)
class Inputs:
    """The picture (BGR) and the labels (2.x ids) that the browser drew from."""

    image: NDArray[np.uint8]
    person: NDArray[np.uint8]
    parts: NDArray[np.int8]


@pytest.fixture(scope='module')
def inputs(shared: Path) -> Inputs:
    folder = shared / 'golden' / 'images'
    image = _read(folder / 'three_people_1049x861.png')
    height, width = image.shape[:2]
    person = np.fromfile(folder / 'raw' / 'tp_person.u8', np.uint8).reshape(height, width)
    parts = np.fromfile(folder / 'raw' / 'tp_parts.i8', np.int8).reshape(height, width)
    return Inputs(image, person, parts)


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    return np.asarray(image, np.uint8)


def _golden(shared: Path, name: str) -> NDArray[np.uint8]:
    """A canvas as (H, W, 4) BGRA."""
    return _read(shared / 'golden' / 'render' / f'{name}.png')


MASKS: dict[str, Callable[[Inputs], NDArray[np.uint8] | None]] = {
    'toMask_default': lambda given: to_mask(given.person),
    'toMask_white': lambda given: to_mask(given.person, WHITE),
    'toMask_contour': lambda given: to_mask(given.person, contour=True),
    'toMask_parts01_contour': lambda given: to_mask(given.parts, contour=True, ids=(0, 1)),
    'toColoredPartMask': lambda given: to_colored_parts(given.parts, 'rainbow', 'bodypix2'),
}


@pytest.mark.parametrize('name', MASKS)
def test_masks_equal_those_of_bodypix_in_every_byte(shared: Path, inputs: Inputs, name: str) -> None:
    mask = MASKS[name](inputs)
    assert mask is not None
    np.testing.assert_array_equal(cv2.cvtColor(mask, cv2.COLOR_RGBA2BGRA), _golden(shared, name))


NEWER_MASKS: dict[str, Callable[[Inputs], NDArray[np.uint8] | None]] = {
    'toMask_default': lambda given: to_binary_mask(encode_person(given.person)),
    'toMask_contour': lambda given: to_binary_mask(encode_person(given.person), contour=True),
    'toMask_parts01_contour': lambda given: to_binary_mask(encode_parts(given.parts), contour=True, values=(0, 1)),
    'toColoredPartMask': lambda given: to_colored_mask(
        encode_parts(given.parts), palette_colors('rainbow', 'bodypix2')[:24], WHITE
    ),
}


@pytest.mark.parametrize('name', NEWER_MASKS)
def test_the_masks_of_body_segmentation_equal_those_of_bodypix(shared: Path, inputs: Inputs, name: str) -> None:
    mask = NEWER_MASKS[name](inputs)
    assert mask is not None
    np.testing.assert_array_equal(cv2.cvtColor(mask, cv2.COLOR_RGBA2BGRA), _golden(shared, name))


DRAWINGS: dict[str, Callable[[Inputs, bool], NDArray[np.uint8]]] = {
    'drawMask_default': lambda given, canvas: draw_mask(given.image, to_mask(given.person, WHITE), canvas=canvas),
    'drawMask_07_3': lambda given, canvas: draw_mask(given.image, to_mask(given.person, WHITE), 0.7, 3, canvas=canvas),
    'drawMask_defaultmask_flip': lambda given, canvas: draw_mask(
        given.image, to_mask(given.person), flip=True, canvas=canvas
    ),
    'drawPixelatedMask_default': lambda given, canvas: draw_pixelated_mask(
        given.image, to_colored_parts(given.parts, 'rainbow', 'bodypix2'), canvas=canvas
    ),
    'drawBokeh_default': lambda given, canvas: draw_bokeh(given.image, given.person, canvas=canvas),
    'drawBokeh_15_0': lambda given, canvas: draw_bokeh(given.image, given.person, 15, 0, canvas=canvas),
    'drawBokeh_20_10_flip': lambda given, canvas: draw_bokeh(given.image, given.person, 20, 10, True, canvas=canvas),
    'blurBodyPart_default': lambda given, canvas: blur_body_parts(given.image, given.parts, canvas=canvas),
    'blurBodyPart_10_0': lambda given, canvas: blur_body_parts(
        given.image, given.parts, blur_px=10, edge_blur_px=0, canvas=canvas
    ),
}


def _share_within_3(drawing: NDArray[np.uint8], golden: NDArray[np.uint8]) -> float:
    return float((cv2.absdiff(drawing, golden).max(axis=2) <= 3).mean())


@pytest.mark.parametrize('name', DRAWINGS)
def test_drawings_equal_the_canvas(shared: Path, inputs: Inputs, name: str) -> None:
    drawing, golden = DRAWINGS[name](inputs, True), _golden(shared, name)
    if drawing.shape[2] == 3:
        assert golden[..., 3].min() == 255
        golden = golden[..., :3]
    assert cv2.absdiff(drawing, golden).mean() <= 1
    assert _share_within_3(drawing, golden) >= (0.99 if 'Pixelated' in name else 0.9999)


@pytest.mark.parametrize('name', DRAWINGS)
def test_without_the_canvas_way_only_the_borders_and_rims_differ(shared: Path, inputs: Inputs, name: str) -> None:
    drawing, golden = DRAWINGS[name](inputs, False), _golden(shared, name)
    assert drawing.shape == inputs.image.shape
    inner = slice(60, -60)
    assert _share_within_3(drawing[inner, inner], golden[inner, inner, :3]) >= 0.994


@pytest.mark.parametrize('blur_px', [1, 3, 5, 10, 20])
def test_the_blur_of_a_step_is_that_of_the_canvas(shared: Path, blur_px: int) -> None:
    golden = _golden(shared, f'probe_blur_step_{blur_px}')
    assert golden.shape == (129, 129, 4)
    step = np.zeros((129, 129, 4), np.uint8)
    step[:, 64:] = 255
    step[..., 3] = 255
    everywhere: NDArray[Any] = np.zeros((129, 129), bool)
    drawing = draw_bokeh(step[..., :3].copy(), everywhere, blur_px, canvas=True)
    assert cv2.absdiff(drawing, golden).max() <= 4
