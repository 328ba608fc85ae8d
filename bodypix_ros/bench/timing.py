# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Interleaved timing: jobs are compared in alternating bursts, so that other load on the machine affects all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

from .machine import system_cpu_s

Job = Callable[[], object]

MIN_ROUNDS = 3
"""The smallest number of rounds that a result is computed from."""

_QUIET_LOAD = 0.15
"""A round is quiet if other processes used at most this share of one processor."""


class Burst(NamedTuple):
    """Times of consecutive calls, milliseconds: wall clock, and CPU time of all threads of the process."""

    wall_ms: list[float]
    cpu_ms: list[float]


Runner = Callable[[int], Burst]
"""Calls a job the given number of times."""


class Interference(NamedTuple):
    """Load of other processes during a measurement.

    Attributes:
        rounds: number of rounds.
        quiet: number of rounds with little load.
        load: median load in processors; None if psutil is not installed.
    """

    rounds: int
    quiet: int
    load: float | None


@dataclass(frozen=True)
class Rounds:
    """The result of an interleaved measurement.

    Attributes:
        bursts: of each job; the n-th bursts of all jobs form the n-th round.
        loads: load of other processes in each round, in processors; empty if psutil is not installed.
    """

    bursts: dict[str, list[Burst]]
    loads: list[float]

    @property
    def count(self) -> int:
        """Number of rounds."""
        return len(next(iter(self.bursts.values())))

    @property
    def interference(self) -> Interference:
        """Load of other processes."""
        return Interference(self.count, len(self._quiet), median(self.loads) if self.loads else None)

    @property
    def _quiet(self) -> list[int]:
        return [index for index, load in enumerate(self.loads) if load <= _QUIET_LOAD]

    def quiet_bursts(self) -> dict[str, list[Burst]]:
        """Return the bursts of the quiet rounds, or of all rounds if fewer than MIN_ROUNDS were quiet."""
        quiet = self._quiet
        if len(quiet) < MIN_ROUNDS:
            return self.bursts
        return {name: [bursts[index] for index in quiet] for name, bursts in self.bursts.items()}


@dataclass(frozen=True)
class Summary:
    """Statistics of one job.

    Attributes:
        best_ms: 5th percentile of the wall clock time.
        median_ms: median of the wall clock time.
        p95_ms: 95th percentile of the wall clock time.
        cpu_ms: CPU time of all threads.
    """

    best_ms: float
    median_ms: float
    p95_ms: float
    cpu_ms: float

    @classmethod
    def of(cls, bursts: Sequence[Burst]) -> Summary:
        """Summarise bursts. CPU time is the median of the means per burst: the clock is too coarse for single calls."""
        walls_ms = [wall_ms for burst in bursts for wall_ms in burst.wall_ms]
        cpu_ms = median(_mean_cpu_ms(burst) for burst in bursts)
        best_ms, median_ms, p95_ms = map(float, np.percentile(walls_ms, (5, 50, 95)))
        return cls(best_ms, median_ms, p95_ms, cpu_ms)


@dataclass(frozen=True)
class Ratio:
    """Cost of one job relative to another.

    Attributes:
        time: median over the rounds of the ratio of wall clock times, which varies less than the ratio of the medians.
        best: ratio of the 5th percentiles of the wall clock times.
        cpu: median over the rounds of the ratio of CPU times.
    """

    time: float
    best: float
    cpu: float

    @classmethod
    def of(cls, bursts: Sequence[Burst], reference: Sequence[Burst], scale: float = 1.0) -> Ratio:
        """Compare interleaved bursts.

        Args:
            bursts: of the job.
            reference: of the job that it is compared with; the n-th bursts of both belong to one round.
            scale: factor for jobs that process fewer images per call than the reference.
        """
        rounds = list(zip(bursts, reference, strict=True))
        return cls(
            time=scale * median(median(one.wall_ms) / median(other.wall_ms) for one, other in rounds),
            best=scale * Summary.of(bursts).best_ms / Summary.of(reference).best_ms,
            cpu=scale * median(_mean_cpu_ms(one) / _mean_cpu_ms(other) for one, other in rounds),
        )


def time_calls(job: Job, count: int) -> Burst:
    """Call a job `count` times."""
    burst = Burst([], [])
    for _ in range(count):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        job()
        burst.cpu_ms.append((time.process_time() - cpu_s) * 1e3)
        burst.wall_ms.append((time.perf_counter() - wall_s) * 1e3)
    return burst


def runner_of(job: Job) -> Runner:
    """Return the runner of a job in this process."""
    return lambda count: time_calls(job, count)


def time_interleaved(runners: Mapping[str, Runner], seconds: float, burst_ms: float = 50.0) -> Rounds:
    """Run one burst of each job in turn, round after round, until the time is over.

    Args:
        runners: the jobs by name.
        seconds: minimum duration.
        burst_ms: approximate duration of one burst; each burst has at least one call.
    """
    counts = {name: _calls_per_burst(burst_ms, run) for name, run in runners.items()}
    result = Rounds({name: [] for name in runners}, [])
    end_s = time.perf_counter() + seconds
    while result.count < MIN_ROUNDS or time.perf_counter() < end_s:
        _run_round(runners, counts, result)
    return result


def _run_round(runners: Mapping[str, Runner], counts: Mapping[str, int], result: Rounds) -> None:
    started_s, before_s, jobs_ms = time.perf_counter(), system_cpu_s(), 0.0
    for name, run in runners.items():
        burst = run(counts[name])
        result.bursts[name].append(burst)
        jobs_ms += sum(burst.cpu_ms)
    after_s = system_cpu_s()
    if before_s is not None and after_s is not None:
        result.loads.append((after_s - before_s - jobs_ms / 1e3) / (time.perf_counter() - started_s))


def _calls_per_burst(burst_ms: float, run: Runner) -> int:
    run(1)  # warm-up
    return max(1, min(1000, round(burst_ms / max(median(run(3).wall_ms), 1e-3))))


def _mean_cpu_ms(burst: Burst) -> float:
    return max(float(np.mean(burst.cpu_ms)), 1e-3)  # the CPU clock may not advance during a short burst
