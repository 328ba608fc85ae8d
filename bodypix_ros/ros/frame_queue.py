# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The queue between the subscriptions and the model, which keeps the latest frame of each camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """The attribute of a frame that the queue uses."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""


Frame = TypeVar('Frame', bound=Sized)


class LatestFrameQueue(Generic[Frame]):
    """Keeps the latest frame of each camera: a newer frame replaces the waiting one.

    The camera that was served longest ago comes first. One thread calls `put`, another `get`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._frames: dict[str, Frame] = {}
        self._served: dict[str, int] = {}
        self._due_s: dict[str, float] = {}
        self._count = 0
        self._changed = threading.Condition()
        self._max_rate_hz = 0.0

    def limit_rate(self, max_rate_hz: float) -> None:
        """Return at most `max_rate_hz` frames of each camera per second; 0 means no limit."""
        with self._changed:
            if max_rate_hz != self._max_rate_hz:
                self._max_rate_hz = max_rate_hz
                self._due_s.clear()  # the next frame does not wait for the end of an old, longer period
                self._changed.notify_all()

    def put(self, camera: str, frame: Frame) -> bool:
        """Keep a camera's latest frame; return whether it replaces a waiting one."""
        with self._changed:
            replaced = camera in self._frames
            self._frames[camera] = frame
            self._changed.notify()
        return replaced

    def get(self, timeout_s: float, batch: bool) -> list[Frame]:
        """Wait for frames that are due, and take the next one, or several.

        Args:
            timeout_s: maximum time to wait.
            batch: whether to also take the waiting frames of the other cameras that have the same size.

        Returns:
            The frames, starting with that of the camera served longest ago; empty after the timeout or `wake`.
        """
        with self._changed:
            if not self._due():
                self._changed.wait(min(timeout_s, self._until_due_s(timeout_s)))
            due = sorted(self._due(), key=lambda camera: self._served.get(camera, -1))
            if not due:
                return []
            size = self._frames[due[0]].size
            alike = [one for one in due[1:] if batch and self._frames[one].size == size]
            return [self._take(camera) for camera in [due[0], *alike]]

    def remove(self, camera: str) -> bool:
        """Drop the waiting frame of a camera; return whether there was one."""
        with self._changed:
            return self._frames.pop(camera, None) is not None

    def wake(self) -> None:
        """Make a waiting `get` return."""
        with self._changed:
            self._changed.notify_all()

    def _due(self) -> list[str]:
        now_s = self._clock()
        return [camera for camera in self._frames if self._due_s.get(camera, now_s) <= now_s]

    def _until_due_s(self, otherwise: float) -> float:
        now_s = self._clock()
        return min((self._due_s[camera] - now_s for camera in self._frames), default=otherwise)

    def _take(self, camera: str) -> Frame:
        now_s = self._clock()
        period_s = 1 / self._max_rate_hz if self._max_rate_hz else 0.0
        # Counted from when the last frame was due, so that a camera's jitter does not lower the rate.
        late_s = now_s - self._due_s.get(camera, now_s)
        self._due_s[camera] = now_s + period_s - (late_s if late_s < period_s else 0.0)
        self._served[camera] = self._count = self._count + 1
        return self._frames.pop(camera)
