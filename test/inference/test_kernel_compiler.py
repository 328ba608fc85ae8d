# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compiling the numba kernels in a separate process, and what runs until then."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import kernel_compiler, kernels
from bodypix_ros.inference.kernel_compiler import compile_in_background, compile_kernels, is_compiled, prepare_kernels
from bodypix_ros.inference.kernels import choose_kernels
from bodypix_ros.models.disk import NO_CACHE

pytest.importorskip('numba', reason='needs numba')


@pytest.fixture
def new_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of compiled kernels; returns its folder."""
    monkeypatch.setenv('NUMBA_CACHE_DIR', str(tmp_path / 'numba'))
    return tmp_path / 'numba'


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the program of the compiling process; the test fills in the text of the program."""
    program: list[str] = []
    start = subprocess.Popen

    def popen(_: list[str], **options: object) -> subprocess.Popen[str]:
        return start([sys.executable, '-c', *program], **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, 'Popen', popen)
    monkeypatch.setattr(kernel_compiler, '_current', None)
    return program


@pytest.mark.slow
def test_numpy_runs_until_another_process_has_compiled_the_kernels(
    new_machine: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kernel_compiler, '_current', None)
    caplog.set_level(logging.INFO)
    chosen, second = choose_kernels('auto'), choose_kernels('auto')
    assert (chosen.name, second.name) == ('numpy', 'numpy')
    assert not is_compiled()
    assert [text.startswith('compiling the kernels in the background') for text in caplog.messages] == [True]
    compilation = kernel_compiler._current
    assert compilation is not None
    compilation.thread.join(240)
    assert (chosen.name, second.name) == ('numba', 'numba')
    assert chosen == kernels.load_compiled()
    assert is_compiled()
    assert list(new_machine.rglob('numba_kernels.*.nbc'))
    assert caplog.messages[1].startswith('the kernels were compiled in ')
    assert choose_kernels('auto').name == 'numba'


def test_a_failed_compilation_leaves_numpy_and_is_logged(
    new_machine: Path, compiler: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    compiler.append('raise RuntimeError("no compiler for this processor")')
    compiled: list[bool] = []
    compile_in_background(lambda: compiled.append(True)).thread.join(60)
    assert compiled == []
    assert caplog.messages == [
        'failed to compile the kernels (RuntimeError: no compiler for this processor); frames take longer'
    ]


def test_compiled_kernels_that_cannot_be_loaded_leave_numpy_and_are_logged(
    new_machine: Path, compiler: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    compiler.append('pass')
    loaded = threading.Event()

    def fail() -> None:
        loaded.set()
        raise ProviderError('the cache is damaged')

    compile_in_background(fail).thread.join(60)
    assert loaded.wait(60)
    assert caplog.messages == ['failed to load the compiled kernels (the cache is damaged); frames take longer']


def test_the_compiler_continues_after_the_process_that_started_it(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import subprocess, sys
        start = subprocess.Popen
        compiler = 'import sys, time; time.sleep(2); open(sys.argv[1], "w")'
        subprocess.Popen = lambda _, **options: start([sys.executable, '-c', compiler, sys.argv[1]], **options)
        from bodypix_ros.inference import kernels
        chosen = kernels.choose_kernels('auto')
        print(chosen.name)
    """)
    environment = {**os.environ, 'NUMBA_CACHE_DIR': str(tmp_path)}
    written = tmp_path / 'written'
    done = subprocess.run(
        [sys.executable, '-c', program, written], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ('numpy\n', '')
    assert not written.exists()
    end = time.monotonic() + 60
    while not written.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert written.exists()


def test_the_marker_depends_on_the_source_and_the_processor(new_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_compiler.mark_compiled()
    assert is_compiled()
    with monkeypatch.context() as patch:
        patch.setattr(kernel_compiler, '_processor', lambda: ['model name: another one'])
        assert not is_compiled()
    changed = new_machine / 'numba_kernels.py'
    changed.write_text('# another version')
    monkeypatch.setattr(kernel_compiler, 'SOURCES', (changed,))
    assert not is_compiled()


def test_a_cache_that_cannot_be_written_does_not_count(new_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_compiler.mark_compiled()
    monkeypatch.setattr(os, 'access', lambda path, mode: (Path(path), mode) != (new_machine, os.W_OK))
    assert not is_compiled()


def test_without_a_writable_cache_folder_nothing_is_written_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from bodypix_ros.inference import numba_kernels

    def double(value: int) -> int:
        return 2 * value

    folder = Path(__file__).parent / '__pycache__'
    before = set(folder.glob('*.nbi'))
    for module in (kernel_compiler, numba_kernels):
        monkeypatch.setattr(module, 'kernel_folder', lambda: Path('/proc/none'))
    assert numba_kernels.compiled(double)(3) == 6
    assert set(folder.glob('*.nbi')) == before


def test_compiling_again_does_nothing(new_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_compiler.mark_compiled()
    monkeypatch.setattr(kernels, 'load_compiled', lambda: pytest.fail('compiled again'))
    compile_kernels()


def test_numpy_remains_if_the_kernels_cannot_be_prepared(
    new_machine: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError(30, 'Read-only file system')

    monkeypatch.setattr(kernel_compiler, 'compile_kernels', fail)
    caplog.set_level(logging.WARNING)
    prepare_kernels('numpy')
    assert caplog.messages == []
    prepare_kernels('auto')
    assert caplog.messages == [
        'failed to compile the kernels (OSError: [Errno 30] Read-only file system); frames take longer'
    ]
    with pytest.raises(OSError, match='Read-only file system'):
        prepare_kernels('numba')


def test_requested_kernels_are_compiled_before_the_first_frame(
    new_machine: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(kernels, '_compile', lambda _: None)
    assert choose_kernels('numba').name == 'numba'
    assert choose_kernels('numba').name == choose_kernels('auto').name == 'numba'
    assert caplog.messages == ['compiling the kernels, once on this machine; this takes about 10 s']


def test_without_a_home_folder_no_kernels_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('NUMBA_CACHE_DIR', raising=False)
    monkeypatch.setattr(kernel_compiler, 'cache_folder', lambda: NO_CACHE)
    assert not is_compiled()
    with pytest.raises(OSError, match='/dev/null/bodypix_ros'):
        compile_kernels()
