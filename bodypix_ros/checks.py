# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of the arguments of public functions: arrays and ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .errors import ImageError, SettingError, quoted
from .segmentation import Segmentation


def require_channels(name: str, image: NDArray[Any], *channels: int) -> None:
    """Raise ImageError unless the image is non-empty (H, W, C) uint8 with one of the given numbers of channels."""
    if _has(image, 3) and image.dtype == np.uint8 and image.shape[2] in channels:
        return
    wanted = ' or '.join(f'(H, W, {count})' for count in channels)
    hint = '; cv2.imread returns None for a file that it cannot read' if image is None else ''
    raise ImageError(f'{name} must be {wanted} of type uint8, got {describe_value(image)}{hint}')


def require_plane(name: str, plane: NDArray[Any], dtype: DTypeLike) -> None:
    """Raise ImageError unless the plane is a non-empty (H, W) array of the given type."""
    if not _has(plane, 2) or plane.dtype != dtype:
        wanted = f'{name} must be (H, W) of type {np.dtype(dtype)}'
        raise ImageError(f'{wanted}, got {describe_value(plane)}')


def require_labels(name: str, labels: NDArray[Any]) -> None:
    """Raise ImageError unless the labels are a non-empty (H, W) array of integers or booleans."""
    if not _has(labels, 2) or labels.dtype.kind not in 'biu':
        wanted = f'{name} must be (H, W) of an integer type or bool'
        raise ImageError(f'{wanted}, got {describe_value(labels)}')


def require_segmentation(image: NDArray[Any], segmentation: Segmentation) -> None:
    """Raise ImageError unless the image is (H, W, 3) uint8 and the planes of the segmentation have its size."""
    require_channels('image', image, 3)
    require_plane('mask', segmentation.mask, np.bool_)
    require_same_size('image', image, 'mask', segmentation.mask)
    for name, plane, dtype in (
        ('parts', segmentation.parts, np.int8),
        ('confidence', segmentation.confidence, np.uint8),
    ):
        if plane is not None:
            require_plane(name, plane, dtype)
            require_same_size('image', image, name, plane)


def require_same_size(first_name: str, first: NDArray[Any], second_name: str, second: NDArray[Any]) -> None:
    """Raise ImageError unless both have the same height and width."""
    if first.shape[:2] != second.shape[:2]:
        raise ImageError(
            f'{first_name} and {second_name} must have the same size: '
            f'{first_name} is {_size(first)}, {second_name} is {_size(second)} (width x height)'
        )


def require_between(name: str, value: float, minimum: float, maximum: float) -> None:
    """Raise SettingError unless minimum <= value <= maximum."""
    if not isinstance(value, (int, float, np.number)) or not minimum <= value <= maximum:
        raise SettingError(f'{name} must be between {minimum:g} and {maximum:g}, got {quoted(value)}')


def _has(values: NDArray[Any], axes: int) -> bool:
    """Return whether the values are a non-empty array with the given number of axes."""
    return isinstance(values, np.ndarray) and values.ndim == axes and values.size > 0


def describe_value(values: object) -> str:
    """Return the shape and type of an array, or the type of another object, for an error text."""
    return f'{values.shape} of type {values.dtype}' if isinstance(values, np.ndarray) else type(values).__name__


def _size(image: NDArray[Any]) -> str:
    return f'{image.shape[1]}x{image.shape[0]}'
