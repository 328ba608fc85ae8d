# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads untrusted pictures: files and compressed images are checked before a decoder allocates memory for them."""

from __future__ import annotations

import os
import re
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, __version__

from .encodings import ENCODINGS, MAX_PIXELS, Encoding, size_problem, to_bgr
from .errors import ImageError

_JPEG, _PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
_FILL, _START_OF_SCAN = 0xFF, 0xDA
_SCAN, _JPEG_END = b'\xff\xda', b'\xff\xd9'
_MAX_SEGMENTS, _MAX_CHUNKS = 2**8, 2**14
"""Limits for a JPEG header and for a PNG. Pillow parses them in Python, so a very large number would take seconds."""

_MAX_SCANNED_PIXELS = 2**29
"""Limit of pixels times scans: each scan of a progressive JPEG passes over the whole picture."""

_BOMB_PIXELS, _BOMB_RATIO = 2**23, 100
"""Above this size, a picture with more pixels per byte than camera images have is treated as a decompression bomb."""

_CODEC_LINE = re.compile(
    rb'Corrupt JPEG data|Premature end of JPEG|Invalid SOS|Inconsistent progression|Warning: unknown JFIF|'
    rb'Unknown Adobe|\[[^]]*\] global (grfmt_|loadsave)'
)
_DAMAGE = re.compile(rb'premature end|bad Huffman|instead of RST', re.IGNORECASE)
"""Warnings of libjpeg after which a part of the picture is wrong; others, such as stray bytes, are harmless."""

_STDERR = 2
_stderr_lock = threading.Lock()


@dataclass(frozen=True)
class CompressedPicture:
    """A compressed image whose header was checked.

    Attributes:
        format: 'jpeg' or 'png'.
        height: of the picture, pixels.
        width: of the picture, pixels.
        data: the stream, without bytes after its end and without chunks that the pixels do not require.
    """

    format: Literal['jpeg', 'png']
    height: int
    width: int
    data: bytes


def check_compressed(data: bytes, max_pixels: int = MAX_PIXELS) -> CompressedPicture:
    """Check a JPEG or PNG stream without decoding it.

    Takes a small fraction of the decoding time for any data.

    Args:
        data: the stream. Bytes after its end are ignored: cameras pad with zeros, 0xFF or old buffer content.
        max_pixels: larger pictures are rejected.

    Raises:
        ImageError: neither JPEG nor PNG, too large, truncated or damaged.
    """
    if data.startswith(_PNG):
        picture = _check_png(data)
    elif data.startswith(_JPEG):
        picture = _check_jpeg(data)
    else:
        raise ImageError(f'{len(data)} bytes that begin with {data[:8].hex()!r} are neither JPEG nor PNG')
    height, width = picture.height, picture.width
    if problem := size_problem(height, width, max_pixels):
        raise ImageError(f'a compressed image of {problem}')
    if height * width > max(_BOMB_PIXELS, _BOMB_RATIO * len(picture.data)):
        raise ImageError(
            f'a compressed image of {width}x{height} in {len(picture.data)} bytes is treated as a decompression bomb'
        )
    return picture


