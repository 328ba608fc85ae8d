# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints made up for tests: the shapes are right, the numbers are seeded noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.models.bodypix.heads import HEAD_CHANNELS
from bodypix_ros.models.catalogue import Checkpoint

Weights = dict[str, NDArray[np.float32]]

UNKNOWN = Checkpoint(2, 'mobilenet_v1', 0.75, 4)
"""An official checkpoint whose SHA-256 is not known, so that a made-up one can stand in for it."""

_HEAD_LAYERS = ('segment', 'part_heatmap', 'heatmap', 'offset', 'displacement_fwd', 'displacement_bwd', 'embedding')


def first_layer(multiplier: float, seed: int = 0) -> Weights:
    """Return the one tensor that identifies the network of a checkpoint."""
    noise = np.random.default_rng(seed).normal(size=(3, 3, 3, round(32 * multiplier)))
    return {'MobilenetV1/Conv2d_0/weights': noise.astype(np.float32)}


@lru_cache(maxsize=4)
def whole_network(multiplier: float, seed: int = 0) -> Weights:
    """Return all tensors of a MobileNetV1."""
    noise = np.random.default_rng(seed)
    widths = [round(32 * multiplier * times) for times in (1, 2, 4, 4, 8, 8, *([16] * 8))]
    shapes: dict[str, tuple[int, ...]] = {
        'Conv2d_0/weights': (3, 3, 3, widths[0]),
        'Conv2d_0/Conv2D_bias': (widths[0],),
    }
    for index, (before, after) in enumerate(pairwise(widths), start=1):
        shapes[f'Conv2d_{index}_depthwise/depthwise_weights'] = (3, 3, before, 1)
        shapes[f'Conv2d_{index}_depthwise/depthwise_bias'] = (before,)
        shapes[f'Conv2d_{index}_pointwise/weights'] = (1, 1, before, after)
        shapes[f'Conv2d_{index}_pointwise/Conv2D_bias'] = (after,)
    for layer, channels in zip(_HEAD_LAYERS, HEAD_CHANNELS.values(), strict=True):
        shapes[f'{layer}_2/weights'] = (1, 1, widths[-1], channels)
        shapes[f'{layer}_2/Conv2D_bias'] = (channels,)
    return {f'MobilenetV1/{name}': noise.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def manifest_of(weights: Weights, paths: list[str]) -> dict[str, object]:
    """Return a model JSON of TensorFlow.js."""
    entries = [
        {'name': name, 'shape': list(values.shape), 'dtype': values.dtype.name} for name, values in weights.items()
    ]
    return {'format': 'graph-model', 'modelTopology': {}, 'weightsManifest': [{'paths': paths, 'weights': entries}]}


def write_checkpoint(folder: Path, manifest: str, weights: Weights) -> Path:
    """Write a checkpoint of TensorFlow.js, its weights cut into two files."""
    folder.mkdir(parents=True, exist_ok=True)
    data = b''.join(values.tobytes() for values in weights.values())
    (folder / 'group1-shard1of2.bin').write_bytes(data[:1000])
    (folder / 'group1-shard2of2.bin').write_bytes(data[1000:])
    paths = ['group1-shard1of2.bin', 'group1-shard2of2.bin']
    (folder / manifest).write_text(json.dumps(manifest_of(weights, paths)))
    return folder


def put_on_server(root: Path, checkpoint: Checkpoint, weights: Weights | None = None) -> Path:
    """Write a made-up checkpoint where the official server has the real one; return its folder."""
    weights = whole_network(checkpoint.multiplier) if weights is None else weights
    return write_checkpoint(root / checkpoint.folder, checkpoint.manifest, weights)


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a web server on this machine; yield its address."""
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


class QuietFiles(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing on stderr: `partial(QuietFiles, directory=...)`."""

    def log_message(self, format: str, *args: object) -> None:
        pass
