# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes changed BGR pixels back into an image of any encoding and leaves all others unchanged."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..encodings import ENCODINGS, Encoding, Pixels

_CHANNELS = {'b': 0, 'g': 1, 'r': 2}

_YUV = np.array(  # from B, G and R to Y, U and V in limited range
    [
        [24.966 / 255, 128.553 / 255, 65.481 / 255, 16.0],
        [112.0 / 255, -74.203 / 255, -37.797 / 255, 128.0],
        [-18.214 / 255, -93.786 / 255, 112.0 / 255, 128.0],
    ]
)
"""Source: ITU-R BT.601, the inverse of the conversion in `encodings`."""


def write_bgr(pixels: Pixels, name: str, bgr: NDArray[np.uint8], changed: NDArray[np.bool_], bits: int = 16) -> None:
    """Write pixels into an image.

    Args:
        pixels: (data rows, W, channels) of the image, as `view_layout` returns them, but writable.
        name: encoding of the image, a key of ENCODINGS.
        bgr: (H, W, 3) uint8, the new image.
        changed: (H, W) bool, where to write. Pixels that share their colour with a changed one get a new colour too.
        bits: significant bits of 16-bit values, 10, 12 or 16.
    """
    encoding = ENCODINGS[name]
    if name.startswith('bayer_'):
        _write_values(pixels[..., 0], _mosaic(bgr, name), changed, encoding, bits)
    elif encoding.rows > 2:
        _write_planes(pixels[..., 0], name, bgr, changed)
    elif encoding.channels == 2:
        _write_yuv422(pixels, name, bgr, changed)
    elif encoding.channels == 1:
        _write_values(
            pixels[..., 0], np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8), changed, encoding, bits
        )
    else:
        swapped = encoding.code in (cv2.COLOR_RGB2BGR, cv2.COLOR_RGBA2BGR)
        _write_values(pixels[..., :3], bgr[..., ::-1] if swapped else bgr, changed, encoding, bits)


def _write_values(
    pixels: Pixels, values: NDArray[np.uint8], changed: NDArray[np.bool_], encoding: Encoding, bits: int
) -> None:
    """Write 8-bit values, scaled to the range of the image."""
    new: NDArray[Any] = values[changed]
    if encoding.bits == 16:
        new = (new.astype(np.uint32) * (2**bits - 1) + 127) // 255
    pixels[changed] = new.astype(pixels.dtype)


def _mosaic(bgr: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Return (H, W) uint8: of each pixel the colour that the Bayer pattern has there."""
    pattern = name.removeprefix('bayer_')
    mosaic = np.empty(bgr.shape[:2], np.uint8)
    for place, color in enumerate(pattern[:4]):
        row, column = divmod(place, 2)
        mosaic[row::2, column::2] = bgr[row::2, column::2, _CHANNELS[color]]
    return mosaic


def _to_yuv(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.transform(bgr, _YUV), np.uint8)


def _write_yuv422(pixels: Pixels, name: str, bgr: NDArray[np.uint8], changed: NDArray[np.bool_]) -> None:
    """Write (H, W, 2): luma of each pixel, and in turn U and V of two neighbours."""
    yuv = _to_yuv(bgr)
    luma, chroma = (1, 0) if name in ('uyvy', 'yuv422') else (0, 1)
    pixels[..., luma][changed] = yuv[..., 0][changed]
    pairs = changed[:, ::2] | changed[:, 1::2]
    for offset, channel in ((0, 1), (1, 2)):
        mean = _mean(yuv[..., channel], 1, 2)
        pixels[:, offset::2, chroma][pairs] = mean[pairs]


def _write_planes(rows: Pixels, name: str, bgr: NDArray[np.uint8], changed: NDArray[np.bool_]) -> None:
    """Write luma and the plane of chroma below it: nv12 and nv21 have one pair for 2x2 pixels, nv24 for each pixel."""
    height, width = changed.shape
    yuv = _to_yuv(bgr)
    rows[:height][changed] = yuv[..., 0][changed]
    cell = 1 if name == 'nv24' else 2
    row_bytes, value_bytes = rows.strides
    pairs = np.lib.stride_tricks.as_strided(
        rows[height:],
        (height // cell, width // cell, 2),
        ((2 if name == 'nv24' else 1) * row_bytes, 2 * value_bytes, value_bytes),
    )
    cells = _mean(changed.astype(np.uint8) * np.uint8(255), cell, cell) > 0
    order = (2, 1) if name == 'nv21' else (1, 2)
    pairs[cells] = np.stack([_mean(yuv[..., channel], cell, cell) for channel in order], axis=-1)[cells]


def _mean(values: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """Return the rounded means of cells of `rows` x `columns` values."""
    height, width = values.shape
    cells = values.reshape(height // rows, rows, width // columns, columns)
    return np.asarray(cells.mean((1, 3)) + 0.5, np.uint8)
