# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node with a network that sees a person wherever the image is red, so that the truth is known exactly."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.models.progress import Progress
from bodypix_ros.ros.main import main
from bodypix_ros.ros.model_loader import ModelRequest, load_model
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.segmenter import Segmenter

RED = (0, 0, 255)
PERSON, BACKGROUND = 230, 25
"""Confidence that a red pixel and that any other pixel shows a person."""


class Painted:
    """A segmenter that goes by the colour. People have no pose, and every pixel of them is part 12."""

    def __init__(self, net: Segmenter) -> None:
        self._net = net

    def __getattr__(self, name: str) -> Any:
        return getattr(self._net, name)

    def segment_batch(self, images: list[NDArray[np.uint8]], settings: Any, **asked: Any) -> list[Segmentation]:
        return [paint(image) for image in images]


def paint(image: NDArray[np.uint8]) -> Segmentation:
    mask = (image == RED).all(axis=2)
    confidence = np.where(mask, PERSON, BACKGROUND).astype(np.uint8)
    return Segmentation(mask, np.where(mask, 12, -1).astype(np.int8), confidence=confidence)


def load(request: ModelRequest, progress: Progress) -> Painted:
    return Painted(load_model(request, progress))


if __name__ == '__main__':
    sys.exit(main(load=load))  # type: ignore[arg-type]  # it has all that the node uses
