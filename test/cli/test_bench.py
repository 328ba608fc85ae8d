# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix bench`."""

from __future__ import annotations

import argparse
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
    weights = ['--model-dir', model_dir, '--providers', 'cpu', '--resolutions', '193']
    return main(['bench', '--quick', '--sizes', '320x240', '--picture', picture, *weights, *words])


def test_a_quick_run_prints_the_tables_and_writes_json(picture, model_dir, tmp_path, capsys) -> None:
    file = tmp_path / 'figures.json'
    assert _bench('--batches', '1', '2', '--json', str(file), picture=picture, model_dir=model_dir) == 0
    out = capsys.readouterr().out
    assert '320x240, bodypix_ros, 193, batch of 2' in out
    one, two = json.loads(file.read_text())['cases']
    for case in (one, two):
        assert case['provider'] == 'cpu'
        assert case['input_size'] == [193, 129]
        assert case['person'] > 0.05
        assert case['first_mask_ms'] > case['stages_ms']['whole frame'] > 0
    assert two['case']['batch'] == 2


@pytest.mark.parametrize(
    ('words', 'models'),
    [
        ((), ['bodypix_ros']),
        (('--strides', '8'), ['bodypix']),
        (('--quant-bytes', '2'), ['bodypix']),
        (('--models', 'bodypix_ros', 'bodypix'), ['bodypix_ros', 'bodypix']),
    ],
)
def test_a_setting_that_only_bodypix_has_selects_bodypix(words, models) -> None:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    cases = bench.read_cases(parser.parse_args(['--quick', *words]))
    assert [case.network.model for case in cases] == models


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--json', '/no/such/folder/x.json'), 'failed to write /no/such/folder/x.json: the folder does not exist'),
        (('--plot', 'x.png', '--node'), '--plot is not available with --node; use --json'),
        (('--plot', '/no/such/folder/x.png'), 'failed to write /no/such/folder/x.png: the folder does not exist'),
    ],
)
def test_wrong_arguments_are_refused_before_the_measurement(
    words, sentence, picture, model_dir, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(bench, 'measure_case', None)
    assert _bench(*words, picture=picture, model_dir=model_dir) == 1
    assert sentence in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--batches', '2', '0'), 'batches must be at least 1, got 0'),
        (('--seconds', 'nan'), 'seconds must be between 0.1 and 3600, got nan'),
        (('--rate-hz', '0'), 'rate_hz must be between 0.1 and 1000, got 0.0'),
    ],
)
def test_numbers_out_of_range_are_refused(words: tuple[str, ...], sentence: str, capsys) -> None:
    with pytest.raises(SystemExit):
        main(['bench', *words])
    assert capsys.readouterr().err.splitlines()[-1].endswith(f': {sentence}')


def test_a_malformed_size_is_refused(capsys) -> None:
    with pytest.raises(SystemExit):
        main(['bench', '--sizes', 'large'])
    assert "a size must be WIDTHxHEIGHT such as 640x480, got 'large'" in capsys.readouterr().err


def test_a_plot_without_matplotlib_is_refused_before_the_measurement(
    picture, model_dir, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(bench, 'measure_case', None)
    monkeypatch.setitem(sys.modules, 'matplotlib.figure', None)
    assert _bench('--plot', str(tmp_path / 'x.png'), picture=picture, model_dir=model_dir) == 1
    assert '--plot requires matplotlib, which is not installed' in capsys.readouterr().err
