# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rotated square regions of an image: cropping them for a network, and mapping its results back to the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ...regions import RotatedRegion
from ..numpy_kernels import Image

Floats = NDArray[np.float32]

_FULL_TURN = 2 * math.pi
_STEPS = 32  # positions between two pixels that OpenCV's fixed-point maps distinguish
_LONGEST = 2**15 - 2  # side of an image, pixels, that `remap` accepts
_FIRST, _LAST = -(2**15) * _STEPS, 2**15 * _STEPS - 1  # of these positions in such a map
_BORDERS = {'black': cv2.BORDER_CONSTANT, 'replicate': cv2.BORDER_REPLICATE}


def whole_image(height: int, width: int) -> RotatedRegion:
    """Return the smallest upright square region with the same centre as an image that contains all of it."""
    return RotatedRegion(width / 2, height / 2, max(height, width))


def upright_angle(start: Sequence[float], end: Sequence[float]) -> float:
    """Return the angle, -pi..pi, of the region in which the vector from `start` to `end` points up.

    Source: DetectionsToRectsCalculator of MediaPipe with a target angle of 90 degrees.
    """
    angle = math.pi / 2 - math.atan2(start[1] - end[1], end[0] - start[0])
    return angle - _FULL_TURN * math.floor((angle + math.pi) / _FULL_TURN)


def crop(image: Image, region: RotatedRegion, side: int, outside: Literal['black', 'replicate'] = 'replicate') -> Image:
    """Cut out a region and resize it bilinearly, without a low-pass filter.

    Positions are rounded to 1/32 pixel, as in `warpPerspective` of the OpenCV 4.10 in MediaPipe 0.10.21. Later versions
    of OpenCV are more exact, which changes the regions of the pose detector by up to 2 %.

    Args:
        image: (H, W, C) uint8.
        region: what to cut out.
        side: height and width of the result, pixels.
        outside: what the parts of the region beyond the image contain.

    Returns:
        (side, side, C) uint8.
    """
    apart = -(-max(image.shape[:2]) // _LONGEST)  # of a larger image, use every second (third, ...) pixel
    image, region = image[::apart, ::apart], replace(region, x=region.x / apart, y=region.y / apart).scaled(1 / apart)
    steps = np.arange(side)
    columns, rows = (
        np.rint(along_x * steps + (along_y * steps + offset)[:, None]).clip(_FIRST, _LAST).astype(np.int32)
        for along_x, along_y, offset in region.to_image(side) * _STEPS
    )
    pixels = np.stack([columns // _STEPS, rows // _STEPS], axis=-1).astype(np.int16)
    fractions = (rows % _STEPS * _STEPS + columns % _STEPS).astype(np.uint16)
    return cv2.remap(image, pixels, fractions, cv2.INTER_LINEAR, borderMode=_BORDERS[outside])


def network_input(crops: Sequence[Image], low: float, high: float) -> Floats:
    """Convert crops to the input of a network.

    Args:
        crops: N images of the same size, (h, w, 3) uint8 BGR; at least one.
        low: what 0 becomes.
        high: what 255 becomes.

    Returns:
        (N, 3, h, w) float32 RGB.
    """
    planes = np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2)
    values = planes.astype(np.float32, order='C')
    values *= (high - low) / 255
    values += low
    return values


def project(points: Floats, region: RotatedRegion, side: int) -> Floats:
    """Map points of a crop to the image.

    Args:
        points: (..., 2) float32, x and y, pixels of a crop of `side` x `side`.
        region: the region of the crop.
        side: height and width of the crop, pixels.

    Returns:
        (..., 2) float32, x and y, pixels of the image.
    """
    matrix = region.to_image(side)
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def paste_mask(mask: Floats, region: RotatedRegion, canvas: Floats) -> None:
    """Draw the mask of a region into the mask of the image; where both have a value, the larger one remains.

    Args:
        mask: (side, side) float32, probability of a person in the region, 0..1; it is resized bilinearly.
        region: the region of the mask.
        canvas: (H, W) float32, changed in place.
    """
    side = mask.shape[0]
    corners = project(np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32), region, side)
    left, top = np.clip(np.floor(corners.min(0)).astype(int) - 1, 0, canvas.shape[::-1])
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 2, 0, canvas.shape[::-1])
    if left == right or top == bottom:
        return
    here = replace(region, x=region.x - left, y=region.y - top)
    part = canvas[top:bottom, left:right]
    pasted = cv2.warpAffine(mask, here.to_image(side), (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    np.maximum(part, pasted, out=part)
