"""Compressed images. What a stream says about itself is checked before a decoder takes memory for it."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import ImageError

_JPEG, _PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
_JPEG_END = b'\xff\xd9'
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of frame headers; the three left out define tables."""


def decode_stream(data: NDArray[np.uint8], max_pixels: int) -> NDArray[np.uint8]:
    """Decompress a JPEG or PNG stream.

    Args:
        data: (N,) uint8, the stream.
        max_pixels: larger pictures are refused.

    Returns:
        (H, W, 3) uint8 BGR, as stored: a camera's orientation tag does not turn it, so that it fits its camera_info.

    Raises:
        ImageError: neither JPEG nor PNG, too large, cut off or broken.
    """
    stream = data.tobytes()
    if stream.startswith(_PNG):
        height, width = _png_size(stream)
    elif stream.startswith(_JPEG):
        height, width = _jpeg_size(stream)
    else:
        raise ImageError(f'{len(stream)} bytes that begin with {stream[:8].hex()!r} are neither JPEG nor PNG')
    if height * width > max_pixels:
        raise ImageError(f'a compressed image of {width}x{height} is above the limit of {max_pixels} pixels')
    image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or image.shape[:2] != (height, width):
        raise _broken(stream)
    return image.view(np.uint8)


def _png_size(stream: bytes) -> tuple[int, int]:
    """Check the chunks of a PNG stream and return the height and width that the first one tells.

    OpenCV takes memory by the forged length of a chunk, up to 4 GB.
    """
    place, kind = len(_PNG), b''
    while kind != b'IEND':
        length, kind = struct.unpack('>I4s', stream[place : place + 8]) if place + 12 <= len(stream) else (2**32, b'')
        end = place + 12 + length
        if end > len(stream):
            raise ImageError(f'a compressed image of {len(stream)} bytes was cut off')
        if zlib.crc32(stream[place + 4 : end - 4]) != int.from_bytes(stream[end - 4 : end], 'big'):
            raise _broken(stream)
        place = end
    width, height = struct.unpack('>II', stream[16:24])
    return height, width


def _jpeg_size(stream: bytes) -> tuple[int, int]:
    """Check the end of a JPEG stream and return the height and width that its frame header tells.

    OpenCV gives the upper part of a stream that was cut off, with grey below.
    """
    if not stream[-64:].rstrip(b'\0').endswith(_JPEG_END):
        raise ImageError(f'a compressed image of {len(stream)} bytes was cut off')
    place = 2
    while place + 9 <= len(stream) and stream[place] == 0xFF:
        marker, length = stream[place + 1], int.from_bytes(stream[place + 2 : place + 4], 'big')
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack('>HH', stream[place + 5 : place + 9])
            return height, width
        place += 1 if marker == 0xFF else 2 + length  # markers may be filled up
    raise _broken(stream)


def _broken(stream: bytes) -> ImageError:
    return ImageError(f'a compressed image of {len(stream)} bytes cannot be decoded')
