# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images in the messages of bags: to BGR, and back in their own encoding and format."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...encodings import ENCODINGS, to_bgr
from ...errors import ImageError
from ...image_layout import check_compressed_image, decompress, view_layout
from ..contact_sheet import fit
from ..image_writing import write_bgr
from .messages import IMAGE, empty, read, write
from .storage import BagError, RawMessage

_JPEG_QUALITY = 95
_STORED = {  # by channels and bytes per value, of a decoded JPEG or PNG
    (1, 1): 'mono8',
    (1, 2): 'mono16',
    (3, 1): 'bgr8',
    (3, 2): 'bgr16',
    (4, 1): 'bgra8',
    (4, 2): 'bgra16',
}

_DEPTH = ('16UC1', '32FC1')
"""Source: REP 118."""


class BagImage:
    """The image of one message, sensor_msgs/Image or CompressedImage.

    Attributes:
        content: the deserialised message.
        bgr: (H, W, 3) uint8.
    """

    def __init__(self, message: RawMessage, mono16_bits: int = 16) -> None:
        """Read a message.

        Args:
            message: of one of IMAGE_TYPES.
            mono16_bits: significant bits of 16-bit values.

        Raises:
            BagError, ImageError: the message or its image cannot be read.
        """
        self._message, self._bits = message, mono16_bits
        self.content = _read(message)
        if message.msgtype == IMAGE:
            self.bgr = to_bgr(*view_layout(self.content), mono16_bits)
        else:
            self.bgr = decompress(self.content, mono16_bits=mono16_bits)

    def replaced_by(self, bgr: NDArray[np.uint8]) -> bytes | None:
        """Return the serialised message with another image of the same size; None if nothing has to change.

        Pixels that are the same keep their values. A JPEG is compressed again, with the quality 95. Bytes of raw images
        that belong to no pixel become 0: nobody has searched them for people, but they can show the rest of an image.
        """
        differs = bgr != self.bgr
        changed = differs[..., 0] | differs[..., 1] | differs[..., 2]  # several times as fast as any(axis=2)
        raw = self._message.msgtype == IMAGE
        if not (raw and _erase_hidden(self.content)) and not changed.any():
            return None
        if raw:
            pixels, _ = view_layout(self.content)
            write_bgr(pixels, self.content.encoding, bgr, changed, self._bits)
        else:
            self._replace_compressed(bgr, changed)
        return write(self.content, self._message.wire)

    def _replace_compressed(self, bgr: NDArray[np.uint8], changed: NDArray[np.bool_]) -> None:
        picture = check_compressed_image(self.content)
        pixels = np.asarray(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_UNCHANGED))
        values = pixels[..., None] if pixels.ndim == 2 else pixels
        name = self.content.format.split(';')[0].strip()
        if not name.startswith('bayer_') or name not in ENCODINGS:
            name = _STORED[values.shape[2], values.itemsize]
        write_bgr(values, name, bgr, changed, self._bits)
        self.content.data = _compress(pixels, picture.format)


def _erase_hidden(content: Any) -> bool:
    """Set the bytes after each row and after the last row of a sensor_msgs/Image to 0; return whether any was not 0."""
    pixels, encoding = view_layout(content)
    rows, width = pixels.shape[:2]
    content.data = np.array(content.data)
    end = rows * content.step
    hidden = content.data[:end].reshape(rows, content.step)[:, width * encoding.pixel_bytes :], content.data[end:]
    found = any(part.any() for part in hidden)
    for part in hidden:
        part[...] = 0
    return found


def blank(message: RawMessage) -> bytes:
    """Return a message without its image: with pixels of zeros, or compressed data of length 0.

    A message that cannot be read becomes one without any content.
    """
    try:
        content = read(message)
        content.data = np.zeros(len(content.data) if message.msgtype == IMAGE else 0, np.uint8)
    except BagError:
        content = empty(message.msgtype, message.wire)
    return write(content, message.wire)


def encoding_problem(message: RawMessage) -> str:
    """Return why the image of a message cannot be read, judging by its fields; empty if it probably can."""
    try:
        content = _read(message)
        if message.msgtype == IMAGE:
            view_layout(content)
        else:
            check_compressed_image(content)
    except (BagError, ImageError) as error:
        return str(error)
    return ''


def _read(message: RawMessage) -> Any:
    """Return the deserialised message; raise BagError if it cannot be read or contains a depth image."""
    content = read(message)
    encoding = content.encoding if message.msgtype == IMAGE else content.format.split(';')[0].strip()
    if encoding in _DEPTH:
        raise BagError(f'encoding {encoding!r} is that of depth images')
    return content


def compress_thumbnail(bgr: NDArray[np.uint8]) -> bytes:
    """Return an image as JPEG, in the size of the pictures of a contact sheet."""
    return _compress(fit(bgr), 'jpeg').tobytes()


def _compress(pixels: NDArray[Any], kind: str) -> NDArray[np.uint8]:
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if kind == 'jpeg' else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    done, data = cv2.imencode('.jpg' if kind == 'jpeg' else '.png', pixels, options)
    if not done:
        raise ImageError(f'an image of {pixels.shape} cannot be compressed as {kind}')
    return np.asarray(data, np.uint8).reshape(-1)
