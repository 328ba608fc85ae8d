"""Who can be compared with us, and how each is found and started."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import BodyPixError

_PROGRAMS = Path(__file__).parent / 'peers'


class AbsentPeer(BodyPixError):
    """A program that is to be compared is not installed here; the text says how it comes."""


@dataclass(frozen=True)
class Tools:
    """Where programs may be installed.

    Attributes:
        pythons: Python interpreters; our own is always tried first.
        node_modules: folder of packages of Node.js, None where there is none.
    """

    pythons: tuple[str, ...] = ()
    node_modules: Path | None = None


@dataclass(frozen=True)
class Peer:
    """A program that is compared.

    Attributes:
        name: on the command line.
        what: what it is and does, for people.
        program: its file in the folder `peers`, without the suffix.
        needs: modules of Python or packages of Node.js.
        install: how they come.
        backend: of TensorFlow.js; empty for programs in Python.
        needs_graph: it runs the official model of TensorFlow.js.
        knows_batches: one call of it does the whole batch; the others do one picture in a call.
    """

    name: str
    what: str
    program: str
    needs: tuple[str, ...] = ()
    install: str = ''
    backend: str = ''
    needs_graph: bool = False
    knows_batches: bool = False

    def command(self, tools: Tools) -> list[str]:
        """Return the words that start it, but for the path of the request.

        Raises:
            AbsentPeer: what it needs is not installed.
        """
        if self.backend:
            return [_node(self, tools), str(_PROGRAMS / f'{self.program}.js')]
        return [_python(self, tools), '-m', f'bodypix_ros.bench.peers.{self.program}']


OURS = Peer('ours', 'this package, mask and parts', 'ours', knows_batches=True)
PEERS: tuple[Peer, ...] = (
    Peer(
        'floor',
        'session.run of the same network in plain ONNX Runtime, nothing around it',
        'floor',
        knows_batches=True,
    ),
    Peer(
        'tfjs-node',
        'the JavaScript library on TensorFlow, segmentPersonParts',
        'bodypix',
        ('@tensorflow-models/body-pix', '@tensorflow/tfjs-node'),
        'npm install @tensorflow-models/body-pix @tensorflow/tfjs-node',
        'tensorflow',
        needs_graph=True,
    ),
    Peer(
        'tfjs-wasm',
        'the JavaScript library on WebAssembly, segmentPersonParts',
        'bodypix',
        ('@tensorflow-models/body-pix', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'),
        'npm install @tensorflow-models/body-pix @tensorflow/tfjs @tensorflow/tfjs-backend-wasm',
        'wasm',
        needs_graph=True,
    ),
    Peer(
        'tf-bodypix',
        'tf-bodypix on TensorFlow, mask and parts',
        'tf_bodypix',
        ('tf_bodypix', 'tensorflow', 'tfjs_graph_converter'),
        'pip install tf-bodypix[tf]',
        needs_graph=True,
    ),
    Peer(
        'mediapipe',
        "MediaPipe's selfie segmentation, another network, mask alone",
        'mediapipe_selfie',
        ('mediapipe.python.solutions.selfie_segmentation',),
        'pip install "mediapipe<0.10.22"',
    ),
)
"""All but ourselves, in the order of the table."""


def _python(peer: Peer, tools: Tools) -> str:
    """Return the first Python that has what the peer needs."""
    for python in dict.fromkeys((sys.executable, *tools.pythons)):
        if not peer.needs or _has(python, peer.needs):
            return python
    raise AbsentPeer(
        f'{peer.name} is left out: no Python that was named has {", ".join(peer.needs)}; `{peer.install}`, '
        'and name its Python with --peer-python where it is not this one'
    )


def _has(python: str, modules: tuple[str, ...]) -> bool:
    """Ask a Python whether it finds all these modules."""
    script = (
        'import importlib.util, sys\n'
        'try:\n'
        '    sys.exit(not all(importlib.util.find_spec(name) for name in sys.argv[1:]))\n'
        'except ImportError:\n'
        '    sys.exit(1)\n'
    )
    try:
        return subprocess.run([python, '-c', script, *modules], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _node(peer: Peer, tools: Tools) -> str:
    """Return the path of Node.js if the folder of packages has what the peer needs."""
    node = shutil.which('node')
    if node is None:
        raise AbsentPeer(f'{peer.name} is left out: node is not on the PATH; install Node.js')
    if tools.node_modules is None:
        raise AbsentPeer(f'{peer.name} is left out: `{peer.install}`, and name the folder with --node-modules')
    missing = [name for name in peer.needs if not (tools.node_modules / name / 'package.json').is_file()]
    if missing:
        raise AbsentPeer(
            f'{peer.name} is left out: {tools.node_modules} has no {", ".join(missing)}; `{peer.install}` there'
        )
    return node
