"""The result of one picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .people import People


@dataclass(frozen=True)
class Timings:
    """Where the time of one frame went, in milliseconds. A batch's time is given to each of its frames whole."""

    preprocess_ms: float = 0.0
    inference_ms: float = 0.0
    postprocess_ms: float = 0.0


@dataclass(frozen=True)
class Segmentation:
    """Who is where in one picture of height H and width W.

    Attributes:
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23, -1 background; None where parts were not asked for.
        people: each person's pose, box, parts and pixels; None where people were not asked for.
        timings: milliseconds by stage.
        confidence: (H, W) uint8, 255 times the probability that the pixel shows a person, rounded; None where it was
            not asked for.
    """

    mask: NDArray[np.bool_]
    parts: NDArray[np.int8] | None = None
    people: People | None = None
    timings: Timings = field(default_factory=Timings)
    confidence: NDArray[np.uint8] | None = None
