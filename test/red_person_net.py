# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a segmenter that finds one person: the red pixels of the image."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.parts import KEYPOINTS
from bodypix_ros.people import Keypoint, People, Pose, describe_persons
from bodypix_ros.segmentation import Segmentation, VideoState
from bodypix_ros.settings import NetworkSettings, SegmentSettings


class RedPersonNet:
    """Segments like `Segmenter`; the keypoints are spread over the red region.

    The score of the person depends on the number of previous images. `asked` holds what was requested.
    """

    def __init__(self) -> None:
        self.settings = NetworkSettings()
        self.asked: list[tuple[bool, bool, bool]] = []

    def run_once(self) -> AbstractContextManager[None]:
        return nullcontext()

    def segment(
        self,
        image: NDArray[np.uint8],
        settings: SegmentSettings,
        *,
        parts: bool,
        people: bool,
        confidence: bool,
        state: VideoState | None,
    ) -> Segmentation:
        state = state or VideoState()
        state.images += 1
        self.asked.append((parts, people, confidence))
        red = image[..., 2]
        mask = red > 255 * settings.threshold
        labels = np.where(mask, 0, -1).astype(np.int8)
        found = None
        if people:
            poses = [_pose(mask, 0.9 - state.images % 5 / 100)] if mask.any() else []
            persons = describe_persons(mask.view(np.uint8), labels, poses, 'bodypix1')
            found = People(persons, mask.astype(np.uint8), tuple(poses))
        more: dict[str, Any] = {'parts': labels if parts else None, 'people': found}
        return Segmentation(mask, **more, confidence=red.copy() if confidence else None)


def _pose(mask: NDArray[np.bool_], score: float) -> Pose:
    rows, columns = np.nonzero(mask)
    shares = np.linspace(0, 1, len(KEYPOINTS))
    places = zip(KEYPOINTS, np.quantile(columns, shares), np.quantile(rows, shares), strict=True)
    return Pose(score, tuple(Keypoint(name, float(x), float(y), 0.9) for name, x, y in places))
