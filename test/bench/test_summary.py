"""The few numbers that many timings come to."""

from __future__ import annotations

import pytest

from bodypix_ros.bench.summary import Ratio, Summary
from bodypix_ros.bench.turns import Burst

LONG = [Burst([10.0, 12.0, 14.0], [20.0, 22.0, 24.0]), Burst([100.0, 120.0, 140.0], [30.0, 30.0, 30.0])]
SHORT = [Burst([5.0, 6.0, 7.0], [11.0, 11.0, 11.0]), Burst([40.0, 40.0, 40.0], [10.0, 10.0, 10.0])]


def test_a_summary_gives_median_p95_best_and_processor_time() -> None:
    bursts = [Burst([float(ms) for ms in range(1, 102)], [2.0, 4.0]), Burst([51.0], [9.0])]
    summary = Summary.of(bursts)
    assert summary.median_ms == 51.0
    assert summary.p95_ms == pytest.approx(95.95)
    assert summary.best_ms == pytest.approx(6.05)
    assert summary.cpu_ms == 6.0  # between bursts of 3 and 9 each call


def test_a_ratio_compares_bursts_that_happened_together() -> None:
    ratio = Ratio.of(LONG, SHORT)
    assert ratio.time == pytest.approx((12 / 6 + 120 / 40) / 2)
    assert ratio.cpu == pytest.approx((22 / 11 + 30 / 10) / 2)
    assert ratio.best == pytest.approx(10.5 / 5.25)


def test_what_does_one_picture_in_a_call_is_scaled_to_the_batch() -> None:
    one, four = Ratio.of(LONG, SHORT), Ratio.of(LONG, SHORT, scale=4.0)
    assert (four.time, four.best, four.cpu) == pytest.approx((4 * one.time, 4 * one.best, 4 * one.cpu))


def test_a_clock_that_did_not_tick_divides_by_no_zero() -> None:
    assert Ratio.of([Burst([1.0], [0.0])], [Burst([1.0], [0.0])]).cpu == 1.0
