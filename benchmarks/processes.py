# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The programs of the comparison: which exist, where they are installed, and how their processes are run."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.bench.cases import Case, fit
from bodypix_ros.bench.timing import Burst
from bodypix_ros.errors import BodyPixError
from bodypix_ros.models.network import BODYPIX, OWN
from bodypix_ros.models.source import source_at_hand
from bodypix_ros.setting_parsers import RESOLUTIONS
from bodypix_ros.settings import SegmentSettings

from .peers import Request

ROOT = Path(__file__).resolve().parent.parent
_LIMIT_S = 900.0


class PeerNotAvailableError(BodyPixError):
    """A program is not installed, or cannot run the case. The text says why, and how to install the program."""


class PeerError(BodyPixError, RuntimeError):
    """A program failed to start or to reply."""


@dataclass(frozen=True)
class Installations:
    """Where the programs may be installed.

    Attributes:
        pythons: Python interpreters in addition to the current one.
        node_modules: folder of Node.js packages.
    """

    pythons: tuple[str, ...] = ()
    node_modules: Path | None = None


@dataclass(frozen=True)
class Peer:
    """A program of the comparison.

    Attributes:
        name: on the command line.
        description: what it runs.
        requires: Python modules or Node.js packages.
        install: command that installs them.
        backend: of TensorFlow.js; empty for Python programs.
        uses_graph: whether it runs the official TensorFlow.js model.
        supports_batches: whether one call processes the whole batch; other programs process one image per call.
    """

    name: str
    description: str
    requires: tuple[str, ...] = ()
    install: str = ''
    backend: str = ''
    uses_graph: bool = False
    supports_batches: bool = False

    def command(self, installed: Installations) -> list[str]:
        """Return the command that starts the program, without the path of the request.

        Raises:
            PeerNotAvailableError: a requirement is not installed.
        """
        if self.backend:
            return [_find_node(self, installed), str(ROOT / 'benchmarks' / 'body_pix.js')]
        return [_find_python(self, installed), '-m', 'benchmarks.peers', self.name]


