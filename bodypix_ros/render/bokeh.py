# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Selective blur: of the background, or of body parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_between, require_channels, require_same_size
from ..parts import PARTS
from .blend import divide_by_alpha, mirror, mix, with_alpha
from .blur import MAX_BLUR_PX, blur, blur_reach_px
from .labels import Labels, as_list, select
from .masks import contour_strokes

FACE_IDS: tuple[int, ...] = tuple(part.bodypix1 for part in PARTS if part.name.endswith('_face'))
"""The two parts of the face: 0 and 1 in both numberings."""


def draw_bokeh(
    image: NDArray[np.uint8],
    people: Labels | Sequence[Labels],
    background_blur_px: float = 3,
    edge_blur_px: float = 3,
    flip: bool = False,
    *,
    canvas: bool = False,
) -> NDArray[np.uint8]:
    """Blur the background.

    Args:
        image: (H, W, 3) uint8, any channel order.
        people: person mask, (H, W) bool or 0 and 1, or one such array per person.
        background_blur_px: 1..20 pixels.
        edge_blur_px: blur of the edge between people and background, 0..20 pixels.
        flip: mirror the result.
        canvas: fade the blur at the borders, as a browser does, instead of replicating the border pixels.

    Returns:
        (H, W, 3) uint8; with `canvas`, (H, W, 4) with alpha last, not premultiplied.

    Raises:
        ImageError: an array has a wrong shape or type, or the sizes differ.
        SettingError: a blur is out of range.

    Source: BodyPix 2.2 `drawBokehEffect`.
    """
    require_between('background_blur_px', background_blur_px, 1, MAX_BLUR_PX)
    require_between('edge_blur_px', edge_blur_px, 0, MAX_BLUR_PX)
    keep = _anywhere(_planes(image, people, (1,)), image)
    return mirror(_blur_outside(image, keep, background_blur_px, edge_blur_px, canvas), flip)


def blur_body_parts(
    image: NDArray[np.uint8],
    parts: Labels | Sequence[Labels],
    ids: Iterable[int] = FACE_IDS,
    blur_px: float = 3,
    edge_blur_px: float = 3,
    flip: bool = False,
    *,
    canvas: bool = False,
) -> NDArray[np.uint8]:
    """Blur body parts, by default faces.

    Args:
        image: (H, W, 3) uint8, any channel order.
        parts: part ids, (H, W), or one such array per person.
        ids: the parts to blur, in the numbering of `parts`.
        blur_px: 1..20 pixels.
        edge_blur_px: blur of the edge, 0..20 pixels.
        flip: mirror the result.
        canvas: as in a browser, fade the blur at the borders and keep a thin line along the edge sharp.

    Returns:
        (H, W, 3) uint8; with `canvas`, (H, W, 4) with alpha last, not premultiplied.

    Raises:
        ImageError: an array has a wrong shape or type, or the sizes differ.
        SettingError: a blur is out of range.

    Source: BodyPix 2.2 `blurBodyPart`.
    """
    require_between('blur_px', blur_px, 1, MAX_BLUR_PX)
    require_between('edge_blur_px', edge_blur_px, 0, MAX_BLUR_PX)
    planes = _planes(image, parts, ids)
    hidden = _anywhere(planes, image)
    keep = np.asarray(cv2.bitwise_not(hidden), np.uint8)
    if canvas:
        if planes:
            keep[contour_strokes(planes)] = 255
        return mirror(_blur_outside(image, keep, blur_px, edge_blur_px, canvas=True), flip)
    drawing = image.copy()
    near = surroundings(hidden, blur_reach_px(blur_px) + blur_reach_px(edge_blur_px))
    if drawing[near].size:
        drawing[near] = _blur_outside(image[near], keep[near], blur_px, edge_blur_px, canvas=False)
    return mirror(drawing, flip)


def _planes(image: NDArray[np.uint8], labels: Labels | Sequence[Labels], ids: Iterable[int]) -> list[NDArray[np.uint8]]:
    """Return one (H, W) uint8 plane per person, 255 where the label is one of the ids."""
    require_channels('image', image, 3)
    people = as_list(labels)
    if people:
        require_same_size('image', image, 'labels', people[0])
    wanted = list(ids)
    return [select(one, wanted) for one in people]


def _anywhere(planes: Sequence[NDArray[np.uint8]], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the union of the planes, (H, W) uint8."""
    nowhere = np.zeros(image.shape[:2], np.uint8)
    return np.asarray(np.bitwise_or.reduce([nowhere, *planes]), np.uint8)


def surroundings(plane: NDArray[np.uint8], margin_px: int) -> tuple[slice, slice]:
    """Return the rows and columns within a margin of the non-zero pixels; empty slices if there are none.

    They start and, inside the image, end at multiples of 4, with which OpenCV downscales much faster.
    """
    left, top, width, height = cv2.boundingRect(plane)
    if width == 0:
        return slice(0), slice(0)
    rows = slice(max(top - margin_px, 0) // 4 * 4, -(-(top + height + margin_px) // 4) * 4)
    return rows, slice(max(left - margin_px, 0) // 4 * 4, -(-(left + width + margin_px) // 4) * 4)


def _blur_outside(
    image: NDArray[np.uint8], keep: NDArray[np.uint8], blur_px: float, edge_blur_px: float, canvas: bool
) -> NDArray[np.uint8]:
    """Blur the image where `keep`, (H, W), is 0; leave it unchanged where it is 255."""
    # OpenCV blurs four channels faster than three.
    sharp = with_alpha(image)
    mixed = mix(sharp, blur(sharp, blur_px, fade=canvas), blur(keep, edge_blur_px, fade=canvas))
    return divide_by_alpha(mixed) if canvas else np.asarray(cv2.cvtColor(mixed, cv2.COLOR_BGRA2BGR), np.uint8)
