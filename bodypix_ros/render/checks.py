# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of the arguments of the rendering functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError, SettingError


def require_channels(name: str, image: NDArray[Any], *channels: int) -> None:
    """Raise ImageError unless the image is non-empty (H, W, C) uint8 with one of the given numbers of channels."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in channels or image.size == 0:
        wanted = ' or '.join(f'(H, W, {count})' for count in channels)
        raise ImageError(f'{name} must be {wanted} of type uint8, got {image.shape} of type {image.dtype}')


def require_labels(name: str, labels: NDArray[Any]) -> None:
    """Raise ImageError unless the labels are (H, W) integers or booleans."""
    if labels.dtype.kind not in 'biu' or labels.ndim != 2:
        raise ImageError(f'{name} must be (H, W) of an integer type or bool, got {labels.shape} of type {labels.dtype}')


def require_same_size(first_name: str, first: NDArray[Any], second_name: str, second: NDArray[Any]) -> None:
    """Raise ImageError unless both have the same height and width."""
    if first.shape[:2] != second.shape[:2]:
        raise ImageError(
            f'{first_name} and {second_name} must have the same size: '
            f'{first_name} is {_size(first)}, {second_name} is {_size(second)} (width x height)'
        )


def require_between(name: str, value: float, minimum: float, maximum: float) -> None:
    """Raise SettingError unless minimum <= value <= maximum."""
    if not minimum <= value <= maximum:
        raise SettingError(f'{name} must be between {minimum:g} and {maximum:g}, got {value!r}')


def _size(image: NDArray[Any]) -> str:
    return f'{image.shape[1]}x{image.shape[0]}'
