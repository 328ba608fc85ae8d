# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counts and times of a camera."""

from __future__ import annotations

import math

from bodypix_ros.image_layout import BadImage
from bodypix_ros.ros.stats import STAGES, FrameStats


def test_counts_of_both_threads_add_up_and_rates_are_of_the_period() -> None:
    stats = FrameStats('front')
    stats.subscription.frames_in += 30
    stats.subscription.frames_dropped += 9
    stats.worker.frames_dropped += 1
    for number in range(20):
        stats.record_published(float(number + 1))
    first = stats.report(period_s=2.0)
    assert (first.name, first.frames_in, first.frames_out, first.frames_dropped) == ('front', 30, 20, 10)
    assert (first.rate_in_hz, first.rate_out_hz) == (15.0, 10.0)
    assert stats.last_out_s == 20.0
    stats.subscription.frames_in += 6
    second = stats.report(period_s=1.0)
    assert (second.frames_in, second.rate_in_hz, second.rate_out_hz) == (36, 6.0, 0.0)


def test_times_are_the_median_and_the_95th_percentile_of_the_period() -> None:
    stats = FrameStats('')
    for milliseconds in range(101):
        stats.record_published(0.0, inference=float(milliseconds), wait=1.5)
    report = stats.report(period_s=1.0)
    assert (report.inference.p50_ms, report.inference.p95_ms) == (50.0, 95.0)
    assert (report.wait.p50_ms, report.wait.p95_ms) == (1.5, 1.5)
    assert math.isnan(report.publish.p50_ms)
    assert all(math.isnan(getattr(stats.report(1.0), stage).p95_ms) for stage in STAGES)


def test_ages_that_are_unknown_leave_the_others_as_they_are() -> None:
    stats = FrameStats('')
    for age in (float('nan'), 2.0, 4.0):
        stats.record_published(0.0, age=age)
    assert stats.report(period_s=1.0).age.p50_ms == 3.0


def test_each_kind_of_defect_is_new_once() -> None:
    stats = FrameStats('')
    news = [stats.is_new_defect(BadImage(kind, f'{kind}!')) for kind in ('step', 'step', 'data', 'step')]
    assert news == [True, False, True, False]
    assert stats.take_defect() == 'step!'
    assert stats.take_defect() == ''
