# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuts people out of an image, and places them in front of another one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_segmentation
from ..errors import ImageError
from ..pictures import read_picture
from ..segmentation import Segmentation
from .blend import mix
from .colors import Order

PLAIN_BACKGROUND = (64, 177, 0)
"""BGR; the green of chroma keying."""

_SOFT = 0.25
"""Half of the range of confidences, around 0.5, in which pixels are partly transparent."""


def cut_out(image: NDArray[np.uint8], segmentation: Segmentation) -> NDArray[np.uint8]:
    """Make the background of an image transparent.

    Args:
        image: (H, W, 3) uint8, any channel order.
        segmentation: of the image; with confidence, the edges are soft.

    Returns:
        (H, W, 4) uint8, alpha last and not premultiplied; pixels that are fully transparent are black.

    Raises:
        ImageError: an array has a wrong shape or type, or the sizes differ.

    Example:
        >>> found = net.segment(image, refine=True, confidence=True)
        >>> cv2.imwrite('person.png', cut_out(image, found))
    """
    require_segmentation(image, segmentation)
    alpha = opacity(segmentation)
    return np.asarray(cv2.merge([*cv2.split(cv2.copyTo(image, alpha)), alpha]), np.uint8)


def opacity(segmentation: Segmentation) -> NDArray[np.uint8]:
    """Return the opacity of people, (H, W) uint8: at least 128 inside the mask and at most 127 outside.

    With confidence c, it rises linearly from 0 at c = 0.25 to 255 at c = 0.75; without, it is 0 or 255.
    """
    mask = segmentation.mask.view(np.uint8)
    if segmentation.confidence is None:
        return mask * np.uint8(255)
    soft = cv2.LUT(segmentation.confidence, _RAMP)
    return np.asarray(cv2.copyTo(cv2.max(soft, 128), mask, cv2.min(soft, 127)), np.uint8)


def replace_background(
    image: NDArray[np.uint8], segmentation: Segmentation, background_file: str = '', order: Order = 'bgr'
) -> NDArray[np.uint8]:
    """Show people in front of another picture, which is scaled and cropped to the size of the image.

    Args:
        image: (H, W, 3) uint8.
        segmentation: of the image; with confidence, the edges are soft.
        background_file: path of the picture; empty for `PLAIN_BACKGROUND`. It is read again after it has changed.
        order: channel order of the image and of the result.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: the file is not a picture that can be read, or the sizes differ.
    """
    height, width = image.shape[:2]
    background = _background(background_file, _changed_ns(background_file), height, width)
    if isinstance(background, ImageError):
        raise ImageError(f'overlay_background: {background}')
    return mix(image, background if order == 'bgr' else background[..., ::-1], opacity(segmentation))


@lru_cache(maxsize=8)  # one for each size of the cameras
def _background(file: str, changed_ns: int, height: int, width: int) -> NDArray[np.uint8] | ImageError:
    """Return the background in the size of an image, BGR, or why it cannot be read."""
    if not file:
        return np.full((height, width, 3), PLAIN_BACKGROUND, np.uint8)
    try:
        picture = read_picture(Path(file))
    except ImageError as error:
        return error
    scale = max(height / picture.shape[0], width / picture.shape[1])
    rows, columns = (
        min(round(size / scale), whole) for size, whole in zip((height, width), picture.shape, strict=False)
    )
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    middle = picture[top : top + max(rows, 1), left : left + max(columns, 1)]
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(middle, (width, height), interpolation=interpolation), np.uint8)


def _changed_ns(file: str) -> int:
    """Return when a file was changed; 0 if there is none."""
    try:
        return Path(file).stat().st_mtime_ns if file else 0
    except OSError:
        return 0


def _ramp() -> NDArray[np.uint8]:
    """Return (256,) uint8, the opacity of each confidence."""
    share = (np.arange(256) / 255 - 0.5 + _SOFT) / (2 * _SOFT)
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)


_RAMP = _ramp()
