# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The result of segmenting one image, and what is carried from one image of a camera to the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .parts import PartIds, mirrored
from .people import People
from .regions import RotatedRegion


@dataclass(frozen=True)
class Timings:
    """Time of each stage of one frame, milliseconds. Each frame of a batch has the time of the whole batch."""

    preprocess_ms: float = 0.0
    inference_ms: float = 0.0
    postprocess_ms: float = 0.0

    def __add__(self, other: Timings) -> Timings:
        """Return the sums, of an image that several networks process."""
        return Timings(
            self.preprocess_ms + other.preprocess_ms,
            self.inference_ms + other.inference_ms,
            self.postprocess_ms + other.postprocess_ms,
        )


@dataclass(frozen=True)
class Segmentation:
    """Masks, parts and people of one image of height H and width W.

    Attributes:
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23, -1 background; None if parts were not requested or the model has none.
        people: each person's pose, box, parts and pixels; None if people were not requested.
        timings: milliseconds by stage.
        confidence: (H, W) uint8, 255 times the probability that the pixel shows a person, rounded; None if it was
            not requested.
    """

    mask: NDArray[np.bool_]
    parts: NDArray[np.int8] | None = None
    people: People | None = None
    timings: Timings = field(default_factory=Timings)
    confidence: NDArray[np.uint8] | None = None

    def mirrored(self, part_ids: PartIds) -> Segmentation:
        """Return the segmentation of the mirrored image, with left and right parts and keypoints swapped.

        Args:
            part_ids: numbering of `parts`.
        """
        parts = None if self.parts is None else mirrored(part_ids)[self.parts[:, ::-1]]
        return replace(
            self,
            mask=np.ascontiguousarray(self.mask[:, ::-1]),
            parts=parts,
            confidence=None if self.confidence is None else np.ascontiguousarray(self.confidence[:, ::-1]),
            people=None if self.people is None else self.people.mirrored(parts, part_ids),
        )


@dataclass
class VideoState:
    """What a model carries from one image of a camera to the next; one object for each camera.

    BlazePose searches for people where they were in the previous image; the setting `hands` does the same for hands.

    Attributes:
        size: height and width of the previous image, pixels; None before the first.
        regions: where the people of the previous image are expected.
        images: number of images since people were last searched for in the whole image.
        hands: x and y of the wrist of each hand of the previous image, and the region where it is expected now.
    """

    size: tuple[int, int] | None = None
    regions: list[RotatedRegion] = field(default_factory=list)
    images: int = 0
    hands: list[tuple[tuple[float, float], RotatedRegion]] = field(default_factory=list)