OURS = Peer('bodypix_ros', 'this package, mask and parts', supports_batches=True)
PEERS: tuple[Peer, ...] = (
    Peer('onnxruntime', 'session.run of the same network in ONNX Runtime', supports_batches=True),
    Peer(
        'tfjs-node',
        'the JavaScript library on TensorFlow, segmentPersonParts',
        ('@tensorflow-models/body-pix', '@tensorflow/tfjs-node'),
        'npm install @tensorflow-models/body-pix @tensorflow/tfjs-node',
        'tensorflow',
        uses_graph=True,
    ),
    Peer(
        'tfjs-wasm',
        'the JavaScript library on WebAssembly, segmentPersonParts',
        ('@tensorflow-models/body-pix', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'),
        'npm install @tensorflow-models/body-pix @tensorflow/tfjs @tensorflow/tfjs-backend-wasm',
        'wasm',
        uses_graph=True,
    ),
    Peer(
        'tf-bodypix',
        'tf-bodypix on TensorFlow, mask and parts',
        ('tf_bodypix', 'tensorflow', 'tfjs_graph_converter'),
        'pip install tf-bodypix[tf]',
        uses_graph=True,
    ),
    Peer(
        'mediapipe',
        'MediaPipe, mask only: the model of the case if it is one of MediaPipe, otherwise selfie segmentation',
        ('mediapipe.python.solutions.selfie_segmentation',),
        'pip install "mediapipe<0.10.22"',
    ),
)
"""The other programs, in the order of the table."""


class PeerProcess:
    """A running program; use it as a context manager. The protocol is documented in `peers.py`.

    Attributes:
        title: name of the program with versions.
        person: fraction of the picture that it labels as a person, 0..1; None if it returns no mask.
        first_call_ms: from the start of the process to the end of its first call.
        peak_mb: peak memory after the last call.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], limit_s: float = _LIMIT_S) -> None:
        """Start the program and wait for the end of its first call.

        Args:
            command: the command line.
            environment: variables in addition to those of this process.
            limit_s: time after which the process is killed.

        Raises:
            PeerError: the program failed to start; the text ends with its last line of output.
        """
        self.peak_mb = 0.0
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        started_s = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._timer = Timer(limit_s, self._process.kill)
        self._timer.daemon = True
        self._timer.start()
        try:
            reply = self._read()
        except PeerError:
            self.close()
            raise
        self.first_call_ms = (time.perf_counter() - started_s) * 1e3
        self.title: str = reply['title']
        self.person: float | None = reply['person']

    def __call__(self, count: int) -> Burst:
        """Run `count` calls.

        Raises:
            PeerError: the program does not reply.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the error of `_read` includes the output of the program
            self._process.stdin.write(f'{count}\n')
            self._process.stdin.flush()
        reply = self._read()
        self.peak_mb = reply['peak_mb']
        return Burst(reply['wall_ms'], reply['cpu_ms'])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f'exited with status {self._process.wait()}: {self._last_error_line()}')
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _last_error_line(self) -> str:
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors='replace').splitlines() if line.strip()]
        return lines[-1] if lines else 'no output'

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
        self._errors.close()

    def __enter__(self) -> PeerProcess:
        """Return the process itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()


def start_peer(
    peer: Peer, case: Case, picture: NDArray[np.uint8], installed: Installations, folder: Path
) -> PeerProcess:
    """Start a program on a case and wait for the end of its first call.

    Args:
        peer: the program.
        case: the case.
        picture: (H, W, 3) uint8 BGR; fitted into the size of the case.
        installed: where programs may be installed.
        folder: for the files that the program reads; keep it until the program has started.

    Raises:
        PeerNotAvailableError: the program is not installed, or cannot run the case.
        PeerError: the program failed to start.
    """
    if peer.name == 'onnxruntime' and case.network.model not in (OWN, BODYPIX):
        raise PeerNotAvailableError(f'{peer.name}: runs {OWN} and {BODYPIX} only')
    command = peer.command(installed)
    request = folder / f'{peer.name}.json'
    request.write_text(json.dumps(dataclasses.asdict(_request(peer, case, picture, installed, folder))))
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])])
    return PeerProcess([*command, str(request)], {'PYTHONPATH': paths, 'TF_CPP_MIN_LOG_LEVEL': '2'})


def _request(peer: Peer, case: Case, picture: NDArray[np.uint8], installed: Installations, folder: Path) -> Request:
    network = case.network
    if network.model != OWN and network.internal_resolution == 'auto':  # the same for all programs
        network = dataclasses.replace(network, internal_resolution='medium')
    resolution = network.internal_resolution
    file = folder / f'{case.width}x{case.height}.rgb'
    fit(picture, case.width, case.height)[..., ::-1].tofile(file)
    return Request(
        picture=str(file),
        width=case.width,
        height=case.height,
        batch=case.batch,
        graph=str(_official_graph(peer, case)) if peer.uses_graph else '',
        stride=network.stride,
        resolution=RESOLUTIONS.get(resolution, 0.5) if isinstance(resolution, str) else resolution,
        threshold=SegmentSettings().threshold,
        settings=dataclasses.asdict(network),
        node_modules=str((installed.node_modules or Path()).resolve()),
        backend=peer.backend,
    )


def _official_graph(peer: Peer, case: Case) -> Path:
    """Return the file of the TensorFlow.js model with the stride of the case."""
    if case.network.model != BODYPIX:
        raise PeerNotAvailableError(f'{peer.name}: runs BodyPix models only')
    source = source_at_hand(case.network)
    name = f'model-stride{case.network.stride}.json'
    if source is None or not (source.folder / name).is_file():
        where = 'the cache' if source is None else source.folder
        raise PeerNotAvailableError(f'{peer.name}: requires the official {name}, which is not in {where}')
    return source.folder / name


def _find_python(peer: Peer, installed: Installations) -> str:
    """Return the first interpreter that finds all required modules."""
    for python in (sys.executable, *installed.pythons):
        if not peer.requires or _finds_modules(python, peer.requires):
            return python
    raise PeerNotAvailableError(
        f'{peer.name}: not installed ({", ".join(peer.requires)}); run `{peer.install}`, '
        'and pass --peer-python if this is another Python environment'
    )


def _finds_modules(python: str, modules: tuple[str, ...]) -> bool:
    program = (
        'import importlib.util, sys\n'
        'try:\n'
        '    sys.exit(not all(importlib.util.find_spec(name) for name in sys.argv[1:]))\n'
        'except ImportError:\n'
        '    sys.exit(1)\n'
    )
    try:
        return subprocess.run([python, '-c', program, *modules], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _find_node(peer: Peer, installed: Installations) -> str:
    """Return the path of Node.js if the folder of packages contains the required ones."""
    node = shutil.which('node')
    if node is None:
        raise PeerNotAvailableError(f'{peer.name}: node is not on PATH; install Node.js')
    folder = installed.node_modules
    if folder is None:
        raise PeerNotAvailableError(f'{peer.name}: run `{peer.install}` and pass --node-modules node_modules')
    missing = [name for name in peer.requires if not (folder / name / 'package.json').is_file()]
    if missing:
        raise PeerNotAvailableError(
            f'{peer.name}: {folder} does not contain {", ".join(missing)}; run `{peer.install}` beside it'
        )
    return node
