"""Talking to a program that is compared."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bodypix_ros.bench.peers.service import Request
from bodypix_ros.bench.process import PeerError, PeerProcess
from bodypix_ros.bench.turns import Burst

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import numpy as np
from bodypix_ros.bench.peers.service import Prepared, serve

def prepare(request):
    print('this goes to stderr')
    picture = request.read_picture()
    return Prepared('a program', lambda: picture[..., 0] > request.threshold)

serve(prepare)
"""


def _start(program: str, *words: str, limit_s: float = 60.0) -> PeerProcess:
    return PeerProcess([sys.executable, '-c', program, *words], {'PYTHONPATH': str(ROOT)}, limit_s)


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:, :2] = 200
    picture.tofile(tmp_path / 'picture.rgb')
    request = Request(
        picture=str(tmp_path / 'picture.rgb'), width=6, height=4, batch=1, graph='', stride=16, resolution=0.5,
        input_height=17, input_width=17, threshold=100.0, settings={},
    )  # fmt: skip
    path = tmp_path / 'request.json'
    path.write_text(json.dumps(asdict(request)))
    return path


def test_a_program_says_what_it_is_and_is_timed_as_often_as_it_is_told(request_file: Path) -> None:
    with _start(PROGRAM, str(request_file)) as program:
        assert program.title == 'a program'
        assert program.person == pytest.approx(1 / 3)
        assert program.first_ms > 0
        burst = program(3)
        assert len(burst.wall_ms) == len(burst.cpu_ms) == 3
        assert program(1) != burst
        assert program.peak_mb > 5


def test_a_program_that_finds_no_persons_says_so() -> None:
    answer = json.dumps({'title': 'plain', 'person': None})
    burst = json.dumps({'wall_ms': [1.5], 'cpu_ms': [2.5], 'peak_mb': 7.0})
    with _start(f'print({answer!r}, flush=True); input(); print({burst!r}, flush=True)') as program:
        assert program.person is None
        assert program(1) == Burst([1.5], [2.5])
        assert program.peak_mb == 7.0


def test_a_program_that_does_not_start_leaves_its_last_words() -> None:
    with pytest.raises(PeerError, match=r'it ended with status 1: RuntimeError: no weights$'):
        _start('raise RuntimeError("no weights")')
    with pytest.raises(PeerError, match='it ended with status 0: it said nothing'):
        _start('pass')


def test_a_program_that_dies_is_noticed() -> None:
    answer = json.dumps({'title': 'short-lived', 'person': None})
    program = _start(f'import sys; print({answer!r}, flush=True); sys.exit("enough")')
    with program, pytest.raises(PeerError, match='it ended with status 1: enough'):
        program(1)


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(PeerError, match='it ended with status -9'):
        _start('input()', limit_s=0.2)
