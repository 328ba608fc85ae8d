# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node with a network that waits at a gate, so that tests count frames instead of seconds.

$BODYPIX_GATE is a folder. Loading the n-th network waits for the file `load n`. The n-th batch writes `begun n`, with
what was asked of the network, waits for `go n`, and fails where there is a file `fail n`. A file `open` lets everything
pass.
"""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

from bodypix_ros.models.progress import Progress
from bodypix_ros.ros.main import main
from bodypix_ros.ros.model_loader import ModelRequest, load_model
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.segmenter import Segmenter

GATE = Path(os.environ['BODYPIX_GATE'])
LOADS, BATCHES = count(1), count(1)


class Gated:
    """A network behind the gate."""

    def __init__(self, net: Segmenter) -> None:
        self._net = net

    def __getattr__(self, name: str) -> Any:
        return getattr(self._net, name)

    def segment_batch(self, images: Any, settings: Any, **asked: Any) -> list[Segmentation]:
        number = next(BATCHES)
        note = GATE / f'note {number}'
        needs = {name: value for name, value in asked.items() if name != 'states'}
        note.write_text(json.dumps({'images': len(images), **needs}))
        note.rename(GATE / f'begun {number}')
        pass_gate(f'go {number}')
        if (GATE / f'fail {number}').exists():
            raise MemoryError('the arena is full')
        return self._net.segment_batch(images, settings, **asked)


def pass_gate(name: str) -> None:
    while not ((GATE / name).exists() or (GATE / 'open').exists()):
        time.sleep(0.002)


def load(request: ModelRequest, progress: Progress) -> Gated:
    progress('waiting at the gate', 1, 4)
    pass_gate(f'load {next(LOADS)}')
    return Gated(load_model(request, progress))


if __name__ == '__main__':
    sys.exit(main(load=load))  # type: ignore[arg-type]  # it has all that the node uses
