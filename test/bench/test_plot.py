"""Reports as pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest
from bench_reports import report

from bodypix_ros.bench.plot import draw_plot
from bodypix_ros.errors import BodyPixError


def test_a_report_becomes_a_picture(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')
    draw_plot(report(), tmp_path / 'plot.png')
    picture = cv2.imread(str(tmp_path / 'plot.png'))
    assert picture is not None
    assert picture.std() > 10


def test_an_unknown_kind_of_picture_is_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')
    with pytest.raises(BodyPixError, match='the plot cannot be written to .*plot.xyz: '):
        draw_plot(report(), tmp_path / 'plot.xyz')


def test_without_matplotlib_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    with pytest.raises(BodyPixError, match='a plot needs matplotlib, which is not installed; pip install matplotlib'):
        draw_plot(report(), tmp_path / 'plot.png')
