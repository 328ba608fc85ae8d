# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A damaged cache of numba is discarded, and the kernels are compiled again."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import kernels as module
from bodypix_ros.inference.kernels import choose_kernels, discard_cache

pytest.importorskip('numba', reason='needs numba')


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that is believed to contain the kernels."""
    monkeypatch.setattr('bodypix_ros.inference.kernel_compiler.is_compiled', lambda: True)


SOURCE = """
from numba import njit

@njit(cache=True)
def double(value):
    return 2 * value
"""

DAMAGES = {
    'empty': lambda path: path.write_bytes(b''),
    'cut off': lambda path: path.write_bytes(path.read_bytes()[:-20]),
    'other bytes': lambda path: path.write_bytes(b'nonsense' * 100),
    'a folder': lambda path: (path.unlink(), path.mkdir()),
}


def _load(folder: Path) -> ModuleType:
    """Import the file anew, as another process would."""
    spec = importlib.util.spec_from_file_location('package.functions', folder / 'functions.py')
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def _fails(functions: ModuleType) -> bool:
    try:
        functions.double(3)
    except Exception:  # which one depends on the damage and on the version of numba
        return True
    return False


@pytest.mark.parametrize('suffix', ['nbi', 'nbc'])
@pytest.mark.parametrize('damage', DAMAGES)
def test_a_damaged_cache_fails_until_it_is_discarded(
    damage: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('numba.core.config.CACHE_DIR', str(tmp_path / 'cache'))
    (tmp_path / 'functions.py').write_text(SOURCE)
    assert _load(tmp_path).double(3) == 6
    (path,) = (tmp_path / 'cache').rglob(f'*.{suffix}')
    DAMAGES[damage](path)
    again = _load(tmp_path)
    assert _fails(again)
    discard_cache(again)
    assert again.double(3) == 6
    assert _load(tmp_path).double(3) == 6
    assert path.is_file()
    assert path.stat().st_size > 20


def _failing_compiler(times: int) -> Callable[[object], None]:
    calls: list[object] = []

    def compile_kernels(kernels: object) -> None:
        calls.append(kernels)
        if len(calls) <= times:
            raise EOFError('Ran out of input')

    return compile_kernels


def test_kernels_are_compiled_again_without_the_cache(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    discarded: list[ModuleType] = []
    monkeypatch.setattr(module, '_compile', _failing_compiler(1))
    monkeypatch.setattr(module, 'discard_cache', discarded.append)
    assert choose_kernels('auto').name == 'numba'
    names = [one.__name__.rpartition('.')[2] for one in discarded]
    assert names == ['numba_kernels', 'numba_refine']
    (warning,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warning == 'numba failed (Ran out of input); discarding its cache and recompiling the kernels'


def test_numpy_runs_where_numba_fails_without_its_cache_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'discard_cache', lambda _: None)
    monkeypatch.setattr(module, '_compile', _failing_compiler(2))
    assert choose_kernels('auto').name == 'numpy'
    monkeypatch.setattr(module, '_compile', _failing_compiler(2))
    with pytest.raises(ProviderError, match=r'kernels is set to numba, which does not work here \(Ran out of input\)'):
        choose_kernels('numba')


def test_a_cache_that_cannot_be_discarded_leaves_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(module, 'discard_cache', refuse)
    monkeypatch.setattr(module, '_compile', _failing_compiler(1))
    assert choose_kernels('auto').name == 'numpy'
