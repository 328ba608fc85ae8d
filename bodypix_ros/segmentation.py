"""The result of segmenting one image."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .people import People


@dataclass(frozen=True)
class Timings:
    """Time of each stage of one frame, milliseconds. Each frame of a batch has the time of the whole batch."""

    preprocess_ms: float = 0.0
    inference_ms: float = 0.0
    postprocess_ms: float = 0.0


@dataclass(frozen=True)
class Segmentation:
    """Masks, parts and people of one image of height H and width W.

    Attributes:
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23, -1 background; None if parts were not requested.
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
