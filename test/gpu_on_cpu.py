"""The graphs of the GPU on ONNX Runtime's CPU provider, where they run as well."""

from __future__ import annotations

from functools import cache

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bodypix_ros.inference.engine import CpuEngine, Provider
from bodypix_ros.inference.gpu.engine import GpuEngine
from bodypix_ros.inference.gpu.session import FrameSession, Placement
from bodypix_ros.inference.kernels import choose_kernels
from bodypix_ros.models.bodypix.heads import MASK_HEADS, head_slices
from bodypix_ros.models.network import Head, Network, load_network
from bodypix_ros.parts import renumbering
from bodypix_ros.settings import NetworkSettings

ON_CPU = Placement((('CPUExecutionProvider', {}),), device='cpu', strict=False)
SAME_NUMBERS = renumbering('bodypix2', 'bodypix2')


class CpuBackend:
    """Opens sessions on the CPU and says that it is CUDA; remembers what it opened."""

    provider: Provider = 'cuda'
    reason = 'a test runs the network'

    def __init__(self, half: bool = False, always_parts: bool = False) -> None:
        self.half_graph, self.always_parts = half, always_parts
        self.opened: list[str] = []

    def open(self, graph: bytes, size: str) -> FrameSession:
        self.opened.append(size)
        return FrameSession(graph, ON_CPU)


def gpu_engine(network: Network, backend: CpuBackend | None = None, numbers: np.ndarray = SAME_NUMBERS) -> GpuEngine:
    return GpuEngine(network, numbers, backend or CpuBackend())


def cpu_engine(network: Network, numbers: np.ndarray = SAME_NUMBERS) -> CpuEngine:
    return CpuEngine(network, numbers, choose_kernels('numpy'), 'a test runs the network')


@cache
def real_network(server: str, model_dir: str, *, people: bool = False, **changes: object) -> Network:
    """The official MobileNetV1 0.50."""
    settings = NetworkSettings(
        model='bodypix',
        multiplier=0.5,
        model_url=server,
        model_dir=model_dir,
        allow_download=True,
        **{'stride': 16, **changes},
    )
    return load_network(settings, people=people)


def constant_network(logits: np.ndarray) -> Network:
    """A network of stride 16 that gives these (25,) logits everywhere, whatever it sees."""
    kernel = np.zeros((25, 3, 1, 1), np.float32)
    graph = helper.make_graph(
        [helper.make_node('Conv', ['input', 'kernel', 'bias'], ['heads'], strides=[16, 16])],
        'constant',
        [helper.make_tensor_value_info('input', TensorProto.FLOAT, ['n', 3, 'h', 'w'])],
        [helper.make_tensor_value_info('heads', TensorProto.FLOAT, ['n', 25, 'oh', 'ow'])],
        [numpy_helper.from_array(kernel, 'kernel'), numpy_helper.from_array(logits.astype(np.float32), 'bias')],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx: bytes = model.SerializeToString()
    heads = {name: Head('heads', channels) for name, channels in head_slices(MASK_HEADS).items()}
    return Network('constant', 'bodypix', onnx, heads, 16, 2, 'mobilenet_v1', 'bodypix2', '')
