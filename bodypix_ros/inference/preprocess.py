"""From uint8 pictures to the network's normalised input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .geometry import Geometry, Taps

# Mean of ImageNet in R, G, B, as BodyPix adds it for ResNet50.
_RESNET_OFFSETS = np.array([-123.15, -115.90, -103.06], np.float32)


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise ImageError unless the image is (H, W, 3) uint8 with at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ImageError(
            f'an image must be (height, width, 3) uint8 BGR with at least one pixel, '
            f'got shape {image.shape} of {image.dtype}'
        )


def preprocess(image: NDArray[np.uint8], geometry: Geometry, architecture: str, out: NDArray[np.float32]) -> None:
    """Pad, resize and normalise one picture into its place in a batch.

    Args:
        image: (H, W, 3) uint8 BGR.
        geometry: of this picture's size.
        architecture: mobilenet_v1 wants -1..1, resnet50 0..255 less the mean of ImageNet.
        out: (3, input_height, input_width) float32, filled with RGB planes.

    Source: BodyPix 2.2 `padAndResizeTo` (legacy bilinear resize without half-pixel centres), `preprocessInput`.
    """
    pixels = _resize(image, geometry.input_rows, geometry.input_columns)
    scale, offsets = normalisation(architecture)
    pixels *= scale
    out[:] = pixels[..., ::-1].transpose(2, 0, 1)
    out += offsets[:, None, None]


def normalisation(architecture: str) -> tuple[np.float32, NDArray[np.float32]]:
    """Return scale and (3,) RGB offsets that turn 0..255 into what the network was trained on."""
    if architecture == 'resnet50':
        return np.float32(1), _RESNET_OFFSETS
    return np.float32(1 / 127.5), np.full(3, -1, np.float32)


def _resize(image: NDArray[np.uint8], rows: Taps, columns: Taps) -> NDArray[np.float32]:
    """Return (len(rows), len(columns), 3) float32."""
    tall = image[rows.low] * rows.low_weight[:, None, None]
    tall += image[rows.high] * rows.high_weight[:, None, None]
    wide = np.take(tall, columns.low, axis=1)
    wide *= columns.low_weight[None, :, None]
    right = np.take(tall, columns.high, axis=1)
    right *= columns.high_weight[None, :, None]
    wide += right
    return wide
