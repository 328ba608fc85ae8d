"""One image on its way from the subscription to the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .camera import Camera


@dataclass(frozen=True)
class Frame:
    """An image that was received and checked, but not yet converted.

    Attributes:
        camera: where it came from.
        header: std_msgs/Header of the image.
        size: height and width in pixels; of a compressed image those of the one before it, None where there was none.
        read: converts it to (H, W, 3) uint8 BGR; raises BadImage where a compressed image turns out to be broken.
        arrived_s: when it came, by `time.monotonic`.
        receive_ms: time that receiving took, conversion not included.
    """

    camera: Camera
    header: Any
    size: tuple[int, int] | None
    read: Callable[[], NDArray[np.uint8]]
    arrived_s: float
    receive_ms: float
