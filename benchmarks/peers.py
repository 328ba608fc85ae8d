# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The Python programs of the comparison. Each runs in its own process: `python -m benchmarks.peers NAME REQUEST.json`.

The process prepares its job, runs it once and prints a JSON line that describes it. Then it reads numbers of calls from
stdin and answers each with a JSON line of times, until stdin ends. `body_pix.js` uses the same protocol.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.bench.machine import peak_memory_mb
from bodypix_ros.bench.timing import time_calls


@dataclass(frozen=True)
class Request:
    """What to segment, and how.

    Attributes:
        picture: file of height * width * 3 bytes, RGB.
        width: of the picture, pixels.
        height: of the picture, pixels.
        batch: number of images per call, for programs that support batches.
        graph: file of the official TensorFlow.js model, beside its weights; empty if the program does not use it.
        stride: output stride of that model, pixels.
        resolution: internal resolution of BodyPix, as a fraction of the picture.
        threshold: pixels with a higher score are labelled as a person.
        settings: `NetworkSettings` of this package, by name.
        node_modules: folder of Node.js packages; empty for Python programs.
        backend: of TensorFlow.js; empty for Python programs.
    """

    picture: str
    width: int
    height: int
    batch: int
    graph: str
    stride: int
    resolution: float
    threshold: float
    settings: dict[str, Any]
    node_modules: str = ''
    backend: str = ''

    @property
    def model(self) -> str:
        """The concrete model of this package."""
        return str(self.settings['model'])

    def read_picture(self) -> NDArray[np.uint8]:
        """Return the picture, (H, W, 3) uint8 RGB."""
        return np.fromfile(self.picture, np.uint8).reshape(self.height, self.width, 3)


class Prepared(NamedTuple):
    """A job that is ready to run: its name with versions, and a function that returns the person mask or None."""

    title: str
    job: Callable[[], NDArray[Any] | None]


def prepare_bodypix_ros(request: Request) -> Prepared:
    """Prepare this package: mask and parts of a batch; of one person with BlazePose, like MediaPipe."""
    from bodypix_ros import __version__, load
    from bodypix_ros.settings import NetworkSettings, SegmentSettings

    net = load(NetworkSettings(**request.settings))
    images = [np.ascontiguousarray(request.read_picture()[..., ::-1])] * request.batch

    settings = SegmentSettings(threshold=request.threshold)
    if request.model.startswith('blazepose_'):
        settings = settings.changed({'max_people': 1})

    def segment() -> NDArray[Any]:
        return net.segment_batch(images, settings)[0].mask

    return Prepared(f'bodypix_ros {__version__}, {net.network.name}, {net.provider}', segment)


def prepare_onnxruntime(request: Request) -> Prepared:
    """Prepare `session.run` of the same network and input size in ONNX Runtime with its default options."""
    from bodypix_ros.inference.engine import network_geometry
    from bodypix_ros.models.network import load_network
    from bodypix_ros.onnx_runtime import onnxruntime
    from bodypix_ros.settings import NetworkSettings

    settings = NetworkSettings(**request.settings)
    network = load_network(settings)
    geometry = network_geometry(network, settings.internal_resolution, 'cpu', request.height, request.width)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    gpu = ['CUDAExecutionProvider'] if settings.provider != 'cpu' else []
    providers = [name for name in [*gpu, 'CPUExecutionProvider'] if name in onnxruntime.get_available_providers()]
    session = onnxruntime.InferenceSession(network.onnx, options, providers=providers)
    shape = (request.batch, 3, geometry.input_height, geometry.input_width)
    planes = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)

    def run() -> None:
        session.run(None, {'input': planes})

    return Prepared(f'ONNX Runtime {onnxruntime.__version__}, {session.get_providers()[0]}', run)


def prepare_tf_bodypix(request: Request) -> Prepared:
    """Prepare tf-bodypix on TensorFlow: mask and part ids."""
    from tf_bodypix.api import load_model

    model = load_model(
        request.graph,
        output_stride=request.stride,
        architecture_name='mobilenet_v1',
        internal_resolution=request.resolution,
    )
    picture = request.read_picture()

    def segment() -> NDArray[Any]:
        result = model.predict_single(picture)
        mask = np.asarray(result.get_mask(threshold=request.threshold))
        np.asarray(result.get_scaled_part_segmentation(mask))
        return mask

    return Prepared(', '.join(f'{name} {_version(name)}' for name in ('tf-bodypix', 'tensorflow')), segment)


def prepare_mediapipe(request: Request) -> Prepared:
    """Prepare MediaPipe: the model of the request, otherwise the general selfie segmentation; mask only."""
    from mediapipe.python.solutions.pose import Pose
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    family, _, size = request.model.partition('_')
    if family == 'blazepose':
        complexity = ('lite', 'full', 'heavy').index(size)
        solution = Pose(static_image_mode=True, model_complexity=complexity, enable_segmentation=True)
    else:
        solution = SelfieSegmentation(model_selection=int(request.model == 'selfie_landscape'))
    picture = request.read_picture()

    def segment() -> NDArray[Any]:
        mask: NDArray[Any] = solution.process(picture).segmentation_mask > request.threshold
        return mask

    return Prepared(f'MediaPipe {metadata.version("mediapipe")}', segment)


PREPARE: dict[str, Callable[[Request], Prepared]] = {
    'bodypix_ros': prepare_bodypix_ros,
    'onnxruntime': prepare_onnxruntime,
    'tf-bodypix': prepare_tf_bodypix,
    'mediapipe': prepare_mediapipe,
}
"""The Python programs by name."""


def serve(prepare: Callable[[Request], Prepared], request: Request) -> None:
    """Prepare a job, then run it as often as stdin requests."""
    replies = _take_stdout()
    prepared = prepare(request)
    mask = prepared.job()
    _reply(replies, title=prepared.title, person=None if mask is None else float(np.mean(np.asarray(mask) > 0)))
    for line in sys.stdin:
        burst = time_calls(prepared.job, int(line))
        _reply(replies, **burst._asdict(), peak_mb=peak_memory_mb())


def _take_stdout() -> TextIO:
    """Return the original stdout, for replies only; redirect all other output to stderr."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), 'w')
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def _reply(replies: TextIO, **values: Any) -> None:
    replies.write(json.dumps(values) + '\n')
    replies.flush()


def _version(package: str) -> str:
    for name in (package, f'{package}-cpu'):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return '(unknown version)'


if __name__ == '__main__':
    serve(PREPARE[sys.argv[1]], Request(**json.loads(Path(sys.argv[2]).read_text(encoding='utf-8'))))
