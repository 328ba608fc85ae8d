# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports as JSON."""

from __future__ import annotations

import json

from bench_reports import report

from bodypix_ros.bench.report import SCHEMA


def test_json_contains_every_figure_by_name() -> None:
    values = json.loads(report().to_json())
    assert values['schema'] == SCHEMA == 2
    assert values['machine'] == {'processor': 'A CPU', 'processors': 2}
    (case,) = values['cases']
    assert case['case']['network']['multiplier'] == 0.5
    assert (case['case']['width'], case['case']['height'], case['case']['batch']) == (640, 480, 2)
    assert case['frame'] == {'best_ms': 4.5, 'median_ms': 5.0, 'p95_ms': 8.0, 'cpu_ms': 9.0}
    assert case['stages_ms']['inference'] == 4.0
    assert case['vs_bare'] == {'time': 1.25, 'best': 1.2, 'cpu': 1.3}
    assert (case['provider'], case['kernels'], case['input_size']) == ('cpu', 'numba', [321, 241])
    assert (case['first_mask_ms'], case['peak_mb'], case['interference']) == (612.0, 242.4, [10, 7, 0.05])
    (node,) = values['nodes']
    assert (node['frames'], node['dropped'], node['cpu_ms'], node['stages_ms']['age']) == (240, 1, 5.5, 4.75)