def decode_compressed(
    picture: CompressedPicture, mosaic: Encoding | None = None, mono16_bits: int = 16
) -> NDArray[np.uint8]:
    """Decode a checked picture.

    Args:
        picture: as `check_compressed` returned it.
        mosaic: the Bayer encoding of the pixels, if the grey picture is a Bayer image.
        mono16_bits: significant bits of 16-bit values.

    Returns:
        (H, W, 3) uint8 BGR, as stored: an orientation tag is ignored, so that the picture matches its camera_info.

    Raises:
        ImageError: the data are damaged, or the size is odd but the pixels form a Bayer pattern.
    """
    if mosaic is not None and (picture.height % 2 or picture.width % 2):
        raise ImageError(f'a Bayer pattern requires an even size, got {picture.width}x{picture.height}')
    pixels = _decode_jpeg(picture, mosaic is not None) if picture.format == 'jpeg' else _decode_png(picture)
    if pixels.shape[:2] != (picture.height, picture.width):
        raise _damaged(picture.data, 'its size differs from that in its header')
    return _as_bgr(pixels, mosaic, mono16_bits)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture file as (H, W, 3) uint8 BGR, rotated according to its orientation tag.

    Raises:
        ImageError: the file is missing, unreadable, not a picture, too large, truncated or damaged.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ImageError('not a file; expected a picture file')
        with path.open('rb') as file, warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of unusual metadata
            warnings.simplefilter('error', Image.DecompressionBombWarning)
            image: Image.Image = Image.open(file)
            if image.format != 'TIFF':  # Pillow rotates TIFF itself, and before 10.0 it does not remove the tag
                image = ImageOps.exif_transpose(image)
            return _as_bgr(_pixels(image))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError(f'{path} exceeds the limit of {Image.MAX_IMAGE_PIXELS} pixels; scale it down first') from error
    except UnidentifiedImageError as error:
        raise ImageError(f'{path} is not a picture that Pillow {__version__} can read') from error
    except FileNotFoundError as error:
        raise ImageError(f'{path} does not exist; expected a picture file') from error
    except ImageError as error:
        raise ImageError(f'{path}: {error}') from error
    except Exception as error:  # for damaged files, Pillow's parsers raise many kinds of exceptions
        if isinstance(error, OSError) and error.strerror:
            raise ImageError(f'{path} cannot be read ({error.strerror})') from error
        raise ImageError(f'{path} is {"truncated" if "truncated" in str(error) else f"damaged ({error})"}') from error


def _check_jpeg(data: bytes) -> CompressedPicture:
    """Read the header with Pillow and find the end marker, because OpenCV 4 fills a truncated picture with grey."""
    start = _find_scan(data)
    try:
        image = JpegImagePlugin.JpegImageFile(BytesIO(data[:start]))
    except Exception as error:  # SyntaxError, OSError, struct.error and others
        raise _damaged(data, 'its JPEG header is invalid') from error
    end = data.rfind(_JPEG_END, start)  # an embedded thumbnail, which also has an end marker, is in the header
    if end < 0:
        raise _truncated(data)
    width, height = image.size
    scans = data.count(_SCAN, 0, end) if 'progressive' in image.info else 1
    if scans * height * width > _MAX_SCANNED_PIXELS:
        raise ImageError(f'a compressed image of {width}x{height} has too many scans ({scans})')
    return CompressedPicture('jpeg', height, width, data[: end + len(_JPEG_END)])


def _find_scan(data: bytes) -> int:
    """Return where the header of a JPEG stream ends."""
    place = 2
    for _ in range(_MAX_SEGMENTS):
        if place + 4 > len(data):
            raise _truncated(data)
        fill, marker, length = struct.unpack_from('>BBH', data, place)
        if fill != _FILL:
            raise _damaged(data, 'its JPEG header is invalid')
        place += 1 if marker == _FILL else 2 + length
        if marker == _START_OF_SCAN:
            return place
    raise _damaged(data, f'more than {_MAX_SEGMENTS} segments in its JPEG header')


def _check_png(data: bytes) -> CompressedPicture:
    """Check the chunks, and keep those that the pixels require, as a stream of at most four chunks.

    The number and inflated size of other chunks are unlimited, and a decoder may allocate a chunk's declared length.
    """
    chunks: dict[bytes, list[memoryview]] = {b'IHDR': [], b'PLTE': [], b'IDAT': [], b'IEND': []}
    view, place = memoryview(data), len(_PNG)
    for _ in range(_MAX_CHUNKS):
        if place + 12 > len(data):
            raise _truncated(data)
        length, kind = struct.unpack_from('>I4s', data, place)
        end = place + 12 + length
        if end > len(data):
            raise _truncated(data)
        if kind in chunks:
            if zlib.crc32(view[place + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], 'big'):
                raise _damaged(data, f'wrong checksum of {kind.decode()}')
            chunks[kind].append(view[place + 8 : end - 4])
        if kind == b'IEND':
            return _rebuild_png(data, chunks)
        place = end
    raise _damaged(data, f'more than {_MAX_CHUNKS} chunks')


