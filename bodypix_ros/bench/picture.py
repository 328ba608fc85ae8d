"""A picture of a person in any size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BodyPixError


def astronaut() -> NDArray[np.uint8]:
    """Return the one picture of a person that every machine can have, (512, 512, 3) uint8 BGR.

    Raises:
        BodyPixError: scikit-image, which brings it, is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise BodyPixError(
            'the picture of a person is in scikit-image, which is not installed; pip install scikit-image, '
            'or give a --picture'
        ) from error
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def fit(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the whole picture as large as it fits into a frame, its borders drawn out to the frame's.

    Args:
        picture: (H, W, 3) uint8.
        width: of the frame, pixels.
        height: of the frame, pixels.

    Returns:
        (height, width, 3) uint8.
    """
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner_width = max(1, min(width, round(picture.shape[1] * scale)))
    inner_height = max(1, min(height, round(picture.shape[0] * scale)))
    inner = cv2.resize(picture, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    right, bottom = width - inner_width - left, height - inner_height - top
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
