# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Comparisons as text, JSON and plots."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from bench_reports import CASE

from benchmarks.compare import Comparison, PeerReport, comparison_text, comparisons_json, draw_comparisons
from bodypix_ros.bench.timing import Interference, Ratio, Summary


def _peer(name: str, times: float, *, supports_batches: bool) -> PeerReport:
    return PeerReport(
        name=name,
        description='what it runs',
        title=f'{name} 1.0',
        supports_batches=supports_batches,
        vs_ours=Ratio(times, times + 0.1, times + 0.2),
        summary=Summary(9.0, 10.0, 125.0, 20.0),
        person=0.31 if supports_batches else None,
        first_call_ms=1500.0,
        peak_mb=300.0,
    )


BUSY = Interference(12, 1, 0.8)


def _comparison(interference: Interference = BUSY) -> Comparison:
    peers = [_peer('ours', 1.0, supports_batches=True), _peer('slow', 8.0, supports_batches=False)]
    return Comparison(CASE, peers, ['skipped other: not installed'], interference)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split('  ') if cell.strip()]


def test_programs_are_compared_image_by_image() -> None:
    header, ours, slow, *_ = comparison_text(_comparison()).splitlines()
    slow_cells = dict(zip(_cells(header), _cells(slow), strict=True))
    assert slow_cells['x ours'] == '8.00'
    assert slow_cells['CPU'] == '8.20'
    assert slow_cells['frames/s'] == '100'  # one image in 10 ms
    assert slow_cells['CPU ms/frame'] == '20.00'
    assert slow_cells['p95 ms'] == '125'
    assert slow_cells['person'] == '-'
    ours_cells = dict(zip(_cells(header), _cells(ours), strict=True))
    assert (ours_cells['frames/s'], ours_cells['CPU ms/frame'], ours_cells['person']) == ('200', '10.00', '31.0%')


def test_the_text_describes_programs_skipped_programs_and_interference() -> None:
    *_, ours, slow, skipped, interference = comparison_text(_comparison()).splitlines()
    assert (ours, slow) == ('ours: what it runs; ours 1.0', 'slow: what it runs; slow 1.0')
    assert skipped == 'skipped other: not installed'
    assert interference == '12 rounds, too few quiet ones, all used; median load of other processes: 0.80 processors'


@pytest.mark.parametrize(
    ('interference', 'text'),
    [
        (Interference(12, 9, -0.01), '12 rounds, 9 quiet ones used; median load of other processes: 0.00 processors'),
        (Interference(12, 0, None), '12 rounds; the load of other processes is unknown: pip install psutil'),
    ],
)
def test_interference_is_described(interference: Interference, text: str) -> None:
    assert comparison_text(_comparison(interference)).splitlines()[-1] == text


def test_json_contains_every_figure_by_name() -> None:
    values = json.loads(comparisons_json({'processor': 'A CPU'}, [_comparison()]))
    assert (values['schema'], values['machine']) == (2, {'processor': 'A CPU'})
    (comparison,) = values['comparisons']
    assert [peer['name'] for peer in comparison['peers']] == ['ours', 'slow']
    assert comparison['peers'][1]['vs_ours']['time'] == 8.0
    assert comparison['skipped'] == ['skipped other: not installed']
    assert comparison['case']['network']['multiplier'] == 0.5


def test_a_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')
    draw_comparisons([_comparison(), _comparison()], tmp_path / 'plot.png')
    picture = cv2.imread(str(tmp_path / 'plot.png'))
    assert picture is not None
    assert picture.std() > 10
