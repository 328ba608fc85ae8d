# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Masks as images of foreground and background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .labels import Labels, Rgba, as_list, paint, select

TRANSPARENT: Rgba = (0, 0, 0, 0)
OPAQUE_BLACK: Rgba = (0, 0, 0, 255)
CONTOUR: Rgba = (0, 255, 255, 255)
"""The contour colour of BodyPix, cyan."""


@overload
def to_mask(
    labels: Labels, foreground: Rgba = ..., background: Rgba = ..., contour: bool = ..., ids: Iterable[int] = ...
) -> NDArray[np.uint8]: ...
@overload
def to_mask(
    labels: Sequence[Labels],
    foreground: Rgba = ...,
    background: Rgba = ...,
    contour: bool = ...,
    ids: Iterable[int] = ...,
) -> NDArray[np.uint8] | None: ...
def to_mask(
    labels: Labels | Sequence[Labels],
    foreground: Rgba = TRANSPARENT,
    background: Rgba = OPAQUE_BLACK,
    contour: bool = False,
    ids: Iterable[int] = (1,),
) -> NDArray[np.uint8] | None:
    """Draw foreground and background in two colours, as an overlay for an image.

    Args:
        labels: (H, W) bool or integers, or one such array per person, all of the same size.
        foreground: RGBA of pixels whose label is in `ids`, for any of the people.
        background: RGBA of all other pixels.
        contour: whether to draw the outline of each person in cyan, one or two pixels wide.
        ids: labels of the foreground: 1 (or True) in a person mask, 0..23 in parts.

    Returns:
        (H, W, 4) uint8 RGBA, not premultiplied; None for an empty sequence.

    Raises:
        ImageError: an array is not a label image, or the sizes differ.

    Source: BodyPix 2.2 `toMask`.
    """
    wanted = list(ids)
    foregrounds = [select(one, wanted) for one in as_list(labels)]
    if not foregrounds:
        return None
    return paint_mask(foregrounds, foreground, background, contour)


def paint_mask(
    foregrounds: Sequence[NDArray[np.uint8]], foreground: Rgba, background: Rgba, contour: bool
) -> NDArray[np.uint8]:
    """Draw like `to_mask`, from (H, W) uint8 planes that are 255 for a person and 0 elsewhere."""
    index = np.bitwise_or.reduce(foregrounds) & 1
    if contour:
        index[contour_strokes(foregrounds)] = 2
    return paint(index, np.array((background, foreground, CONTOUR), np.uint8))


def contour_strokes(foregrounds: Sequence[NDArray[np.uint8]]) -> NDArray[np.bool_]:
    """Return the contour of the people as BodyPix draws it, (H, W) bool.

    A foreground pixel that is not on the image border and has a diagonal neighbour in the background is a boundary. Its
    contour is the two pixels diagonally above it: BodyPix also draws the two below, but later overwrites them.
    """
    boundary = np.zeros(foregrounds[0].shape, np.bool_)
    for inside in foregrounds:
        surrounded = inside[:-2, :-2] & inside[:-2, 2:] & inside[2:, :-2] & inside[2:, 2:]
        boundary[1:-1, 1:-1] |= inside[1:-1, 1:-1] > surrounded
    strokes = np.zeros_like(boundary)
    strokes[:-1, 1:] = boundary[1:, :-1]
    strokes[:-1, :-1] |= boundary[1:, 1:]
    return strokes
