"""Timing jobs in turns."""

from __future__ import annotations

import pytest

from bodypix_ros.bench import turns
from bodypix_ros.bench.turns import Burst, Rounds, take_turns, time_calls


class Script:
    """A runner whose calls take as long as it is told; it notes when it was called, and how often in a row."""

    def __init__(self, name: str, wall_ms: float, log: list[tuple[str, int]]) -> None:
        self.name, self.wall_ms, self.log = name, wall_ms, log

    def __call__(self, count: int) -> Burst:
        self.log.append((self.name, count))
        return Burst([self.wall_ms] * count, [2 * self.wall_ms] * count)


def test_jobs_take_turns_in_bursts_of_equal_length() -> None:
    log: list[tuple[str, int]] = []
    rounds = take_turns({'fast': Script('fast', 1.0, log), 'slow': Script('slow', 40.0, log)}, 0.0, burst_ms=50.0)
    trials, turns_taken = log[:4], log[4:]
    assert trials == [('fast', 1), ('fast', 3), ('slow', 1), ('slow', 3)]
    assert turns_taken == [('fast', 50), ('slow', 1)] * 3
    assert rounds.count == 3
    assert rounds.bursts['slow'] == [Burst([40.0], [80.0])] * 3


def test_calls_are_timed_one_by_one() -> None:
    calls: list[int] = []
    burst = time_calls(lambda: calls.append(1), 5)
    assert len(calls) == len(burst.wall_ms) == len(burst.cpu_ms) == 5
    assert all(wall_ms > 0 for wall_ms in burst.wall_ms)


def _rounds(others: list[float]) -> Rounds:
    return Rounds({'job': [Burst([float(index)], [1.0]) for index in range(5)]}, others)


def test_only_quiet_rounds_are_trusted_where_there_are_enough() -> None:
    rounds = _rounds([0.0, 0.9, 0.1, 0.5, 0.15])
    assert rounds.noise == (5, 3, 0.15)
    assert [burst.wall_ms for burst in rounds.trusted()['job']] == [[0.0], [2.0], [4.0]]


@pytest.mark.parametrize('others', [[0.0, 0.9, 0.1, 0.5, 0.9], []])
def test_all_rounds_count_where_few_are_quiet_or_nobody_knows(others: list[float]) -> None:
    assert len(_rounds(others).trusted()['job']) == 5


def test_what_others_use_is_what_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    busy_s, clock_s = iter([10.0, 11.0] * 3), iter([0.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 9.0, 9.0])
    monkeypatch.setattr(turns, 'busy_s', lambda: next(busy_s))
    monkeypatch.setattr(turns.time, 'perf_counter', lambda: next(clock_s))
    rounds = take_turns({'job': Script('job', 200.0, [])}, 0.0)
    # 1 s of work in 2 s, 0.4 s of it ours
    assert rounds.others == pytest.approx([0.3, 0.3, 0.3])


def test_without_psutil_nobody_knows_what_others_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('bodypix_ros.bench.neighbours.psutil', None)
    rounds = take_turns({'job': Script('job', 60.0, [])}, 0.0)
    assert rounds.others == []
    assert rounds.noise == (3, 0, None)
