"""Counts and times of a camera."""

from __future__ import annotations

import math

import pytest

from bodypix_ros.ros.image_msg import BadImage
from bodypix_ros.ros.stats import STAGES, Tally


def test_counts_go_on_and_rates_are_of_the_period() -> None:
    tally = Tally('front')
    tally.count(frames_in=30, frames_dropped=10)
    tally.count(frames_out=20)
    first = tally.report(period_s=2.0)
    assert (first.name, first.frames_in, first.frames_out, first.frames_dropped) == ('front', 30, 20, 10)
    assert (first.rate_in_hz, first.rate_out_hz) == (15.0, 10.0)
    tally.count(frames_in=6)
    second = tally.report(period_s=1.0)
    assert (second.frames_in, second.rate_in_hz, second.rate_out_hz) == (36, 6.0, 0.0)


def test_times_are_the_median_and_the_95th_percentile_of_the_period() -> None:
    tally = Tally('')
    for milliseconds in range(101):
        tally.time(inference=float(milliseconds), wait=1.5)
    report = tally.report(period_s=1.0)
    assert (report.inference.p50_ms, report.inference.p95_ms) == (50.0, 95.0)
    assert (report.wait.p50_ms, report.wait.p95_ms) == (1.5, 1.5)
    assert math.isnan(report.publish.p50_ms)
    assert all(math.isnan(getattr(tally.report(1.0), stage).p95_ms) for stage in STAGES)


def test_each_kind_of_defect_is_new_once() -> None:
    tally = Tally('')
    news = [tally.reject(BadImage(kind, f'{kind}!')) for kind in ('step', 'step', 'data', 'step')]
    assert news == [True, False, True, False]
    assert tally.counts.frames_bad == 4
    assert tally.take_defect() == 'step!'
    assert tally.take_defect() == ''


def test_an_unknown_count_is_a_mistake_of_the_program() -> None:
    with pytest.raises(AttributeError):
        Tally('').count(frames_lost=1)
