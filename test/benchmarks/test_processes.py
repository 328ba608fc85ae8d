# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the programs of the comparison are found and run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import PREPARE
from benchmarks.processes import (
    OURS,
    PEERS,
    ROOT,
    Installations,
    Peer,
    PeerError,
    PeerNotAvailableError,
    PeerProcess,
    start_peer,
)  # fmt: skip
from bodypix_ros.bench.cases import Case
from bodypix_ros.bench.timing import Burst
from bodypix_ros.settings import NetworkSettings

BY_NAME = {peer.name: peer for peer in PEERS}
NOT_INSTALLED = Peer('ghost', 'nothing', requires=('no_such_module',), install='pip install ghost')


def _start(program: str, *words: str, limit_s: float = 60.0) -> PeerProcess:
    return PeerProcess([sys.executable, '-c', program, *words], {'PYTHONPATH': str(ROOT)}, limit_s)


def test_every_python_program_can_be_prepared() -> None:
    assert {peer.name for peer in (OURS, *PEERS) if not peer.backend} == set(PREPARE)


def test_a_program_without_requirements_runs_in_this_python() -> None:
    command = BY_NAME['onnxruntime'].command(Installations())
    assert command == [sys.executable, '-m', 'benchmarks.peers', 'onnxruntime']


def test_the_error_for_a_missing_module_names_the_remedies() -> None:
    expected = (
        'ghost: not installed (no_such_module); run `pip install ghost`, '
        'and pass --peer-python if this is another Python environment'
    )
    with pytest.raises(PeerNotAvailableError) as raised:
        NOT_INSTALLED.command(Installations((sys.executable, '/no/such/python')))
    assert str(raised.value) == expected


def test_another_python_is_used_if_this_one_lacks_a_module(tmp_path: Path) -> None:
    other = tmp_path / 'python'
    other.write_text('#!/bin/sh\nexit 0\n')  # finds every module
    other.chmod(0o755)
    assert NOT_INSTALLED.command(Installations((str(other),)))[0] == str(other)


def test_the_javascript_library_requires_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '')
    with pytest.raises(PeerNotAvailableError, match='tfjs-node: node is not on PATH; install Node.js'):
        BY_NAME['tfjs-node'].command(Installations())


def test_node_packages_are_searched_in_the_given_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / 'bin' / 'node'
    node.parent.mkdir()
    node.touch(0o755)
    monkeypatch.setenv('PATH', str(node.parent))
    wasm = BY_NAME['tfjs-wasm']
    with pytest.raises(PeerNotAvailableError, match='and pass --node-modules node_modules'):
        wasm.command(Installations())
    installed = Installations(node_modules=tmp_path)
    with pytest.raises(PeerNotAvailableError, match='does not contain @tensorflow-models/body-pix, @tensorflow/tfjs, '):
        wasm.command(installed)
    for name in wasm.requires:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / 'package.json').touch()
    assert wasm.command(installed) == [str(node), str(ROOT / 'benchmarks' / 'body_pix.js')]
    assert (ROOT / 'benchmarks' / 'body_pix.js').is_file()


def test_programs_of_bodypix_skip_our_network(astronaut: np.ndarray, tmp_path: Path) -> None:
    peer = Peer('other', 'BodyPix elsewhere', uses_graph=True)
    case = Case(64, 48, 1, NetworkSettings(model='bodypix_ros'))
    with pytest.raises(PeerNotAvailableError, match='other: runs BodyPix models only'):
        start_peer(peer, case, astronaut, Installations(), tmp_path)


PROGRAM = """
import json, sys
from benchmarks.peers import Prepared, Request, serve

def prepare(request):
    print('this goes to stderr')
    picture = request.read_picture()
    return Prepared('a program', lambda: picture[..., 0] > request.threshold)

serve(prepare, Request(**json.loads(sys.argv[1])))
"""


def test_a_program_describes_itself_and_is_timed(tmp_path: Path) -> None:
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:, :2] = 200
    picture.tofile(tmp_path / 'picture.rgb')
    request = {
        'picture': str(tmp_path / 'picture.rgb'), 'width': 6, 'height': 4, 'batch': 1, 'graph': '', 'stride': 16,
        'resolution': 0.5, 'threshold': 100.0, 'settings': {},
    }  # fmt: skip
    with _start(PROGRAM, json.dumps(request)) as program:
        assert program.title == 'a program'
        assert program.person == pytest.approx(1 / 3)
        assert program.first_call_ms > 0
        burst = program(3)
        assert len(burst.wall_ms) == len(burst.cpu_ms) == 3
        assert program(1) != burst
        assert program.peak_mb > 5


def test_a_program_may_return_no_mask() -> None:
    reply = json.dumps({'title': 'plain', 'person': None})
    burst = json.dumps({'wall_ms': [1.5], 'cpu_ms': [2.5], 'peak_mb': 7.0})
    with _start(f'print({reply!r}, flush=True); input(); print({burst!r}, flush=True)') as program:
        assert program.person is None
        assert program(1) == Burst([1.5], [2.5])
        assert program.peak_mb == 7.0


def test_the_error_of_a_program_ends_with_its_last_line() -> None:
    with pytest.raises(PeerError, match=r'exited with status 1: RuntimeError: no weights$'):
        _start('raise RuntimeError("no weights")')
    with pytest.raises(PeerError, match='exited with status 0: no output'):
        _start('pass')


def test_a_program_that_exits_early_is_an_error() -> None:
    reply = json.dumps({'title': 'short-lived', 'person': None})
    program = _start(f'import sys; print({reply!r}, flush=True); sys.exit("enough")')
    with program, pytest.raises(PeerError, match='exited with status 1: enough'):
        program(1)


def test_a_program_that_exceeds_the_limit_is_killed() -> None:
    with pytest.raises(PeerError, match='exited with status -9'):
        _start('input()', limit_s=0.2)
