"""How a program that is compared talks to the benchmark: by lines of JSON on stdin and stdout.

It is started with the path of a request file, prepares its job, does it once and says so; then each line of stdin is a
number of calls, answered by their timings, until stdin ends. `bodypix.js` speaks the same language.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from ..machine import peak_memory_mb
from ..turns import time_calls


@dataclass(frozen=True)
class Request:
    """What to segment, and how.

    Attributes:
        picture: file of height * width * 3 bytes, RGB.
        width: of the picture, pixels.
        height: of the picture, pixels.
        batch: how many pictures make one call, for those who know batches.
        graph: file of the official TensorFlow.js model, whose weights lie beside it.
        stride: of that model, pixels.
        resolution: share of the picture that the network sees.
        input_height: of the network input, pixels.
        input_width: of the network input, pixels.
        threshold: a pixel is a person above it.
        settings: of our own network, by name.
        node_modules: folder of the packages of Node.js; empty for programs in Python.
        backend: of TensorFlow.js; likewise.
    """

    picture: str
    width: int
    height: int
    batch: int
    graph: str
    stride: int
    resolution: float
    input_height: int
    input_width: int
    threshold: float
    settings: dict[str, Any]
    node_modules: str = ''
    backend: str = ''

    def read_picture(self) -> NDArray[np.uint8]:
        """Return the picture, (H, W, 3) uint8 RGB."""
        return np.fromfile(self.picture, np.uint8).reshape(self.height, self.width, 3)


class Prepared(NamedTuple):
    """A job that is ready: what does it, with versions, and the job, which returns the person mask or None."""

    title: str
    job: Callable[[], NDArray[Any] | None]


def serve(prepare: Callable[[Request], Prepared]) -> None:
    """Prepare one job and do it as often as stdin says."""
    replies = _take_stdout()
    prepared = prepare(Request(**json.loads(Path(sys.argv[1]).read_text())))
    mask = prepared.job()
    _reply(replies, title=prepared.title, person=None if mask is None else float(np.mean(np.asarray(mask) > 0)))
    for line in sys.stdin:
        burst = time_calls(prepared.job, int(line))
        _reply(replies, **burst._asdict(), peak_mb=peak_memory_mb())


def _take_stdout() -> TextIO:
    """Return what was stdout, for replies alone; whatever else is printed goes to stderr."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), 'w')
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def _reply(replies: TextIO, **values: Any) -> None:
    replies.write(json.dumps(values) + '\n')
    replies.flush()
