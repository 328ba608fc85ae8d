# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Renders masks and parts as images. Inputs and outputs are uint8 arrays; this package does not depend on ROS."""

from __future__ import annotations

from .blend import draw_mask
from .body_segmentation import (
    BodySegmentation,
    encode_confidence,
    encode_parts,
    encode_person,
    segment_people,
    to_binary_mask,
    to_colored_mask,
)
from .bokeh import FACE_IDS, blur_body_parts, draw_bokeh
from .colors import Order, colorize_labels, colorize_parts, to_colored_parts
from .cutout import cut_out
from .masks import to_mask
from .overlay import overlay_needs_confidence, overlay_needs_parts, render_overlay, settings_without_parts
from .pixelate import draw_pixelated_mask

__all__ = [
    'FACE_IDS',
    'BodySegmentation',
    'Order',
    'blur_body_parts',
    'colorize_labels',
    'colorize_parts',
    'cut_out',
    'draw_bokeh',
    'draw_mask',
    'draw_pixelated_mask',
    'encode_confidence',
    'encode_parts',
    'encode_person',
    'overlay_needs_confidence',
    'overlay_needs_parts',
    'render_overlay',
    'segment_people',
    'settings_without_parts',
    'to_binary_mask',
    'to_colored_mask',
    'to_colored_parts',
    'to_mask',
]
