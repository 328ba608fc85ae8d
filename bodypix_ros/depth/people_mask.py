# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pixels of people in a depth image, from a mask that is as old as the image or a little older."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""(H, W) uint8: 255 person, 0 otherwise."""

Depth = NDArray[Any]
"""(H, W) uint16 millimetres, or float32 metres; 0 or NaN where there is no depth."""

MAX_MOTION_PX = 64
"""People are followed by at most this distance: beyond it, a mask says little about the present image."""

_STEP = 4
"""The depth of people around each pixel is computed from every fourth row and column."""
_BEHIND_M = 0.5
"""Pixels at the border of the mask that are farther behind the people around them are background."""
_EDGE_PX = 4
"""Cameras measure mixed depths, or none, up to this distance from the edge of a person."""
_DIAMOND_SHARE = 2 - math.sqrt(2)
"""Share of the steps of a dilation by the diamond of 3x3, which make an octagon with sides of equal length."""
_FAR_M = 60.0


def motion_px(mask: Mask, depth: Depth, focal_px: float, distance_m: float) -> int:
    """Return by how many pixels people may have moved.

    Args:
        mask: (H, W), the people.
        depth: (H, W).
        focal_px: focal length of the depth image.
        distance_m: that people may have moved between the stamps of mask and depth image.

    Returns:
        The distance in pixels at the depth of the nearest people, at most `MAX_MOTION_PX`; 0 where there are none.
    """
    if distance_m <= 0:
        return 0
    depths = depth[::_STEP, ::_STEP][mask[::_STEP, ::_STEP] > 0]
    depths = depths[(depths > 0) & (depths < np.inf)]
    if not depths.size:
        return 0
    nearest_m = float(np.percentile(depths, 10)) / _units(depth)
    return math.ceil(min(MAX_MOTION_PX, focal_px * distance_m / nearest_m))


def find_people(mask: Mask, depth: Depth, dilate_px: int, moved_px: int = 0) -> Mask:
    """Return the pixels of people in a depth image: those of the mask, and those within some distance from it.

    The depth decides at the border of the mask. Pixels that are clearly behind the people around them, and not at
    their edge, are background: outside of the mask, and also inside where people may have moved.

    Args:
        mask: (H, W), the people.
        depth: (H, W).
        dilate_px: by how much the mask is enlarged.
        moved_px: by how much people may have moved since the mask was computed.

    Returns:
        (H, W) uint8, 255 person, 0 otherwise.
    """
    found: Mask = np.zeros_like(mask)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return found
    reach_px = dilate_px + moved_px
    border = reach_px + _EDGE_PX
    area = np.s_[max(0, y - border) : y + height + border, max(0, x - border) : x + width + border]
    mask, depth = mask[area], depth[area]
    core, limit = _core_and_limit(mask, depth, reach_px, moved_px)
    reached = _dilate(mask, reach_px)
    person = cv2.bitwise_and(reached, ((depth <= limit) & (depth > 0)).view(np.uint8) * np.uint8(255))
    found[area] = cv2.bitwise_and(_dilate(cv2.bitwise_or(person, core), min(_EDGE_PX, dilate_px)), reached)
    return found


def _core_and_limit(mask: Mask, depth: Depth, reach_px: int, moved_px: int) -> tuple[Mask, Depth]:
    """Return the pixels that are people whatever their depth, and the depth beyond which others are background.

    The core of the mask is what remains after erosion by `moved_px`. The limit is a little behind the farthest pixel
    of the core around each pixel or, where there is no core nearby, the nearest pixel of the mask.
    """
    units = _units(depth)
    small_mask = np.ascontiguousarray(mask[::_STEP, ::_STEP])
    small_depth = np.ascontiguousarray(depth[::_STEP, ::_STEP]).astype(np.float32)
    valid = cv2.inRange(small_depth, 1e-6, _FAR_M * units)
    small_core = cv2.erode(small_mask, _square(math.ceil(max(moved_px, _EDGE_PX) / _STEP)))
    reach = _square(math.ceil((reach_px + moved_px) / _STEP) + 1)
    near = cv2.erode(np.where(small_mask & valid, small_depth, np.float32(_FAR_M * units)), reach)
    far = cv2.dilate(np.where(small_core & valid, small_depth, np.float32(0)), reach)
    limit = np.maximum(near, far) + np.float32(_BEHIND_M * units)
    size = depth.shape[1], depth.shape[0]
    core = cv2.resize(small_core, size, interpolation=cv2.INTER_NEAREST) & mask if moved_px else mask
    return core, cv2.resize(limit.astype(depth.dtype), size, interpolation=cv2.INTER_NEAREST)


def _units(depth: Depth) -> float:
    """Return how much of the depth is one metre."""
    return 1000.0 if depth.dtype == np.uint16 else 1.0


def _dilate(mask: Mask, radius: int) -> Mask:
    """Dilate by an octagon: about as round as a disc, and as fast as squares."""
    diamonds = round(radius * _DIAMOND_SHARE)
    dilated = cv2.dilate(mask, _square(radius - diamonds))
    return cv2.dilate(dilated, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), iterations=diamonds)


def _square(radius: int) -> NDArray[np.uint8]:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
