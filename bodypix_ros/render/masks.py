"""From labels to pictures of foreground and background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .labels import Labels, Rgba, as_list, paint, select

TRANSPARENT: Rgba = (0, 0, 0, 0)
OPAQUE_BLACK: Rgba = (0, 0, 0, 255)
CONTOUR: Rgba = (0, 255, 255, 255)
"""The cyan that BodyPix draws contours with."""


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
    """Paint foreground and background in two colours, to lay over a picture.

    Args:
        labels: (H, W) bool or whole numbers, or one such array for each person; all of one size.
        foreground: RGBA of the pixels whose label is in `ids`, for any of the people.
        background: RGBA of the others.
        contour: also draw the outline of each person in cyan, one or two pixels wide.
        ids: the labels that are foreground: 1 in a person mask (True counts as 1), 0..23 in parts.

    Returns:
        (H, W, 4) uint8 RGBA, colours not multiplied by alpha; None for an empty list of people.

    Raises:
        ImageError: an array is no label image, or sizes differ.

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
    """Paint as `to_mask` does, from (H, W) uint8 planes that are 255 where a person is and 0 elsewhere."""
    index = np.bitwise_or.reduce(foregrounds) & 1
    if contour:
        index[contour_strokes(foregrounds)] = 2
    return paint(index, np.array((background, foreground, CONTOUR), np.uint8))


def contour_strokes(foregrounds: Sequence[NDArray[np.uint8]]) -> NDArray[np.bool_]:
    """Return (H, W) bool, true where BodyPix's outline of the people is.

    A foreground pixel with background diagonally beside it is a boundary, unless the frame ends there. Its strokes are
    the two pixels diagonally above it: BodyPix strokes those below as well, but its scan then paints them over.
    """
    boundary = np.zeros(foregrounds[0].shape, np.bool_)
    for inside in foregrounds:
        surrounded = inside[:-2, :-2] & inside[:-2, 2:] & inside[2:, :-2] & inside[2:, 2:]
        boundary[1:-1, 1:-1] |= inside[1:-1, 1:-1] > surrounded
    strokes = np.zeros_like(boundary)
    strokes[:-1, 1:] = boundary[1:, :-1]
    strokes[:-1, :-1] |= boundary[1:, 1:]
    return strokes
