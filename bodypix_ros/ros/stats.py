# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of the frames of a camera: counts, and the time of each stage."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, fields

import numpy as np

from ..image_layout import BadImage
from ..msg import CameraStats, StageTime

STAGES = ('receive', 'wait', 'preprocess', 'inference', 'postprocess', 'publish', 'age')
"""Names of the stages, as in CameraStats."""


@dataclass
class Counts:
    """Frames since the camera was opened. Each received frame is counted as exactly one of out, dropped or bad."""

    frames_in: int = 0
    frames_out: int = 0
    frames_dropped: int = 0
    frames_bad: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


class FrameStats:
    """The counts and times of one camera.

    The subscription (executor thread) and the worker count separately, so that neither waits for the other.

    Attributes:
        subscription: counts of the subscription: frames received, replaced in the queue, or rejected.
        worker: counts of the worker: frames published, dropped because of a failure, or unreadable.
        not_anonymized: number of images that could not be anonymised, and of which none was published.
        doubtful: number of anonymised images in which a head may have been missed.
        last_out_s: when the newest result was published, `time.monotonic`; 0 before the first result.
    """

    def __init__(self, name: str) -> None:
        """Start with zero counts; `name` is the name of the camera."""
        self.subscription, self.worker = Counts(), Counts()
        self.not_anonymized = self.doubtful = 0
        self.last_out_s = 0.0
        self._name = name
        self._reported = Counts()
        self._times_lock = threading.Lock()
        self._times_ms: defaultdict[str, list[float]] = defaultdict(list)
        self._reported_defects: set[str] = set()
        self._defect = ''

    @property
    def counts(self) -> Counts:
        """The sum of the counts of both threads."""
        return self.subscription + self.worker

    def record_published(self, now_s: float, **stages_ms: float) -> None:
        """Count a published frame and record the times of its stages, milliseconds. Called by the worker."""
        self.worker.frames_out += 1
        self.last_out_s = now_s
        with self._times_lock:
            for stage, time_ms in stages_ms.items():
                self._times_ms[stage].append(time_ms)

    def is_new_defect(self, error: BadImage) -> bool:
        """Record the defect of an unreadable frame; return whether it is the first of its kind."""
        self._defect = str(error)
        is_new = error.kind not in self._reported_defects
        self._reported_defects.add(error.kind)
        return is_new

    def take_defect(self) -> str:
        """Return the newest defect since the last call; empty if there was none."""
        defect, self._defect = self._defect, ''
        return defect

    def report(self, period_s: float) -> CameraStats:
        """Return a summary since the last report, `period_s` seconds ago."""
        with self._times_lock:
            times_ms, self._times_ms = self._times_ms, defaultdict(list)
        counts = self.counts
        message = CameraStats(name=self._name, **vars(counts))
        message.rate_in_hz = (counts.frames_in - self._reported.frames_in) / period_s
        message.rate_out_hz = (counts.frames_out - self._reported.frames_out) / period_s
        self._reported = counts
        for stage in STAGES:
            setattr(message, stage, _stage_time(times_ms[stage]))
        return message


def _stage_time(times_ms: list[float]) -> StageTime:
    p50, p95 = np.nanpercentile(times_ms, (50, 95)) if np.isfinite(times_ms).any() else (np.nan, np.nan)
    return StageTime(p50_ms=float(p50), p95_ms=float(p95))
