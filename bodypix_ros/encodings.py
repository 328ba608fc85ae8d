# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pixel encodings of ROS images, how each becomes BGR, and the limits of their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""uint8, or uint16 of any byte order."""

MAX_PIXELS = 2**25
MAX_SIDE = 2**14
"""Limits of images in messages: 8K video fits, and a forged size does not exhaust the memory."""


@dataclass(frozen=True)
class Encoding:
    """The pixel layout of one encoding.

    Attributes:
        channels: values per pixel in a row; 2 if two neighbouring pixels share their colour.
        code: OpenCV's conversion code to BGR; None if the pixels are BGR.
        bits: bits per value, 8 or 16.
        even: (height, width) must be multiples of these, if pixels share their colour.
        rows: rows of data per two rows of the image; more than 2 if colour planes follow (6: nv24).
    """

    channels: int
    code: int | None
    bits: Literal[8, 16] = 8
    even: tuple[int, int] = (1, 1)
    rows: int = 2

    @cached_property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel in a row."""
        return self.channels * self.bits // 8


# OpenCV names a Bayer pattern by the second and third pixel of its second row, ROS by the first four pixels.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2BGR,
    'bggr': cv2.COLOR_BayerRG2BGR,
    'gbrg': cv2.COLOR_BayerGR2BGR,
    'grbg': cv2.COLOR_BayerGB2BGR,
}

ENCODINGS: dict[str, Encoding] = {
    'bgr8': Encoding(3, None),
    '8UC3': Encoding(3, None),
    'rgb8': Encoding(3, cv2.COLOR_RGB2BGR),
    'bgra8': Encoding(4, cv2.COLOR_BGRA2BGR),
    'rgba8': Encoding(4, cv2.COLOR_RGBA2BGR),
    '8UC4': Encoding(4, cv2.COLOR_BGRA2BGR),
    'bgr16': Encoding(3, None, bits=16),
    '16UC3': Encoding(3, None, bits=16),
    'rgb16': Encoding(3, cv2.COLOR_RGB2BGR, bits=16),
    'bgra16': Encoding(4, cv2.COLOR_BGRA2BGR, bits=16),
    'rgba16': Encoding(4, cv2.COLOR_RGBA2BGR, bits=16),
    '16UC4': Encoding(4, cv2.COLOR_BGRA2BGR, bits=16),
    'mono8': Encoding(1, cv2.COLOR_GRAY2BGR),
    '8UC1': Encoding(1, cv2.COLOR_GRAY2BGR),
    'mono16': Encoding(1, cv2.COLOR_GRAY2BGR, bits=16),
    '16UC1': Encoding(1, cv2.COLOR_GRAY2BGR, bits=16),
    'yuv422': Encoding(2, cv2.COLOR_YUV2BGR_UYVY, even=(1, 2)),
    'uyvy': Encoding(2, cv2.COLOR_YUV2BGR_UYVY, even=(1, 2)),
    'yuv422_yuy2': Encoding(2, cv2.COLOR_YUV2BGR_YUY2, even=(1, 2)),
    'yuyv': Encoding(2, cv2.COLOR_YUV2BGR_YUY2, even=(1, 2)),
    'nv12': Encoding(1, cv2.COLOR_YUV2BGR_NV12, even=(2, 2), rows=3),
    'nv21': Encoding(1, cv2.COLOR_YUV2BGR_NV21, even=(2, 2), rows=3),
    'nv24': Encoding(1, None, rows=6),
    **{f'bayer_{pattern}8': Encoding(1, code, even=(2, 2)) for pattern, code in _BAYER.items()},
    **{f'bayer_{pattern}16': Encoding(1, code, bits=16, even=(2, 2)) for pattern, code in _BAYER.items()},
}
"""Every supported encoding, by its name in sensor_msgs/Image."""

_BT601 = np.array(  # from Y, U and V in limited range to B, G and R
    [
        [1.164384, 2.017232, 0.0, -276.836],
        [1.164384, -0.391762, -0.812968, 135.575],
        [1.164384, 0.0, 1.596027, -222.922],
    ]
)

LABEL_ENCODINGS: dict[str, type[np.generic]] = {
    '8SC1': np.int8,
    '8UC1': np.uint8,
    '16SC1': np.int16,
    '32SC1': np.int32,
}
"""Encodings of a label image; the background is -1, or 255 if the type is unsigned."""


def to_bgr(pixels: Pixels, encoding: Encoding, mono16_bits: int = 16) -> NDArray[np.uint8]:
    """Convert the pixels of one image to BGR.

    Args:
        pixels: (data rows, W, channels) uint8, or uint16 of any byte order for 16-bit encodings. Rows may be padded.
        encoding: encoding of the pixels.
        mono16_bits: significant bits of 16-bit values: 16, or 10 or 12 for a camera that does not scale them to 16.

    Returns:
        (H, W, 3) uint8; the pixels themselves if they are already BGR.

    Source: like cv_bridge, 16-bit values are scaled by 255/65535; YUV is BT.601 with limited range.
    """
    if encoding.bits == 16:
        native = np.require(pixels, np.uint16, 'A')  # OpenCV misreads rows at odd addresses
        pixels = cv2.convertScaleAbs(native, alpha=255 / (2**mono16_bits - 1)).reshape(pixels.shape)
    if encoding.rows == 6:
        return _nv24_to_bgr(pixels[..., 0])
    if encoding.code is None:
        return pixels.view(np.uint8)
    return cv2.cvtColor(pixels, encoding.code).view(np.uint8)


def _nv24_to_bgr(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert (3 * H, W): Y, then U and V of each pixel in rows of twice the length. OpenCV lacks this conversion.

    Source: the layout of V4L2's NV24.
    """
    height, width = rows.shape[0] // 3, rows.shape[1]
    yuv = np.empty((height, width, 3), np.uint8)
    yuv[..., 0] = rows[:height]
    row_bytes, pixel_bytes = rows.strides
    chroma = np.lib.stride_tricks.as_strided(
        rows[height:], (height, width, 2), (2 * row_bytes, 2 * pixel_bytes, pixel_bytes), writeable=False
    )
    yuv[..., 1:] = chroma
    return np.asarray(cv2.transform(yuv, _BT601), np.uint8)


def encode_labels(labels: NDArray[np.int8], encoding: str) -> NDArray[np.generic]:
    """Return (H, W) labels in the type of one of LABEL_ENCODINGS; -1 becomes 255 if the type is unsigned."""
    return labels.astype(LABEL_ENCODINGS[encoding], copy=False)


def size_problem(height: int, width: int, max_pixels: int = MAX_PIXELS) -> str:
    """Return the end of an error text about an image that exceeds the limits; empty for other sizes.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        max_pixels: limit of the number of pixels.
    """
    if height * width <= max_pixels and max(height, width) <= MAX_SIDE:
        return ''
    return f'{width}x{height} exceeds the limit of {max_pixels} pixels, {MAX_SIDE} per side'
