"""`bodypix bench`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodypix_ros.cli import bench
from bodypix_ros.cli.main import main


@pytest.fixture
def picture(tmp_path: Path, astronaut: np.ndarray) -> str:
    """A small picture of a person."""
    cv2.imwrite(str(tmp_path / 'person.png'), cv2.resize(astronaut, (160, 160)))
    return str(tmp_path / 'person.png')


def _bench(*words: str, picture: str, model_dir: str) -> int:
    weights = ['--checkpoint', 'builtin', '--model-dir', model_dir, '--providers', 'cpu']
    return main(['bench', '--quick', '--sizes', '320x240', '--picture', picture, *weights, *words])


def test_a_quick_run_prints_the_tables_and_writes_json(picture, model_dir, tmp_path, capsys) -> None:
    file = tmp_path / 'figures.json'
    assert _bench('--batches', '1', '2', '--json', str(file), picture=picture, model_dir=model_dir) == 0
    out = capsys.readouterr().out
    assert '320x240, 0.75, stride 16, auto, batch of 2' in out
    one, two = json.loads(file.read_text())['cases']
    stages = ['preprocess', 'inference', 'decode mask', 'decode parts', 'people', 'render', 'whole frame']
    assert [stage for stage in one['stages'] if stage not in ('receive', 'publish')] == stages
    for case in (one, two):
        assert case['provider'] == 'cpu'
        assert case['input_size'] == [161, 113]
        assert case['person'] > 0.05
        assert case['first_mask_ms'] > case['stages']['whole frame']['median_ms'] > 0
        assert case['peak_mb'] > 50
    assert two['case']['batch'] == 2


def test_others_run_side_by_side_and_the_absent_are_named(picture, model_dir, tmp_path, capsys) -> None:
    file = tmp_path / 'figures.json'
    words = ('--against', 'floor', 'tfjs-wasm', '--json', str(file))
    assert _bench(*words, picture=picture, model_dir=model_dir) == 0
    assert 'tfjs-wasm is left out: ' in capsys.readouterr().out
    (comparison,) = json.loads(file.read_text())['comparisons']
    ours, floor = comparison['peers']
    assert (ours['name'], floor['name']) == ('ours', 'floor')
    assert ours['times_ours'] == {'time': 1.0, 'best': 1.0, 'cpu': 1.0}
    assert ours['person'] > 0.05
    assert floor['person'] is None
    assert floor['title'].startswith('ONNX Runtime ')


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--batches', '0'), 'batches must be at least 1, got 0'),
        (('--peer-python', 'no-such-python'), "--peer-python must name a Python interpreter, got 'no-such-python'"),
        (('--json', '/no/such/folder/x.json'), '/no/such/folder/x.json cannot be written: its folder is not there'),
        (('--plot', '/no/such/folder/x.png'), '/no/such/folder/x.png cannot be written: its folder is not there'),
    ],
)
def test_what_cannot_be_is_one_sentence(words, sentence, picture, model_dir, capsys, monkeypatch) -> None:
    monkeypatch.setattr(bench, 'measure_case', None)  # nothing is measured before that is known
    assert _bench(*words, picture=picture, model_dir=model_dir) == 1
    assert sentence in capsys.readouterr().err.splitlines()[-1]


def test_a_size_that_is_none_is_refused(capsys) -> None:
    with pytest.raises(SystemExit):
        main(['bench', '--sizes', 'large'])
    assert "a size must be WIDTHxHEIGHT such as 640x480, got 'large'" in capsys.readouterr().err


def test_a_plot_without_matplotlib_is_refused_before_anything_is_measured(
    picture, model_dir, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(bench, 'measure_case', None)
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    assert _bench('--plot', str(tmp_path / 'x.png'), picture=picture, model_dir=model_dir) == 1
    assert 'a plot needs matplotlib, which is not installed' in capsys.readouterr().err
