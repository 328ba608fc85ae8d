# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which mask belongs to which depth image, by their stamps: a mask arrives later than the image it was made from."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Image = TypeVar('Image')
Mask = TypeVar('Mask')

_MAX_MASKS = 8
_RESTART_NS = 1_000_000_000
"""Stamps that go back by more than this start anew: a bag that is played again, or a simulation that is reset."""


@dataclass(frozen=True)
class Pair(Generic[Image, Mask]):
    """A depth image and what is known about its mask.

    Attributes:
        image: the depth image.
        mask: the mask with the nearest stamp; None where there is no mask at all.
        apart_s: difference of their stamps, positive where the mask is older.
        paired: whether that is within the tolerance.
    """

    image: Image
    mask: Mask | None
    apart_s: float
    paired: bool


class StampPairing(Generic[Image, Mask]):
    """Keeps depth images until the mask with the nearest stamp is known.

    That is so when a mask of the same stamp or a newer one has arrived: masks arrive in the order of their stamps.

    Attributes:
        dropped: number of images that were displaced by newer ones.
    """

    def __init__(self, max_waiting: int = 30) -> None:
        """Keep at most `max_waiting` images; 30 are one second at 30 Hz."""
        self.dropped = 0
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[int, float, Image]] = deque()
        self._masks: deque[tuple[int, Mask]] = deque(maxlen=_MAX_MASKS)
        self._newest_ns = 0

    def __len__(self) -> int:
        """Return the number of images that wait."""
        return len(self._waiting)

    def add_image(self, stamp_ns: int, image: Image, now_s: float) -> None:
        """Add a depth image that arrived now; where too many wait, the oldest one is dropped."""
        if stamp_ns < self._newest_ns - _RESTART_NS:
            self.clear()
        self._newest_ns = stamp_ns
        self._waiting.append((stamp_ns, now_s, image))
        if len(self._waiting) > self._max_waiting:
            self._waiting.popleft()
            self.dropped += 1

    def add_mask(self, stamp_ns: int, mask: Mask) -> None:
        """Add a mask."""
        if self._masks and stamp_ns < self._masks[-1][0] - _RESTART_NS:
            self._masks.clear()
        self._masks.append((stamp_ns, mask))

    def clear(self) -> None:
        """Forget all masks; the images that wait are dropped."""
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._masks.clear()
        self._newest_ns = 0

    def take(self, now_s: float, slop_s: float, max_wait_s: float) -> list[Pair[Image, Mask]]:
        """Return the depth images that wait no longer, in the order of their arrival.

        Args:
            now_s: a steady time.
            slop_s: greatest difference between the stamps of an image and its mask.
            max_wait_s: an image that arrived before this time waits no longer.
        """
        ready = []
        while self._waiting:
            stamp_ns, arrived_s, image = self._waiting[0]
            known = bool(self._masks) and self._masks[-1][0] >= stamp_ns
            if not known and now_s - arrived_s < max_wait_s:
                break
            self._waiting.popleft()
            ready.append(self._pair(stamp_ns, image, slop_s))
        return ready

    def _pair(self, stamp_ns: int, image: Image, slop_s: float) -> Pair[Image, Mask]:
        if not self._masks:
            return Pair(image, None, 0.0, False)
        mask_ns, mask = min(self._masks, key=lambda one: abs(one[0] - stamp_ns))
        apart_s = (stamp_ns - mask_ns) / 1e9
        return Pair(image, mask, apart_s, abs(apart_s) <= slop_s)
