# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes arrays into image messages, and reads messages with unusual encodings with cv_bridge."""

from __future__ import annotations

import array
import math
import sys
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from ..encodings import ENCODINGS
from ..image_layout import BadImage, check_data


def convert_with_cv_bridge(msg: Image) -> NDArray[np.uint8]:
    """Convert a message with an encoding that is not in ENCODINGS to (H, W, 3) uint8 BGR, for `view_layout`.

    Raises:
        BadImage: cv_bridge is not installed or does not support the encoding either, or there is too little data.
    """
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
