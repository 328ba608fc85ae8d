"""Converts image messages to arrays and back. Messages are checked first, and their pixels are not copied."""

from __future__ import annotations

import array
import math
import sys
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from ..encodings import ENCODINGS, Encoding, Pixels
from ..errors import ImageError
from ..pictures import MAX_PIXELS, MAX_SIDE, CompressedPicture, check_compressed, decode_compressed


class BadImage(ImageError):
    """An image message that cannot be read. `kind` is the kind of the defect; each kind is logged once."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def view_pixels(msg: Image) -> tuple[Pixels, Encoding]:
    """Check an image message and view its pixels.

    Returns:
        The pixels, (data rows, width, channels) uint8 or uint16 in the byte order of the message, as a view of its data
        with possibly padded rows; and their encoding.

    If cv_bridge is installed, it converts encodings that are not in ENCODINGS to BGR.

    Raises:
        BadImage: zero or excessive size, unsupported encoding, wrong step, too little data.
    """
    check_size(msg.height, msg.width)
    encoding = ENCODINGS.get(msg.encoding)
    if encoding is None:
        return _convert_with_cv_bridge(msg), ENCODINGS['bgr8']
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
        raise BadImage(
            'size', f'a size of {width}x{height} exceeds the limit of {MAX_PIXELS} pixels, {MAX_SIDE} per side'
        )


def check_data(data: Any, rows: int, step: int) -> None:
    """Check that the data of a message hold a number of rows of `step` bytes.

    Raises:
        BadImage: they do not.
    """
    if len(data) < rows * step:
        raise BadImage('data', f'got {len(data)} bytes of data, expected {rows} rows of {step} bytes')


def _convert_with_cv_bridge(msg: Image) -> NDArray[np.uint8]:
    """Convert an encoding that is not in ENCODINGS to (H, W, 3) uint8 BGR."""
    encoding = repr(msg.encoding[:40])
    bridge, reason = _open_cv_bridge()
    if bridge is None:
        known = ', '.join(ENCODINGS)
        raise BadImage('encoding', f'encoding {encoding} is not supported; {reason}. Supported encodings: {known}')
    check_data(msg.data, msg.height, msg.step)
    try:
        picture = np.asarray(bridge.imgmsg_to_cv2(msg, 'bgr8'))
    except Exception as error:  # CvBridgeError, and RuntimeError and TypeError of its C++ part
        raise BadImage('encoding', f'encoding {encoding} is not supported, and cv_bridge failed: {error}') from error
    if picture.shape != (msg.height, msg.width, 3) or picture.dtype != np.uint8:
        raise BadImage('encoding', f'encoding {encoding}: cv_bridge returned {picture.shape} of type {picture.dtype}')
    return picture


@cache
def _open_cv_bridge() -> tuple[Any, str]:
    """Return the converter of cv_bridge, or None and the reason why it is not available."""
    try:
        from cv_bridge import CvBridge

        return CvBridge(), ''
    except ImportError:
        return None, 'cv_bridge, which may support it, is not installed (apt install ros-$ROS_DISTRO-cv-bridge)'
    except Exception as error:  # built for another version of NumPy or OpenCV
        return None, f'cv_bridge, which may support it, failed to load ({error})'


def check_compressed_image(msg: CompressedImage) -> CompressedPicture:
    """Check a CompressedImage without decoding it, so that a bad one is dropped immediately.

    Raises:
        BadImage: neither JPEG nor PNG, too large, truncated or damaged.
    """
    try:
        return check_compressed(bytes(msg.data))
    except ImageError as error:
        raise BadImage('stream', f'format {msg.format[:40]!r}: {error}') from error


def decompress(
    msg: CompressedImage, picture: CompressedPicture | None = None, mono16_bits: int = 16
) -> NDArray[np.uint8]:
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


def prepare(msg: Image, header: Any, shape: tuple[int, ...], dtype: npt.DTypeLike, encoding: str) -> NDArray[Any]:
    """Resize a message for an image and return its pixels for writing.

    Args:
        msg: the message to write to. Reuse one per topic, because new messages cause page faults.
        header: std_msgs/Header, not copied.
        shape: (H, W) or (H, W, C).
        dtype: type of the values, in native byte order.
        encoding: the name of this layout in sensor_msgs/Image.

    Returns:
        A view of the data of the message, with undefined content. Release it before the next call.
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
