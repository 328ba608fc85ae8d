# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks the fields of image messages and views their pixels. Works with the messages of ROS and of rosbags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .encodings import ENCODINGS, MAX_PIXELS, MAX_SIDE, Encoding, Pixels, size_problem
from .errors import ImageError
from .pictures import CompressedPicture, check_compressed, decode_compressed


class BadImage(ImageError):
    """An image message that cannot be read. `kind` is the kind of the defect; each kind is logged once."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def view_layout(msg: Any, convert: Callable[[Any], NDArray[np.uint8]] | None = None) -> tuple[Pixels, Encoding]:
    """Check an image message, sensor_msgs/Image, and view its pixels.

    Args:
        msg: the message.
        convert: converts messages with encodings that are not in ENCODINGS to (H, W, 3) uint8 BGR; None to reject them.

    Returns:
        The pixels, (data rows, width, channels) uint8 or uint16 in the byte order of the message, as a view of its data
        with possibly padded rows; and their encoding.

    Raises:
        BadImage: zero or excessive size, unsupported encoding, wrong step, too little data.
    """
    check_size(msg.height, msg.width)
    encoding = ENCODINGS.get(msg.encoding)
    if encoding is None and convert is not None:
        return convert(msg), ENCODINGS['bgr8']
    if encoding is None:
        known = ', '.join(ENCODINGS)
        raise BadImage('encoding', f'encoding {msg.encoding[:40]!r} is not supported. Supported encodings: {known}')
    if msg.height % encoding.even[0] or msg.width % encoding.even[1]:
        raise BadImage('odd size', f'encoding {msg.encoding!r} requires an even size, got {msg.width}x{msg.height}')
    if msg.step < msg.width * encoding.pixel_bytes:
        raise BadImage(
            'step',
            f'encoding {msg.encoding!r} with step {msg.step} cannot hold {msg.width} pixels '
            f'of {encoding.pixel_bytes} {"byte" if encoding.pixel_bytes == 1 else "bytes"}',
        )
    rows = msg.height * encoding.rows // 2
    check_data(msg.data, rows, msg.step)
    dtype = np.dtype(f'{">" if msg.is_bigendian else "<"}u{encoding.bits // 8}')
    strides = (msg.step, encoding.pixel_bytes, dtype.itemsize)
    return np.ndarray((rows, msg.width, encoding.channels), dtype, msg.data, strides=strides), encoding


def check_size(height: int, width: int) -> None:
    """Check the size of a picture.

    Raises:
        BadImage: it has no pixels, or more than the limit.
    """
    if height == 0 or width == 0:
        raise BadImage('empty', f'an image of {width}x{height} has no pixels')
    if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
        raise BadImage('size', f'a size of {size_problem(height, width)}')


def check_data(data: Any, rows: int, step: int) -> None:
    """Check that the data of a message hold a number of rows of `step` bytes.

    Raises:
        BadImage: they do not.
    """
    if len(data) < rows * step:
        raise BadImage('data', f'got {len(data)} bytes of data, expected {rows} rows of {step} bytes')


def check_compressed_image(msg: Any) -> CompressedPicture:
    """Check a CompressedImage without decoding it, so that a bad one is dropped immediately.

    Raises:
        BadImage: neither JPEG nor PNG, too large, truncated or damaged.
    """
    try:
        return check_compressed(bytes(msg.data))
    except ImageError as error:
        raise BadImage('stream', f'format {msg.format[:40]!r}: {error}') from error


def decompress(msg: Any, picture: CompressedPicture | None = None, mono16_bits: int = 16) -> NDArray[np.uint8]:
    """Decompress a CompressedImage to (H, W, 3) uint8 BGR.

    Args:
        msg: the message. If its format contains a Bayer encoding, as in 'bayer_rggb8; jpeg compressed', the grey
            picture is demosaiced.
        picture: result of `check_compressed_image`; None to check it now.
        mono16_bits: significant bits of 16-bit values.

    Raises:
        BadImage: neither JPEG nor PNG, too large, truncated or damaged.
    """
    name = msg.format.split(';')[0].strip()
    mosaic = ENCODINGS.get(name) if name.startswith('bayer_') else None
    picture = picture or check_compressed_image(msg)
    try:
        return decode_compressed(picture, mosaic, mono16_bits)
    except ImageError as error:
        raise BadImage('stream', f'format {msg.format[:40]!r}: {error}') from error
