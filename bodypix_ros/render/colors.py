# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Label images in colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_labels, require_plane
from ..errors import ImageError
from ..palettes import WHITE, Color, label_colors, palette_colors
from ..parts import PARTS, PartIds
from .labels import Labels, as_list, paint

Order = Literal['bgr', 'rgb']
"""Channel order of an image."""


def colorize_parts(parts: NDArray[np.int8], palette: NDArray[np.uint8], order: Order = 'rgb') -> NDArray[np.uint8]:
    """Draw each pixel in the colour of its part.

    Args:
        parts: (H, W) int8, part id 0..23 or -1.
        palette: (25, 3) uint8 RGB, as returned by `palette_colors` for the numbering of `parts`; the last row is the
            background.
        order: channel order of the result.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: the labels or the palette have a wrong shape or type.
    """
    require_plane('parts', parts, np.int8)
    if palette.shape != (len(PARTS) + 1, 3):
        raise ImageError(f'palette must be ({len(PARTS) + 1}, 3), for parts and background, got {palette.shape}')
    return _paint_opaque(np.ascontiguousarray(parts).view(np.uint8), palette[:-1], palette[-1], order)


def colorize_labels(labels: Labels, order: Order = 'rgb') -> NDArray[np.uint8]:
    """Draw each pixel in the colour of its person; the background is black. Colours repeat after 255 people.

    Args:
        labels: (H, W) integers, 0 background, n the n-th person.
        order: channel order of the result.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: the array is not a label image.
    """
    require_labels('labels', labels)
    colors = label_colors(255)
    if labels.dtype != np.uint8:
        labels = np.where(labels > 0, (labels.astype(np.int64) - 1) % 255 + 1, 0).astype(np.uint8)
    return _paint_opaque(labels, colors, colors[0], order)


@overload
def to_colored_parts(
    parts: Labels, colors: str | NDArray[np.uint8] = ..., part_ids: PartIds = ..., background: Color = ...
) -> NDArray[np.uint8]: ...
@overload
def to_colored_parts(
    parts: Sequence[Labels], colors: str | NDArray[np.uint8] = ..., part_ids: PartIds = ..., background: Color = ...
) -> NDArray[np.uint8] | None: ...
def to_colored_parts(
    parts: Labels | Sequence[Labels],
    colors: str | NDArray[np.uint8] = 'rainbow',
    part_ids: PartIds = 'bodypix1',
    background: Color = WHITE,
) -> NDArray[np.uint8] | None:
    """Draw the parts of one or several people in colour as BodyPix does, as an overlay for an image.

    Args:
        parts: (H, W) integers, part ids or -1, or one such array per person; later people cover earlier ones.
        colors: name of a palette, or (N, 3) uint8 RGB; row i is the colour of part i.
        part_ids: numbering of `parts`, used only with the name of a palette.
        background: RGB of the background.

    Returns:
        (H, W, 4) uint8 RGBA, opaque; None for an empty sequence.

    Raises:
        ImageError: a part has no colour, an array is not a label image, or the sizes differ.
        SettingError: unknown palette.

    Source: BodyPix 2.2 `toColoredPartMask`.
    """
    table = palette_colors(colors, part_ids)[:-1] if isinstance(colors, str) else np.asarray(colors, np.uint8)
    people = as_list(parts)
    if not people:
        return None
    part = people[0]
    for one in people[1:]:
        part = np.where(one >= 0, one, part)
    if part.max() >= len(table):
        raise ImageError(f'part {part.max()} has no colour: {len(table)} colours were given, for 0..{len(table) - 1}')
    opaque = _paint_opaque(part.astype(np.uint8), table, np.asarray(background, np.uint8), 'rgb')
    return np.asarray(cv2.cvtColor(opaque, cv2.COLOR_RGB2RGBA), np.uint8)


def _paint_opaque(
    index: NDArray[np.uint8], colors: NDArray[np.uint8], others: NDArray[np.uint8], order: Order
) -> NDArray[np.uint8]:
    """Return (H, W, 3): row `index` of the (N, 3) RGB colours, or `others` if the index is out of range."""
    table = np.zeros((256, 4), np.uint8)
    table[:, :3] = others
    table[: len(colors), :3] = colors
    conversion = cv2.COLOR_RGBA2RGB if order == 'rgb' else cv2.COLOR_RGBA2BGR
    return np.asarray(cv2.cvtColor(paint(index, table), conversion), np.uint8)
