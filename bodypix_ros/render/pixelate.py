# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pixelated masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_between, require_channels
from ..errors import SettingError
from .blend import divide_by_alpha, lay_over, layer_from_mask, mirror, with_alpha
from .blur import MAX_BLUR_PX, blur
from .colors import Order


def draw_pixelated_mask(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8] | None,
    opacity: float = 0.7,
    blur_px: float = 0,
    flip: bool = False,
    cell_px: int = 10,
    *,
    order: Order = 'bgr',
    canvas: bool = False,
) -> NDArray[np.uint8]:
    """Draw a mask as square cells, separated by white lines, over an image.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W, 4) uint8 RGBA, or (H, W, 3) RGB, from `to_mask` or `to_colored_parts`; None draws nothing.
        opacity: opacity of the mask, 0..1.
        blur_px: blur of the mask, 0..20 pixels.
        flip: mirror the result.
        cell_px: side of a cell, at least 2 pixels; an image smaller than a cell has one cell.
        order: channel order of the image and of the result.
        canvas: as in a browser, make the result transparent where the mask is, and draw lines there too. Otherwise the
            image is unchanged where the mask is transparent.

    Returns:
        (H, W, 3) uint8; with `canvas`, (H, W, 4) with alpha last, not premultiplied.

    Raises:
        ImageError: an array has a wrong shape or type, or the sizes differ.
        SettingError: opacity, blur_px or cell_px is out of range.

    Source: BodyPix 2.2 `drawPixelatedMask`.
    """
    require_channels('image', image, 3)
    require_between('opacity', opacity, 0, 1)
    require_between('blur_px', blur_px, 0, MAX_BLUR_PX)
    if cell_px < 2:
        raise SettingError(f'cell_px must be at least 2, got {cell_px}')
    if mask is None:
        return mirror(with_alpha(image) if canvas else image.copy(), flip)
    layer = blur(layer_from_mask(image, mask, order), blur_px, fade=canvas)
    cells = _pixelate(layer, cell_px, lines_everywhere=canvas)
    if not canvas:
        return mirror(lay_over(image, cells, opacity), flip)
    # The browser draws the image over the mask, which is equivalent where the mask is opaque.
    drawing = np.asarray(cv2.addWeighted(with_alpha(image), 1 - opacity, cells, opacity, 0), np.uint8)
    return mirror(divide_by_alpha(drawing), flip)


def _pixelate(layer: NDArray[np.uint8], cell_px: int, lines_everywhere: bool) -> NDArray[np.uint8]:
    """Downscale to one pixel per cell, upscale without interpolation, and draw lines between the cells.

    The last cells are slightly larger if cell_px does not divide the size.
    """
    height, width = layer.shape[:2]
    rows, columns = max(1, height // cell_px), max(1, width // cell_px)
    small = np.asarray(cv2.resize(layer, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)
    wide = _repeat(small, columns, width, axis=1)
    beside_lines = _beside_lines(columns, cell_px)
    wide[:, beside_lines] = _whiten(wide[:, beside_lines], lines_everywhere)
    cells = _repeat(wide, rows, height, axis=0)
    beside_lines = _beside_lines(rows, cell_px)
    cells[beside_lines] = _whiten(cells[beside_lines], lines_everywhere)
    return cells


def _repeat(layer: NDArray[np.uint8], count: int, length: int, axis: int) -> NDArray[np.uint8]:
    """Stretch an axis of `count` pixels to `length` with nearest-neighbour sampling at pixel centres."""
    source = ((np.arange(length) + 0.5) * count / length).astype(np.intp)
    # numpy is much faster if the four bytes of a pixel are one number.
    return np.take(np.ascontiguousarray(layer).view(np.uint32), source, axis=axis).view(np.uint8)


def _beside_lines(count: int, cell_px: int) -> NDArray[np.intp]:
    """Return the pixels on both sides of the lines that precede each of `count` cells, inside the image."""
    lines = np.arange(count) * cell_px
    return np.concatenate((lines[1:] - 1, lines))


def _whiten(layer: NDArray[np.uint8], everywhere: bool) -> NDArray[np.uint8]:
    """Blend the layer with white at 50 %: a line of one pixel's width covers half of each neighbouring pixel.

    Unless `everywhere` is true, the white is scaled by the alpha of the layer.
    """
    white = np.uint8(255) if everywhere else layer[..., 3:]
    return layer - layer // 2 + white // 2
