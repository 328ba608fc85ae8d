"""One image on its way from the subscription to the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """An image that was received and checked, but not yet converted.

    Attributes:
        header: std_msgs/Header of the image.
        size: height and width in pixels; of a compressed image those of the one before it, None where there was none.
        read: converts it to (H, W, 3) uint8 BGR; raises BadImage where a compressed image turns out to be broken.
        data_bytes: how large it was on the way.
        arrived_s: when it came, by `time.monotonic`.
        receive_ms: time that receiving took, conversion not included.
    """

    header: Any
    size: tuple[int, int] | None
    read: Callable[[], NDArray[np.uint8]]
    data_bytes: int
    arrived_s: float
    receive_ms: float
