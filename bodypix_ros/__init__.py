# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Per-pixel person masks and body-part labels for robots, with ONNX Runtime, with and without ROS 2."""

from __future__ import annotations

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .segmentation import Segmentation, VideoState
    from .segmenter import BodyPix, Segmenter, load

# In a checkout, find the generated messages of an installed copy.
__path__ = extend_path(__path__, __name__)
__version__ = '0.2.0'
__all__ = ['BodyPix', 'Segmentation', 'Segmenter', 'VideoState', '__version__', 'load']

_MODULES = {
    'BodyPix': 'segmenter',
    'Segmenter': 'segmenter',
    'load': 'segmenter',
    'Segmentation': 'segmentation',
    'VideoState': 'segmentation',
}


def __getattr__(name: str) -> Any:
    """Import the segmenter on first use, so that nodes that only need the messages load quickly."""
    if name in _MODULES:
        return getattr(import_module(f'.{_MODULES[name]}', __name__), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
