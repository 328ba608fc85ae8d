# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks`."""

from __future__ import annotations

import configparser
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks.processes import ROOT


@pytest.fixture
def picture(tmp_path: Path, astronaut: np.ndarray) -> str:
    """A small picture of a person."""
    cv2.imwrite(str(tmp_path / 'person.png'), cv2.resize(astronaut, (160, 160)))
    return str(tmp_path / 'person.png')


def _run(*words: str, picture: str, model_dir: str) -> int:
    network = ['--model-dir', model_dir, '--providers', 'cpu', '--resolutions', '193']
    return program.main(['--quick', '--sizes', '320x240', '--picture', picture, *network, *words])


def test_programs_run_side_by_side_and_the_missing_ones_are_named(picture, model_dir, tmp_path, capsys) -> None:
    file = tmp_path / 'figures.json'
    words = ('--peers', 'onnxruntime', 'tfjs-wasm', '--json', str(file))
    assert _run(*words, picture=picture, model_dir=model_dir) == 0
    assert 'skipped tfjs-wasm: ' in capsys.readouterr().out
    (comparison,) = json.loads(file.read_text())['comparisons']
    ours, bare = comparison['peers']
    assert (ours['name'], bare['name']) == ('bodypix_ros', 'onnxruntime')
    assert ours['vs_ours'] == {'time': 1.0, 'best': 1.0, 'cpu': 1.0}
    assert ours['person'] > 0.05
    assert bare['person'] is None
    assert bare['title'].startswith('ONNX Runtime ')


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--peer-python', 'no-such-python'), "--peer-python must be a Python interpreter, got 'no-such-python'"),
        (('--json', '/no/such/folder/x.json'), 'failed to write /no/such/folder/x.json: the folder does not exist'),
    ],
)
def test_wrong_arguments_are_refused_before_the_measurement(
    words, sentence, picture, model_dir, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(program, 'compare', None)
    assert _run(*words, picture=picture, model_dir=model_dir) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f'benchmarks: {sentence}'


def test_it_is_not_installed() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    include = setup['options.packages.find']['include'].split()
    packages = ['bodypix_ros', 'bodypix_ros.bench', 'benchmarks']
    assert [name for name in packages if any(fnmatch(name, pattern) for pattern in include)] == packages[:2]
    installed = re.findall(r'install\(DIRECTORY (.*?) DESTINATION', (ROOT / 'CMakeLists.txt').read_text())
    assert installed == ['${PROJECT_NAME}/', 'launch config']