def _rebuild_png(data: bytes, chunks: dict[bytes, list[memoryview]]) -> CompressedPicture:
    if not chunks[b'IHDR'] or not chunks[b'IDAT']:
        raise _damaged(data, 'no IHDR or no IDAT')
    parts = {b'IHDR': chunks[b'IHDR'][:1], b'PLTE': chunks[b'PLTE'][:1], b'IDAT': chunks[b'IDAT'], b'IEND': []}
    stream = _PNG + b''.join(_chunk(kind, b''.join(part)) for kind, part in parts.items() if part or kind == b'IEND')
    try:
        width, height = PngImagePlugin.PngImageFile(BytesIO(stream)).size
    except Exception as error:  # SyntaxError, OSError, struct.error and others
        raise _damaged(data, 'its PNG header is invalid') from error
    return CompressedPicture('png', height, width, stream)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(content, zlib.crc32(kind)))


def _decode_jpeg(picture: CompressedPicture, grey: bool) -> NDArray[Any]:
    """Decode with OpenCV, which takes half the time of Pillow."""
    flags = (cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION
    with _codec_messages() as messages:
        try:
            pixels = cv2.imdecode(np.frombuffer(picture.data, np.uint8), flags)
        except cv2.error as error:
            raise _damaged(picture.data, str(error)) from error
    if pixels is None:
        raise _damaged(picture.data, 'OpenCV cannot decode it')
    for message in filter(_DAMAGE.search, messages):
        raise _damaged(picture.data, message.decode('ascii', 'replace'))
    return pixels


def _decode_png(picture: CompressedPicture) -> NDArray[Any]:
    """Decode with Pillow, which stops inflating when the picture is complete and prints nothing."""
    try:
        return _pixels(PngImagePlugin.PngImageFile(BytesIO(picture.data)))
    except ImageError:
        raise
    except Exception as error:  # OSError, SyntaxError, ValueError, zlib.error
        raise _damaged(picture.data, str(error)) from error


def _pixels(image: Image.Image) -> NDArray[Any]:
    """Return the pixels of a Pillow image: (H, W) uint16 or uint8 if it is grey, otherwise (H, W, 3) uint8 BGR."""
    if image.mode in ('I', 'F') or image.mode.startswith('I;16'):
        values = np.asarray(image)
        if values.dtype.kind == 'f' or not 0 <= values.min() <= values.max() <= 0xFFFF:
            raise ImageError('its grey values are not integers of 0..65535; expected 8 or 16 bits')
        return values.astype(np.uint16)
    if image.mode == 'L':
        return np.asarray(image)
    return np.asarray(cv2.cvtColor(np.asarray(image.convert('RGB')), cv2.COLOR_RGB2BGR))


def _as_bgr(pixels: NDArray[Any], mosaic: Encoding | None = None, mono16_bits: int = 16) -> NDArray[np.uint8]:
    """Convert the pixels of `_pixels` to (H, W, 3) uint8 BGR."""
    if pixels.ndim == 3:
        return pixels
    encoding = replace(mosaic or ENCODINGS['mono8'], bits=16 if pixels.dtype == np.uint16 else 8)
    return to_bgr(pixels[..., np.newaxis], encoding, mono16_bits)


@contextmanager
def _codec_messages() -> Iterator[list[bytes]]:
    """Collect the lines that libjpeg prints on stderr in this block; forward the lines of other threads.

    OpenCV contains its own copy of libjpeg, so there is no other way to keep these lines out of the log.
    """
    messages: list[bytes] = []
    with _stderr_lock:
        try:
            saved = os.dup(_STDERR)
        except OSError:  # stderr is closed
            yield messages
            return
        captured = os.memfd_create('codec messages')
        try:
            os.dup2(captured, _STDERR)
            yield messages
        finally:
            os.dup2(saved, _STDERR)
            os.close(saved)
            lines = os.pread(captured, os.lseek(captured, 0, os.SEEK_CUR), 0).splitlines(keepends=True)
            os.close(captured)
            for line in lines:
                if _CODEC_LINE.match(line):
                    messages.append(line.strip())
                else:
                    os.write(_STDERR, line)


def _truncated(data: bytes) -> ImageError:
    return ImageError(f'a compressed image of {len(data)} bytes is truncated')


def _damaged(data: bytes, reason: str) -> ImageError:
    return ImageError(f'a compressed image of {len(data)} bytes is damaged: {reason}')
