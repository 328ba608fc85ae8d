"""Between image messages and arrays. Every message is hostile until checked; pixels are viewed, not copied."""

from __future__ import annotations

import array
import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from ..encodings import ENCODINGS, Encoding, Pixels
from ..errors import ImageError
from ..streams import decode_stream

MAX_PIXELS = 2**25
MAX_SIDE = 2**14
"""Larger images are refused: 8K video fits, a forged size does not take the machine's memory."""


class BadImage(ImageError):
    """An image message that cannot be read. `kind` names the defect in a word, so that each is reported once."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def view_pixels(msg: Image) -> tuple[Pixels, Encoding]:
    """Check an image message and view its pixels.

    Returns:
        The pixels, (data rows, width, channels) uint8 or uint16 in the message's byte order, a view of the message's
        data whose rows may be padded; and the encoding that says what they mean.

    Raises:
        BadImage: zero or too large a size, unknown encoding, wrong step, short data.
    """
    encoding = ENCODINGS.get(msg.encoding)
    if encoding is None:
        raise BadImage('encoding', f'encoding {msg.encoding[:40]!r} is not known; known are {", ".join(ENCODINGS)}')
    _check_size(msg, encoding)
    if msg.step < msg.width * encoding.pixel_bytes:
        raise BadImage(
            'step',
            f'encoding {msg.encoding!r} with step {msg.step} cannot hold {msg.width} pixels '
            f'of {encoding.pixel_bytes} {"byte" if encoding.pixel_bytes == 1 else "bytes"}',
        )
    rows = encoding.data_rows(msg.height)
    if len(msg.data) < rows * msg.step:
        raise BadImage('data', f'{len(msg.data)} bytes of data are fewer than {rows} rows of {msg.step} bytes each')
    dtype = np.dtype(f'{">" if msg.is_bigendian else "<"}u{encoding.bits // 8}')
    strides = (msg.step, encoding.pixel_bytes, dtype.itemsize)
    return np.ndarray((rows, msg.width, encoding.channels), dtype, msg.data, strides=strides), encoding


def _check_size(msg: Image, encoding: Encoding) -> None:
    if msg.height == 0 or msg.width == 0:
        raise BadImage('empty', f'a size of {msg.width}x{msg.height} has no pixels')
    _check_limits(msg.height, msg.width)
    if msg.height % encoding.even[0] or msg.width % encoding.even[1]:
        raise BadImage('odd size', f'encoding {msg.encoding!r} needs an even size, got {msg.width}x{msg.height}')


def _check_limits(height: int, width: int) -> None:
    if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
        raise BadImage(
            'size', f'a size of {width}x{height} is above the limit of {MAX_PIXELS} pixels, {MAX_SIDE} a side'
        )


def decompress(msg: CompressedImage) -> NDArray[np.uint8]:
    """Decompress a CompressedImage to (H, W, 3) uint8 BGR.

    Raises:
        BadImage: neither JPEG nor PNG, or broken.
    """
    try:
        picture = decode_stream(np.frombuffer(msg.data, np.uint8), MAX_PIXELS)
    except ImageError as error:
        raise BadImage('stream', f'format {msg.format[:40]!r}: {error}') from error
    _check_limits(*picture.shape[:2])
    return picture


def prepare(msg: Image, header: Any, shape: tuple[int, ...], dtype: npt.DTypeLike, encoding: str) -> NDArray[Any]:
    """Give a message the size of an image and return its pixels, to be written.

    Args:
        msg: the message to write to; fresh messages cost page faults, so keep one for each topic.
        header: std_msgs/Header, taken as it is.
        shape: (H, W) or (H, W, C).
        dtype: of the values, in the machine's byte order.
        encoding: the name of all that in sensor_msgs/Image.

    Returns:
        A view of the message's data, which holds what it held before. To be let go of before the next call.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if len(msg.data) != size:
        msg.data = array.array('B', bytes(size))
    msg.header = header
    msg.height, msg.width = shape[:2]
    msg.encoding, msg.is_bigendian = encoding, sys.byteorder == 'big'
    msg.step = size // msg.height
    return np.frombuffer(msg.data, dtype).reshape(shape)


def fill(msg: Image, header: Any, image: NDArray[Any], encoding: str) -> None:
    """Write an image, (H, W) or (H, W, C), into a message; see `prepare`."""
    np.copyto(prepare(msg, header, image.shape, image.dtype, encoding), image)
