# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Interleaved timing, and the statistics of its results."""

from __future__ import annotations

import pytest

from bodypix_ros.bench import timing
from bodypix_ros.bench.timing import Burst, Ratio, Rounds, Summary, time_calls, time_interleaved

LONG = [Burst([10.0, 12.0, 14.0], [20.0, 22.0, 24.0]), Burst([100.0, 120.0, 140.0], [30.0, 30.0, 30.0])]
SHORT = [Burst([5.0, 6.0, 7.0], [11.0, 11.0, 11.0]), Burst([40.0, 40.0, 40.0], [10.0, 10.0, 10.0])]


class Script:
    """A runner whose calls take a given time; records when it was called, and how many times in a row."""

    def __init__(self, name: str, wall_ms: float, log: list[tuple[str, int]]) -> None:
        self.name, self.wall_ms, self.log = name, wall_ms, log

    def __call__(self, count: int) -> Burst:
        self.log.append((self.name, count))
        return Burst([self.wall_ms] * count, [2 * self.wall_ms] * count)


def test_bursts_are_interleaved_and_of_equal_length() -> None:
    log: list[tuple[str, int]] = []
    runners = {'fast': Script('fast', 1.0, log), 'slow': Script('slow', 40.0, log)}
    rounds = time_interleaved(runners, 0.0, burst_ms=50.0)
    warm_up, measured = log[:4], log[4:]
    assert warm_up == [('fast', 1), ('fast', 3), ('slow', 1), ('slow', 3)]
    assert measured == [('fast', 50), ('slow', 1)] * 3
    assert rounds.count == 3
    assert rounds.bursts['slow'] == [Burst([40.0], [80.0])] * 3


def test_calls_are_timed_one_by_one() -> None:
    calls: list[int] = []
    burst = time_calls(lambda: calls.append(1), 5)
    assert len(calls) == len(burst.wall_ms) == len(burst.cpu_ms) == 5
    assert all(wall_ms > 0 for wall_ms in burst.wall_ms)


def _rounds(loads: list[float]) -> Rounds:
    return Rounds({'job': [Burst([float(index)], [1.0]) for index in range(5)]}, loads)


def test_only_quiet_rounds_are_used_if_there_are_enough() -> None:
    rounds = _rounds([0.0, 0.9, 0.1, 0.5, 0.15])
    assert rounds.interference == (5, 3, 0.15)
    assert [burst.wall_ms for burst in rounds.quiet_bursts()['job']] == [[0.0], [2.0], [4.0]]


@pytest.mark.parametrize('loads', [[0.0, 0.9, 0.1, 0.5, 0.9], []])
def test_all_rounds_are_used_if_few_are_quiet_or_the_load_is_unknown(loads: list[float]) -> None:
    assert len(_rounds(loads).quiet_bursts()['job']) == 5


def test_the_load_of_other_processes_excludes_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu_s, clock_s = iter([10.0, 11.0] * 3), iter([0.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 9.0, 9.0])
    monkeypatch.setattr(timing, 'system_cpu_s', lambda: next(cpu_s))
    monkeypatch.setattr(timing.time, 'perf_counter', lambda: next(clock_s))
    rounds = time_interleaved({'job': Script('job', 200.0, [])}, 0.0)
    # 1 s of CPU time in 2 s, of which the job used 0.4 s
    assert rounds.loads == pytest.approx([0.3, 0.3, 0.3])


def test_without_psutil_the_load_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('bodypix_ros.bench.machine.psutil', None)
    rounds = time_interleaved({'job': Script('job', 60.0, [])}, 0.0)
    assert rounds.loads == []
    assert rounds.interference == (3, 0, None)


def test_a_summary_has_percentiles_and_cpu_time() -> None:
    bursts = [Burst([float(ms) for ms in range(1, 102)], [2.0, 4.0]), Burst([51.0], [9.0])]
    summary = Summary.of(bursts)
    assert summary.median_ms == 51.0
    assert summary.p95_ms == pytest.approx(95.95)
    assert summary.best_ms == pytest.approx(6.05)
    assert summary.cpu_ms == 6.0  # median of the means 3 and 9


def test_a_ratio_compares_bursts_of_the_same_round() -> None:
    ratio = Ratio.of(LONG, SHORT)
    assert ratio.time == pytest.approx((12 / 6 + 120 / 40) / 2)
    assert ratio.cpu == pytest.approx((22 / 11 + 30 / 10) / 2)
    assert ratio.best == pytest.approx(10.5 / 5.25)


def test_a_ratio_is_scaled_to_the_batch() -> None:
    one, four = Ratio.of(LONG, SHORT), Ratio.of(LONG, SHORT, scale=4.0)
    assert (four.time, four.best, four.cpu) == pytest.approx((4 * one.time, 4 * one.best, 4 * one.cpu))


def test_a_cpu_clock_that_did_not_advance_does_not_divide_by_zero() -> None:
    assert Ratio.of([Burst([1.0], [0.0])], [Burst([1.0], [0.0])]).cpu == 1.0
