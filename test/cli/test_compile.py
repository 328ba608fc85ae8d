# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix compile`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bodypix_ros.cli.main import main
from bodypix_ros.inference import kernel_compiler


@pytest.fixture(autouse=True)
def new_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache of compiled kernels."""
    monkeypatch.setenv('NUMBA_CACHE_DIR', str(tmp_path / 'numba'))


def test_the_kernels_are_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('numba', reason='needs numba')
    compiled: list[str] = []
    monkeypatch.setattr('bodypix_ros.inference.kernels._compile', lambda kernels: compiled.append(kernels.name))
    assert main(['compile']) == 0
    assert main(['compile']) == 0
    assert compiled == ['numba']
    assert kernel_compiler.is_compiled()
    assert capsys.readouterr().out == f'the compiled kernels are in {tmp_path / "numba"}\n' * 2


def test_without_numba_the_command_fails_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernel_compiler, 'is_installed', lambda: False)
    assert main(['compile']) == 1
    assert 'numba is not installed, so there is nothing to compile; run `pip install numba`' in capsys.readouterr().err
