# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compiles the numba kernels in a separate process, so that the first start on a machine does not wait for them.

numba keeps the result in the cache folder of this package. A marker beside it says that all kernels were compiled for
this version of the source, of numba and of Python, and for this processor.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from ..errors import describe_error
from ..models.disk import cache_folder

_LOG = logging.getLogger(__name__)
_LOCK_TIMEOUT_S = 300.0
_NICENESS = 10
"""Frames have priority over the compiler."""

_STARTING = threading.Lock()
_current: BackgroundCompilation | None = None

SOURCES = tuple(Path(__file__).with_name(name) for name in ('numba_kernels.py', 'numba_refine.py'))


def kernel_folder() -> Path:
    """Return the folder for compiled kernels: $NUMBA_CACHE_DIR, or a folder in the cache of this package."""
    given = os.environ.get('NUMBA_CACHE_DIR')
    return Path(given) if given else cache_folder() / 'numba'


def is_installed() -> bool:
    """Return whether numba is installed; this does not import it."""
    return importlib.util.find_spec('numba') is not None


def is_writable() -> bool:
    """Return whether kernels can be cached. numba does not read a cache that it cannot write."""
    with suppress(OSError):
        kernel_folder().mkdir(parents=True, exist_ok=True)
    return os.access(kernel_folder(), os.W_OK)


def is_compiled() -> bool:
    """Return whether the cache contains the kernels for this machine; this does not import numba."""
    return is_installed() and _marker().is_file() and is_writable()


def mark_compiled() -> None:
    """Record that the cache contains the kernels for this machine.

    Raises:
        OSError: the cache folder is not writable.
    """
    _marker().parent.mkdir(parents=True, exist_ok=True)
    _marker().touch()


class BackgroundCompilation:
    """Compiles the kernels in another process, which continues if this one ends first, so that the next one has them.

    Attributes:
        done: whether the kernels were compiled; its callbacks run in a separate thread.
    """

    def __init__(self) -> None:
        """Start the compiler."""
        self.done: Future[bool] = Future()
        self._ending = False
        self._process = subprocess.Popen(
            [sys.executable, '-m', __name__],
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, [str(SOURCES[0].parents[2]), *sys.path]))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C on the terminal must not interrupt it with a traceback
        )
        self.thread = threading.Thread(target=self._wait, name='kernel compiler', daemon=True)
        self.thread.start()
        atexit.register(self._end)

    def _wait(self) -> None:
        started = time.monotonic()
        _, errors = self._process.communicate()
        if self._ending:
            return
        if self._process.returncode:
            reason = (errors.strip().splitlines() or [f'exit status {self._process.returncode}'])[-1][:200]
            _LOG.warning('failed to compile the kernels (%s); frames take longer', reason)
        else:
            _LOG.info('the kernels were compiled in %.0f s', time.monotonic() - started)
        self.done.set_result(self._process.returncode == 0)

    def _end(self) -> None:
        """Wait for callbacks: Python must not exit while one of them imports numba."""
        self._ending = True
        if self._process.poll() is not None:
            self.thread.join()


def compile_in_background(on_compiled: Callable[[], None]) -> BackgroundCompilation:
    """Compile the kernels in another process; there is at most one such process for this one.

    Args:
        on_compiled: called in a separate thread after the compiler has finished; not called if it failed.
    """
    global _current

    def take(done: Future[bool]) -> None:
        try:
            if done.result():
                on_compiled()
        except Exception as error:  # in a separate thread; frames continue with the kernels that they have
            _LOG.warning('failed to load the compiled kernels (%s); frames take longer', describe_error(error))

    with _STARTING:
        if _current is None or _current.done.done():
            _LOG.info(
                'compiling the kernels in the background, once on this machine; this takes about 10 s, during which '
                'frames take longer (`bodypix compile` does it in advance)'
            )
            _current = BackgroundCompilation()
        _current.done.add_done_callback(take)
        return _current


def prepare_kernels(wanted: str) -> None:
    """Compile the kernels before a measurement, unless a setting `kernels` of this value does not use them.

    Raises: see `compile_kernels`.
    """
    if wanted != 'numpy' and is_installed() and not is_compiled():
        _LOG.info('compiling the kernels, once on this machine; this takes about 10 s')
        compile_kernels()


def compile_kernels() -> None:
    """Compile the kernels in this process, unless the cache contains them; takes about 10 s.

    Processes that start at the same time compile once: the others wait.

    Raises:
        ProviderError: numba is not installed or does not work.
        OSError: the cache folder is not writable.
    """
    kernel_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(kernel_folder() / 'compile.lock', timeout=_LOCK_TIMEOUT_S):
        if not is_compiled():
            from .kernels import load_compiled

            load_compiled()


def _marker() -> Path:
    """Return the path of the marker for this version of the source, numba, Python and the processor."""
    sources = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in SOURCES]
    versions = (importlib.metadata.version('numba'), sys.version, *sources)
    digest = hashlib.sha256(repr((*versions, _processor())).encode()).hexdigest()[:16]
    return kernel_folder() / f'compiled-{digest}'


def _processor() -> list[str]:
    """Return the model and instruction sets of the processor."""
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        return []
    names = ('model name', 'flags', 'Features', 'CPU implementer', 'CPU part')
    return sorted({line for line in lines if line.startswith(names)})


if __name__ == '__main__':
    logging.basicConfig(format='%(message)s')
    os.nice(_NICENESS)
    compile_kernels()
