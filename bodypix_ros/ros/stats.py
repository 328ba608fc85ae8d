"""Counting frames and timing their stages."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ..msg import CameraStats, StageTime
from .image_msg import BadImage

STAGES = ('receive', 'wait', 'preprocess', 'inference', 'postprocess', 'publish', 'age')
"""Names of the stages, as in CameraStats."""


@dataclass
class Counts:
    """Frames since the start: received, published, passed over, unreadable."""

    frames_in: int = 0
    frames_out: int = 0
    frames_dropped: int = 0
    frames_bad: int = 0

    def copy(self) -> Counts:
        """Return the same counts, to be kept."""
        return Counts(**vars(self))


class Tally:
    """The counts and times of one camera. Any thread may add; one thread reports."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._counts = Counts()
        self._reported = Counts()
        self._times_ms: defaultdict[str, list[float]] = defaultdict(list)
        self._defects: set[str] = set()
        self._defect = ''

    @property
    def counts(self) -> Counts:
        """The counts as they are now."""
        with self._lock:
            return self._counts.copy()

    def count(self, **more: int) -> None:
        """Add to the counts, by their names."""
        with self._lock:
            for name, number in more.items():
                setattr(self._counts, name, getattr(self._counts, name) + number)

    def reject(self, error: BadImage) -> bool:
        """Count an unreadable frame; return whether it is the first with such a defect."""
        with self._lock:
            self._counts.frames_bad += 1
            self._defect = str(error)
            known = error.kind in self._defects
            self._defects.add(error.kind)
            return not known

    def time(self, **stages_ms: float) -> None:
        """Add the times of one frame, in milliseconds by the names of the stages."""
        with self._lock:
            for stage, time_ms in stages_ms.items():
                self._times_ms[stage].append(time_ms)

    def take_defect(self) -> str:
        """Return what was wrong with the newest unreadable frame since the last call; empty where there was none."""
        with self._lock:
            defect, self._defect = self._defect, ''
            return defect

    def report(self, period_s: float) -> CameraStats:
        """Sum up what came since the last report, `period_s` seconds ago."""
        with self._lock:
            counts, times_ms = self._counts.copy(), self._times_ms
            self._times_ms = defaultdict(list)
        message = CameraStats(name=self._name, **vars(counts))
        message.rate_in_hz = (counts.frames_in - self._reported.frames_in) / period_s
        message.rate_out_hz = (counts.frames_out - self._reported.frames_out) / period_s
        self._reported = counts
        for stage in STAGES:
            setattr(message, stage, _stage_time(times_ms[stage]))
        return message


def _stage_time(times_ms: list[float]) -> StageTime:
    p50, p95 = np.percentile(times_ms, (50, 95)) if times_ms else (np.nan, np.nan)
    return StageTime(p50_ms=float(p50), p95_ms=float(p95))
