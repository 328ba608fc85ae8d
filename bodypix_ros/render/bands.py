# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rendering in bands of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BAND_PIXELS = 1 << 15


def draw_in_bands(draw: Callable[..., NDArray[np.uint8]], *images: NDArray[Any]) -> NDArray[np.uint8]:
    """Call draw(*images) band by band, where each row of the result depends only on the same row of the images.

    Intermediate arrays then stay in the processor's cache. For a large image as a whole, allocating their memory takes
    more time than drawing.

    Args:
        draw: function of rows of each image that returns (rows, W, C) uint8.
        images: arrays of the same height and width.

    Returns:
        (H, W, C) uint8.
    """
    height, width = images[0].shape[:2]
    rows = max(1, _BAND_PIXELS // width)
    first = draw(*(image[:rows] for image in images))
    drawing = np.empty((height, *first.shape[1:]), np.uint8)
    drawing[:rows] = first
    for top in range(rows, height, rows):
        drawing[top : top + rows] = draw(*(image[top : top + rows] for image in images))
    return drawing
