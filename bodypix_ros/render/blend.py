# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Alpha blending in 8 bits."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_between, require_channels, require_same_size
from .bands import draw_in_bands
from .blur import MAX_BLUR_PX, blur
from .colors import Order


def draw_mask(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8] | None,
    opacity: float = 0.7,
    blur_px: float = 0,
    flip: bool = False,
    *,
    order: Order = 'bgr',
    canvas: bool = False,
) -> NDArray[np.uint8]:
    """Draw a mask over an image.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W, 4) uint8 RGBA, or (H, W, 3) RGB, from `to_mask` or `to_colored_parts`; None draws nothing.
        opacity: opacity of the mask, 0..1.
        blur_px: blur of the mask, 0..20 pixels.
        flip: mirror the result.
        order: channel order of the image and of the result.
        canvas: fade the blurred mask at the borders, as a browser does, instead of replicating the border pixels.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: an array has a wrong shape or type, or the sizes differ.
        SettingError: opacity or blur_px is out of range.

    Source: BodyPix 2.2 `drawMask`.
    """
    require_channels('image', image, 3)
    require_between('opacity', opacity, 0, 1)
    require_between('blur_px', blur_px, 0, MAX_BLUR_PX)
    if mask is None:
        return mirror(image.copy(), flip)
    layer = blur(layer_from_mask(image, mask, order), blur_px, fade=canvas)
    return mirror(lay_over(image, layer, opacity), flip)


def layer_from_mask(image: NDArray[np.uint8], mask: NDArray[np.uint8], order: Order) -> NDArray[np.uint8]:
    """Return an RGB or RGBA mask as (H, W, 4) in the channel order of the image, premultiplied by alpha."""
    require_channels('mask', mask, 3, 4)
    require_same_size('image', image, 'mask', mask)
    if mask.shape[2] == 3:
        conversion = cv2.COLOR_RGB2RGBA if order == 'rgb' else cv2.COLOR_RGB2BGRA
        return np.asarray(cv2.cvtColor(mask, conversion), np.uint8)

    def multiply_by_alpha(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        ordered = mask if order == 'rgb' else np.asarray(cv2.cvtColor(mask, cv2.COLOR_RGBA2BGRA), np.uint8)
        return np.asarray(cv2.multiply(ordered, _alpha_of_colors(ordered), scale=1 / 255), np.uint8)

    return draw_in_bands(multiply_by_alpha, mask)


def lay_over(image: NDArray[np.uint8], layer: NDArray[np.uint8], opacity: float) -> NDArray[np.uint8]:
    """Blend a (H, W, 4) layer, premultiplied by alpha, over an opaque (H, W, 3) image."""

    def lay(image: NDArray[np.uint8], layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
        colors = cv2.cvtColor(layer, cv2.COLOR_BGRA2BGR)
        shining_through = cv2.convertScaleAbs(cv2.extractChannel(layer, 3), alpha=-opacity, beta=255)
        weakened = cv2.multiply(image, cv2.merge([shining_through] * 3), scale=1 / 255)
        return np.asarray(cv2.addWeighted(weakened, 1, colors, opacity, 0), np.uint8)

    return draw_in_bands(lay, image, layer)


def mix(first: NDArray[np.uint8], second: NDArray[np.uint8], share: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return `first` where `share`, (H, W), is 255, `second` where it is 0, and a linear mixture in between."""

    def add(first: NDArray[np.uint8], second: NDArray[np.uint8], share: NDArray[np.uint8]) -> NDArray[np.uint8]:
        channels = first.shape[2]
        of_first = cv2.multiply(first, cv2.merge([share] * channels), scale=1 / 255)
        of_second = cv2.multiply(second, cv2.merge([cv2.bitwise_not(share)] * channels), scale=1 / 255)
        return np.asarray(cv2.add(of_first, of_second), np.uint8)

    return draw_in_bands(add, first, second, share)


def with_alpha(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an opaque (H, W, 3) image as (H, W, 4)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8)


def divide_by_alpha(layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a premultiplied (H, W, 4) layer without premultiplication; colours with alpha 0 are black."""
    return np.asarray(cv2.divide(layer, _alpha_of_colors(layer), scale=255), np.uint8)


def mirror(image: NDArray[np.uint8], flip: bool) -> NDArray[np.uint8]:
    """Return the image, mirrored horizontally if `flip` is true."""
    return np.asarray(cv2.flip(image, 1), np.uint8) if flip else image


def _alpha_of_colors(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return channels (alpha, alpha, alpha, 255), a factor or divisor that changes the colours but not alpha."""
    alpha = cv2.extractChannel(image, 3)
    return np.asarray(cv2.merge([alpha, alpha, alpha, np.full_like(alpha, 255)]), np.uint8)
