"""The choice between numba and numpy."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference.kernels import choose_kernels

numba_kernels = pytest.importorskip('bodypix_ros.inference.numba_kernels', reason='numba is not installed')


def test_numba_is_taken_where_it_works() -> None:
    assert choose_kernels('auto').name == 'numba'
    assert choose_kernels('numba').name == 'numba'
    assert choose_kernels('numpy').name == 'numpy'


@pytest.mark.parametrize(
    'error',
    [pickle.UnpicklingError('invalid load key'), OSError('[Errno 13]'), RuntimeError('no\nlocator'), EOFError()],
)
def test_whatever_is_wrong_with_numba_costs_speed_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(numba_kernels, 'decode_mask', fail)
    caplog.set_level(logging.INFO)
    assert choose_kernels('auto').name == 'numpy'
    first_line = (str(error) or 'EOFError').splitlines()[0]
    assert caplog.messages == [f'numba does not work here ({first_line}), so frames take longer']
    with pytest.raises(ProviderError, match='kernels is numba, which does not work here .*set kernels to numpy'):
        choose_kernels('numba')


@pytest.mark.slow
@pytest.mark.parametrize('suffix', ['nbi', 'nbc'])
def test_a_damaged_cache_costs_speed_alone(tmp_path: Path, suffix: str) -> None:
    program = "from bodypix_ros.inference.kernels import choose_kernels; print(choose_kernels('auto').name)"

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, '-c', program],
            env={'NUMBA_CACHE_DIR': str(tmp_path), 'PYTHONPATH': ':'.join(sys.path)},
            capture_output=True, text=True, timeout=170, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    assert run() == (0, 'numba\n')
    damaged = list(tmp_path.rglob(f'*.{suffix}'))
    assert damaged
    for path in damaged:
        path.write_bytes(b'nonsense')
    code, name = run()
    assert code == 0
    assert name in ('numba\n', 'numpy\n')  # some damage makes numba compile again
