"""Which frame is worked on next: the newest of each camera, in fair turns. Knows no ROS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Frame = TypeVar('Frame')


class Schedule(Generic[Frame]):
    """One slot for each camera. Filed by one thread, emptied by another.

    A camera's newer frame replaces the one that waits. The camera that was served longest ago comes first, and brings
    along the waiting frames of all other cameras that fit into its batch.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slots: dict[str, Frame] = {}
        self._turns: dict[str, int] = {}
        self._due_s: dict[str, float] = {}
        self._turn = 0
        self._changed = threading.Condition()
        self._min_period_s = 0.0

    def limit(self, rate_hz: float) -> None:
        """Hand out so many frames of one camera in a second at most; 0 is no limit."""
        self._min_period_s = 1 / rate_hz if rate_hz else 0.0

    def file(self, camera: str, frame: Frame) -> bool:
        """Put a camera's newest frame into its slot; return whether an older one was still there and is dropped."""
        with self._changed:
            replaced = camera in self._slots
            self._slots[camera] = frame
            self._changed.notify()
        return replaced

    def clear(self, camera: str) -> bool:
        """Empty a camera's slot; return whether there was a frame."""
        with self._changed:
            return self._slots.pop(camera, None) is not None

    def wake(self) -> None:
        """Make a waiting `take` return."""
        with self._changed:
            self._changed.notify_all()

    def take(self, alike: Callable[[Frame], Hashable], timeout_s: float) -> list[Frame]:
        """Wait for frames whose time has come and take those of the next batch.

        Args:
            alike: frames for which this gives equal values may run as one batch.
            timeout_s: wait so long at most.

        Returns:
            The frames of one batch, that of the camera served longest ago first; empty after the timeout or `wake`.
        """
        with self._changed:
            if not self._due():
                self._changed.wait(min(timeout_s, self._until_due_s(timeout_s)))
            due = sorted(self._due(), key=lambda camera: self._turns.get(camera, -1))
            if not due:
                return []
            wanted = alike(self._slots[due[0]])
            return [self._serve(camera) for camera in due if alike(self._slots[camera]) == wanted]

    def _due(self) -> list[str]:
        now = self._clock()
        return [camera for camera in self._slots if self._due_s.get(camera, now) <= now]

    def _until_due_s(self, otherwise: float) -> float:
        now = self._clock()
        return min((self._due_s[camera] - now for camera in self._slots), default=otherwise)

    def _serve(self, camera: str) -> Frame:
        now = self._clock()
        # Counted on from when the last frame was due, so that a camera's jitter does not lower the rate.
        late_s = now - self._due_s.get(camera, now)
        self._due_s[camera] = now + self._min_period_s - (late_s if late_s < self._min_period_s else 0.0)
        self._turns[camera] = self._turn = self._turn + 1
        return self._slots.pop(camera)
