# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's detector of faces, applied to tiles of an image so that small faces are found as well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...regions import RotatedRegion
from ..numpy_kernels import Image
from .regions import whole_image
from .session import Session
from .ssd import Detector

Floats = NDArray[np.float32]

_OVERLAP = 0.3  # of adjacent tiles, as a fraction of their size


class FaceDetector:
    """Runs the network 'face_detection'."""

    def __init__(self, face_detection: Session) -> None:
        """Use the session of the network."""
        self._detector = Detector(face_detection, 'face_detection', (4,), anchors_per_cell=1)

    def find(self, image: Image, tiles: int = 3, min_score: float = 0.5) -> Floats:
        """Find faces.

        Args:
            image: (H, W, 3) uint8 BGR.
            tiles: tiles along the longer side of the image, in addition to the whole image; 1 means only the latter.
            min_score: of a face, 0..1.

        Returns:
            (M, 4) float32: left, top, right and bottom of each face, pixels; best first.

        Source: the graph FaceDetectionFullRange of MediaPipe.
        """
        regions = [whole_image(*image.shape[:2]), *_tiles(image.shape[0], image.shape[1], tiles)]
        return self._detector.find(image, regions, min_score).boxes


def _tiles(height: int, width: int, count: int) -> list[RotatedRegion]:
    """Return square regions that cover the image and overlap, `count` along its longer side; none for 1."""
    if count == 1:
        return []
    size = max(height, width) / (count - (count - 1) * _OVERLAP)
    rows, columns = _centers(height, size), _centers(width, size)
    return [RotatedRegion(x, y, size, 0.0) for y in rows for x in columns]


def _centers(length: int, size: float) -> list[float]:
    """Return the centres of the tiles along one side of the image."""
    if length <= size:
        return [length / 2]
    count = 1 + int(np.ceil((length - size) / (size * (1 - _OVERLAP)) - 1e-9))
    return np.linspace(size / 2, length - size / 2, count).tolist()
