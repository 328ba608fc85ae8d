"""Plain ONNX Runtime: nothing but `session.run` of the same network, on the same size of input."""

from __future__ import annotations

import numpy as np
import onnxruntime

from ...models.network import load_network
from ...settings import NetworkSettings
from .service import Prepared, Request, serve


def prepare(request: Request) -> Prepared:
    """Open a session as its documentation does: two threads on two cores, nothing tuned."""
    settings = NetworkSettings(**request.settings)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    gpu = ['CUDAExecutionProvider'] if settings.provider != 'cpu' else []
    providers = [name for name in [*gpu, 'CPUExecutionProvider'] if name in onnxruntime.get_available_providers()]
    session = onnxruntime.InferenceSession(load_network(settings).onnx, options, providers=providers)
    shape = (request.batch, 3, request.input_height, request.input_width)
    planes = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)

    def run() -> None:
        session.run(None, {'input': planes})

    return Prepared(f'ONNX Runtime {onnxruntime.__version__}, {session.get_providers()[0]}', run)


if __name__ == '__main__':
    serve(prepare)
