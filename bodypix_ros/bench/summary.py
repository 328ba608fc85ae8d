"""From many timings to the few numbers that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from .turns import Burst


@dataclass(frozen=True)
class Summary:
    """How long one job takes.

    Attributes:
        best_ms: wall clock of a call that nothing disturbs: of 20 calls one takes no longer.
        median_ms: wall clock of a call.
        p95_ms: 95 of 100 calls take no longer.
        cpu_ms: processor time of a call, all threads together.
    """

    best_ms: float
    median_ms: float
    p95_ms: float
    cpu_ms: float

    @classmethod
    def of(cls, bursts: Sequence[Burst]) -> Summary:
        """Sum up one job's bursts. Processor time is the median of the bursts' means: single calls are too coarse."""
        walls_ms = [wall_ms for burst in bursts for wall_ms in burst.wall_ms]
        cpu_ms = median(_mean_cpu_ms(burst) for burst in bursts)
        best_ms, median_ms, p95_ms = map(float, np.percentile(walls_ms, (5, 50, 95)))
        return cls(best_ms, median_ms, p95_ms, cpu_ms)


@dataclass(frozen=True)
class Ratio:
    """How many times as much one job takes as another.

    Attributes:
        time: median of the rounds' ratios of wall clock. Neighbouring bursts share the machine's noise, so this is
            steadier than the ratio of all medians.
        best: of the wall clock of calls that nothing disturbs.
        cpu: median of the rounds' ratios of processor time, all threads together.
    """

    time: float
    best: float
    cpu: float

    @classmethod
    def of(cls, those: Sequence[Burst], these: Sequence[Burst], scale: float = 1.0) -> Ratio:
        """Compare bursts that took turns.

        Args:
            those: the one job's.
            these: the other job's; the n-th of both happened together.
            scale: by which to multiply, where those calls do less than these.
        """
        rounds = list(zip(those, these, strict=True))
        return cls(
            time=scale * median(median(one.wall_ms) / median(other.wall_ms) for one, other in rounds),
            best=scale * Summary.of(those).best_ms / Summary.of(these).best_ms,
            cpu=scale * median(_mean_cpu_ms(one) / _mean_cpu_ms(other) for one, other in rounds),
        )


def _mean_cpu_ms(burst: Burst) -> float:
    return max(float(np.mean(burst.cpu_ms)), 1e-3)  # the clock of a short burst may not have ticked
