"""A program that is compared, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Timer
from types import TracebackType
from typing import Any

from ..errors import BodyPixError
from .turns import Burst


class PeerError(BodyPixError, RuntimeError):
    """A program that is compared did not start or did not finish."""


class PeerProcess:
    """A program that speaks the language of `peers.service`; use it in a `with`.

    Attributes:
        title: what it says it is, with versions.
        person: share of the picture that it takes for a person, 0..1; None where it finds none of that.
        first_ms: from the start of the process to the end of its first call.
        peak_mb: the most memory that it held so far, once it was called.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], limit_s: float) -> None:
        """Start it and wait until it has done its job once.

        Args:
            command: words of the command.
            environment: variables in addition to those of this process.
            limit_s: it is killed when it lives longer.

        Raises:
            PeerError: it does not start; the text ends with the last that it said.
        """
        self.peak_mb = 0.0
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        started_s = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self._timer = Timer(limit_s, self._process.kill)
        self._timer.daemon = True
        self._timer.start()
        try:
            ready = self._read()
        except PeerError:
            self.close()
            raise
        self.first_ms = (time.perf_counter() - started_s) * 1e3
        self.title: str = ready['title']
        self.person: float | None = ready['person']

    def __call__(self, count: int) -> Burst:
        """Let it do its job `count` times.

        Raises:
            PeerError: it does not answer any more.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # what it last said tells more: see the error of reading
            self._process.stdin.write(f'{count}\n')
            self._process.stdin.flush()
        answer = self._read()
        self.peak_mb = answer['peak_mb']
        return Burst(answer['wall_ms'], answer['cpu_ms'])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f'it ended with status {self._process.wait()}: {self._last_words()}')
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode(errors='replace').splitlines() if line.strip()]
        return lines[-1] if lines else 'it said nothing'

    def close(self) -> None:
        """End the process."""
        self._timer.cancel()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()

    def __enter__(self) -> PeerProcess:
        """Return the process itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()
