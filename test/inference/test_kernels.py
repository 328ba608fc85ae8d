# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The choice between numba and numpy."""

from __future__ import annotations

import logging
import pickle

import pytest

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import kernels
from bodypix_ros.inference.kernel_compiler import prepare_kernels
from bodypix_ros.inference.kernels import choose_kernels

numba_kernels = pytest.importorskip('bodypix_ros.inference.numba_kernels', reason='numba is not installed')


@pytest.fixture(autouse=True, scope='module')
def compiled() -> None:
    """The kernels in the cache, so that none is compiled in the background."""
    prepare_kernels('numba')


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
    monkeypatch.setattr(kernels, 'discard_cache', lambda _module: None)
    caplog.set_level(logging.INFO)
    assert choose_kernels('auto').name == 'numpy'
    first_line = (str(error) or 'EOFError').splitlines()[0]
    assert caplog.messages[-1] == f'numba does not work here ({first_line}), so frames take longer'
    with pytest.raises(ProviderError, match='kernels is set to numba, which does not work here .*set kernels to numpy'):
        choose_kernels('numba')
