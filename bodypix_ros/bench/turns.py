"""Timing several jobs in turns, so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from .neighbours import busy_s

Job = Callable[[], object]
_QUIET = 0.15
"""A round is quiet while other programs use no more of one processor than this."""
ENOUGH = 3
"""So many rounds are needed for a median."""


class Burst(NamedTuple):
    """What single calls in a row took: wall clock, and processor time of all threads of the process, milliseconds."""

    wall_ms: list[float]
    cpu_ms: list[float]


Runner = Callable[[int], Burst]
"""Does one job so many times in a row."""


class Noise(NamedTuple):
    """How many rounds there were, in how many of them other programs were quiet, and what they used of a processor."""

    rounds: int
    quiet: int
    others: float | None


@dataclass(frozen=True)
class Rounds:
    """What happened in turns.

    Attributes:
        bursts: of each job; the n-th bursts of all jobs are the n-th round.
        others: how much of one processor other programs used in each round; empty where that cannot be known.
    """

    bursts: dict[str, list[Burst]]
    others: list[float]

    @property
    def count(self) -> int:
        """How many rounds there were."""
        return len(next(iter(self.bursts.values())))

    @property
    def noise(self) -> Noise:
        """How much other programs disturbed."""
        return Noise(self.count, len(self._quiet), median(self.others) if self.others else None)

    @property
    def _quiet(self) -> list[int]:
        return [index for index, share in enumerate(self.others) if share <= _QUIET]

    def trusted(self) -> dict[str, list[Burst]]:
        """Return the bursts of the quiet rounds, or of all rounds where too few were quiet."""
        quiet = self._quiet
        if len(quiet) < ENOUGH:
            return self.bursts
        return {name: [bursts[index] for index in quiet] for name, bursts in self.bursts.items()}


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
    """Return what times a job of this process."""
    return lambda count: time_calls(job, count)


def take_turns(runners: Mapping[str, Runner], seconds: float, burst_ms: float = 50.0) -> Rounds:
    """Let each runner do one burst after the other, round by round, until the time is over.

    Args:
        runners: what to time, by name.
        seconds: how long, at least.
        burst_ms: about how long one burst takes; at least one call.
    """
    counts = {name: _calls_within(burst_ms, run) for name, run in runners.items()}
    result = Rounds({name: [] for name in runners}, [])
    end_s = time.perf_counter() + seconds
    while result.count < ENOUGH or time.perf_counter() < end_s:
        _do_round(runners, counts, result)
    return result


def _do_round(runners: Mapping[str, Runner], counts: Mapping[str, int], result: Rounds) -> None:
    started_s, before_s, ours_ms = time.perf_counter(), busy_s(), 0.0
    for name, run in runners.items():
        burst = run(counts[name])
        result.bursts[name].append(burst)
        ours_ms += sum(burst.cpu_ms)
    after_s = busy_s()
    if before_s is not None and after_s is not None:
        result.others.append((after_s - before_s - ours_ms / 1e3) / (time.perf_counter() - started_s))


def _calls_within(burst_ms: float, run: Runner) -> int:
    """Return how many calls fit into a burst; the first call warms up."""
    run(1)
    return max(1, min(1000, round(burst_ms / max(median(run(3).wall_ms), 1e-3))))
