# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports as text and as plots."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest
from bench_reports import case_report, node_report, report

from bodypix_ros.bench.tables import align, case_table, draw_plot, node_table, report_text, stage_table
from bodypix_ros.errors import BodyPixError


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split('  ') if cell.strip()]


def test_a_case_is_one_line() -> None:
    header, line = case_table([case_report()]).splitlines()
    assert dict(zip(_cells(header), _cells(line), strict=True)) == {
        'case': '640x480, 0.50, stride 16, auto, batch of 2',
        'network input': '321x241',
        'provider': 'cpu',
        'kernels': 'numba',
        'x bare': '1.25',
        'best': '1.20',
        'CPU': '1.30',
        'median ms': '5.00',
        'p95 ms': '8.00',
        'frames/s': '400',  # two images in 5 ms
        'CPU ms/frame': '4.50',
        'first mask s': '0.61',
        'peak MB': '242',
        'quiet rounds': '7 of 10',
    }


def test_stages_are_in_the_order_of_processing() -> None:
    header, line = stage_table([case_report()]).splitlines()
    assert _cells(header) == ['median ms', 'preprocess', 'inference', 'postprocess', 'whole frame', 'bare network']
    assert _cells(line)[1:] == ['0.50', '4.00', '0.25', '5.00', '3.75']


def test_a_gpu_has_no_bare_network() -> None:
    *_, gpu = stage_table([case_report(), case_report('cuda')]).splitlines()
    assert _cells(gpu)[-2:] == ['5.00', '-']
    _, line = case_table([case_report('cuda')]).splitlines()
    assert _cells(line)[4:7] == ['-', '-', '-']


def test_the_node_is_one_line_with_its_overhead() -> None:
    header, line = node_table([node_report()]).splitlines()
    cells = dict(zip(_cells(header), _cells(line), strict=True))
    assert (cells['Hz'], cells['frames'], cells['dropped']) == ('30', '240', '1')
    assert (cells['inference'], cells['age'], cells['age - inference'], cells['latency']) == (
        '2.00',
        '4.75',
        '2.75',
        '5.25',
    )
    assert (cells['CPU ms/frame'], cells['first mask s']) == ('5.50', '1.53')
    assert _cells(node_table([node_report(None)]).splitlines()[1])[-2] == '-'


def test_the_report_names_networks_providers_and_machine() -> None:
    text = report_text(report())
    assert text.endswith('\n\nprocessor A CPU, processors 2')
    assert '4-byte weights, stride 16 on cpu: provider is cpu' in text


def test_numbers_are_aligned_to_the_right_and_text_to_the_left() -> None:
    assert align([('name', 'ms', 'what'), ('a', '5.0', 'x'), ('long name', '10.0', 'y')]).splitlines() == [
        'name         ms  what',
        'a           5.0  x',
        'long name  10.0  y',
    ]


def test_a_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')
    draw_plot([case_report()], tmp_path / 'plot.png')
    picture = cv2.imread(str(tmp_path / 'plot.png'))
    assert picture is not None
    assert picture.std() > 10


def test_an_unknown_plot_format_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')
    with pytest.raises(BodyPixError, match=r'failed to write the plot to .*plot\.xyz: '):
        draw_plot([case_report()], tmp_path / 'plot.xyz')


def test_without_matplotlib_the_error_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    with pytest.raises(BodyPixError, match='--plot requires matplotlib, .*: pip install matplotlib'):
        draw_plot([case_report()], tmp_path / 'plot.png')
