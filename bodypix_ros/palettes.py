# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colours of body parts and of people."""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .errors import SettingError
from .parts import PARTS, PartIds

Color = tuple[int, int, int]
"""Red, green, blue, each 0..255."""

WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)

# Source: interpolateRainbow, interpolateCool and interpolateSpectral of d3-scale-chromatic at 0/24 .. 23/24. BodyPix
# demos call them rainbow, warm and spectral; `warm` is d3's cool. In the order of the part numbers of BodyPix 2.
_RAINBOW = (
    '6e40aa 8f3db2 b23cb2 d23ea7 ee4395 ff4e7d ff5e63 ff734b ff8c38 efa72f d9c231 c2db40 '
    'aff05b 87f557 60f760 40f373 28ea8d 1cdba9 1ac7c2 21b0d5 2f96e0 417de0 5465d6 6351c3'
)
_WARM = (
    '6e40aa 6a48b7 6451c4 5c5bce 5465d6 4b71dd 427de0 388ae2 3096e0 28a3dc 21b0d6 1dbccd '
    '1ac7c2 1ad2b6 1cdba9 21e39b 29ea8d 33f080 40f374 4ff669 60f761 73f65b 86f558 9bf358'
)
_SPECTRAL = (
    '9e0142 b51a47 ca324a db494a e85e49 f2754b f88e53 fba760 fdbe70 fed281 fee395 fef0a6 '
    'fbf8b0 f3f9ac e7f5a3 d5ee9f bee5a0 a4daa3 89cfa5 6ec0a8 56adae 4696b3 437fb4 4d67ad'
)
_BODYPIX2_COLORS: dict[str, tuple[Color, ...]] = {
    name: tuple((value >> 16, value >> 8 & 255, value & 255) for value in (int(text, 16) for text in table.split()))
    for name, table in (('rainbow', _RAINBOW), ('warm', _WARM), ('spectral', _SPECTRAL))
}

PALETTES: tuple[str, ...] = tuple(_BODYPIX2_COLORS)
"""Names of the palettes."""

_GOLDEN_RATIO = (5**0.5 - 1) / 2


@lru_cache
def palette_colors(palette: str, part_ids: PartIds, background: Color = WHITE) -> NDArray[np.uint8]:
    """Return the colour of each part number; the colour of a part is the same in both numberings.

    Args:
        palette: rainbow, warm or spectral.
        part_ids: numbering of the labels.
        background: colour of the background; BodyPix draws it white.

    Returns:
        (25, 3) uint8 RGB, read-only. Rows 0..23 are the parts and the last row is the background, so that the table can
        be indexed with labels -1..23.

    Raises:
        SettingError: unknown palette.
    """
    if palette not in _BODYPIX2_COLORS:
        raise SettingError(f'palette must be {", ".join(PALETTES[:-1])} or {PALETTES[-1]}, got {palette!r}')
    table = np.empty((len(PARTS) + 1, 3), np.uint8)
    table[-1] = background
    for part in PARTS:
        table[part.id(part_ids)] = _BODYPIX2_COLORS[palette][part.bodypix2]
    table.flags.writeable = False
    return table


@lru_cache
def label_colors(count: int) -> NDArray[np.uint8]:
    """Return distinct colours for people 1..count.

    The colour of person n depends only on n. Hues advance in steps of the golden ratio; brightness alternates after
    every eight people.

    Returns:
        (count + 1, 3) uint8 RGB, read-only; row 0, the background, is black.
    """
    table = np.empty((count + 1, 3), np.uint8)
    table[0] = BLACK
    for n in range(count):
        value = (1.0, 0.8, 0.6)[n // 8 % 3]
        table[n + 1] = [round(255 * part) for part in colorsys.hsv_to_rgb(n * _GOLDEN_RATIO % 1, 0.8, value)]
    table.flags.writeable = False
    return table
