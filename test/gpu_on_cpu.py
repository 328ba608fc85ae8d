# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The GPU's code on a CPU: its kernels compiled as C++, its network on ONNX Runtime's CPU provider."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike
from onnx import TensorProto, helper, numpy_helper

from bodypix_ros.inference.cuda_device import Arguments, HostArray, Memory, Stream
from bodypix_ros.inference.cuda_engine import CudaEngine
from bodypix_ros.inference.cuda_kernels import (
    LABEL,
    PREPARE,
    SOURCE,
    LabelTargets,
    build_tables,
    label_arguments,
    limits,
    prepare_arguments,
)
from bodypix_ros.inference.cuda_network import Placement, PlacementOn
from bodypix_ros.inference.cuda_session import CudaSession
from bodypix_ros.inference.engine import CpuEngine, Provider
from bodypix_ros.inference.geometry import Geometry
from bodypix_ros.inference.kernels import choose_kernels
from bodypix_ros.models.bodypix.heads import MASK_HEADS, head_slices
from bodypix_ros.models.network import Head, Network, load_network
from bodypix_ros.parts import renumbering
from bodypix_ros.settings import NetworkSettings

SAME_NUMBERS = renumbering('bodypix2', 'bodypix2')
_PARAMETERS = {PREPARE: 'PPPPiPPiPiiii', LABEL: 'PiiiiiPPPPPPiiiPPP'}
"""Of the kernels: pointers and whole numbers."""


@cache
def compiled_kernels() -> ctypes.CDLL:
    """Compile cuda_kernels.cu as C++, with loops in place of threads."""
    compiler = shutil.which('c++') or shutil.which('g++')
    if compiler is None:
        pytest.skip('no C++ compiler is installed')
    folder = Path(tempfile.mkdtemp(prefix='cuda_on_cpu'))
    wrapper, library = folder / 'kernels.cpp', folder / 'kernels.so'
    wrapper.write_text(_wrapper())
    options = ['-O2', '-shared', '-fPIC', '-std=c++17', '-ffp-contract=off', f'-I{Path(__file__).parent}']
    subprocess.run([compiler, *options, str(wrapper), '-o', str(library)], check=True, timeout=120)
    return ctypes.CDLL(str(library))


def _wrapper() -> str:
    """Return C++ with a function for each kernel that takes the threads' numbers before the kernel's arguments."""
    lines = ['#include "cuda_on_cpu.h"', f'#include "{SOURCE}"']
    for kernel, kinds in _PARAMETERS.items():
        declared = ', '.join(f'{"void *" if kind == "P" else "int "}p{place}' for place, kind in enumerate(kinds))
        lines.append(f'extern "C" void run_{kernel}(int columns, int rows, int pictures, {declared}) {{')
        lines.append(f'  call(columns, rows, pictures, {kernel}, {", ".join(f"p{n}" for n in range(len(kinds)))});\n}}')
    return '\n'.join(lines)


class HostStream:
    """A stream on which everything is done at once."""

    address = 0

    def wait(self, other: Stream) -> None:
        pass

    def mark(self) -> Callable[[], None]:
        return lambda: None


class HostDevice:
    """A `Device` that is the CPU; it counts what was recorded."""

    kind, index = 'cpu', 0

    def __init__(self) -> None:
        self.recordings = self.launches = 0

    def use(self) -> None:
        pass

    def stream(self) -> HostStream:
        return HostStream()

    def memory(self, size_bytes: int) -> Memory:
        array = np.full(size_bytes, 0xA5, np.uint8)  # a GPU does not clear memory either
        return Memory(array.ctypes.data, size_bytes, array)

    def borrow(self, address: int, size_bytes: int, owner: Any) -> Memory:
        return Memory(address, size_bytes, owner)

    def host_array(self, shape: tuple[int, ...], dtype: DTypeLike) -> HostArray:
        array = np.zeros(shape, dtype)
        return HostArray(array, Memory(array.ctypes.data, array.nbytes, array))

    def copy(self, target: Memory, source: Memory, stream: Stream) -> None:
        assert target.size_bytes == source.size_bytes
        ctypes.memmove(target.address, source.address, source.size_bytes)

    def launch(self, kernel: str, size: tuple[int, int, int], arguments: Arguments, stream: Stream) -> None:
        self.launches += 1
        kinds = _PARAMETERS[kernel]
        values = [
            ctypes.c_void_p(int(value)) if kind == 'P' else ctypes.c_int(int(value))
            for kind, value in zip(kinds, arguments, strict=True)
        ]
        getattr(compiled_kernels(), f'run_{kernel}')(*map(ctypes.c_int, size), *values)

    def record(self, stream: Stream, work: Callable[[], None]) -> Callable[[], None]:
        self.recordings += 1
        return work


class HostBackend:
    """A `Backend` that runs on the CPU and says that it is CUDA; remembers what it opened."""

    provider: Provider = 'cuda'
    title = 'CUDA on a CPU'

    def __init__(self, half_graph: bool = False) -> None:
        self.half_graph, self.device = half_graph, HostDevice()
        self.opened: list[str] = []

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        self.opened.append(size)
        return make(lambda _stream: Placement((('CPUExecutionProvider', {}),), strict=False))


def cuda_engine(network: Network, backend: HostBackend | None = None, numbers: np.ndarray = SAME_NUMBERS) -> CudaEngine:
    return CudaEngine(network, numbers, backend or HostBackend())


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


@cache
def own_network(*, people: bool = False) -> Network:
    """The network in this package."""
    return load_network(NetworkSettings(model='bodypix_ros'), people=people)


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


def prepared(images: np.ndarray, network: Network, geometry: Geometry) -> np.ndarray:
    """Run the kernel `prepare_input` on (N, H, W, 3) uint8: (N, 3, input height, input width) float32."""
    device, stream = HostDevice(), HostStream()
    tables = build_tables(network, geometry, SAME_NUMBERS)
    planes = np.full((len(images), 3, geometry.input_height, geometry.input_width), np.nan, np.float32)
    images = np.ascontiguousarray(images)
    arguments = prepare_arguments(geometry, tables, _addresses(tables.arrays), images.ctypes.data, planes.ctypes.data)
    device.launch(PREPARE, (geometry.input_width, geometry.input_height, len(images)), arguments, stream)
    return planes


def labelled(
    heads: np.ndarray, network: Network, geometry: Geometry, threshold: float, numbers: np.ndarray = SAME_NUMBERS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run the kernel `label_pixels` on (N, 25, rows, columns) float32: masks, parts and confidences, (N, H, W) each."""
    device, stream = HostDevice(), HostStream()
    heads = np.ascontiguousarray(heads)
    arrays = {**build_tables(network, geometry, numbers).arrays, 'limits': limits(threshold, geometry)}
    shape = (len(heads), geometry.height, geometry.width)
    results = np.full(shape, 77, np.uint8), np.full(shape, 77, np.int8), np.full(shape, 77, np.uint8)
    targets = LabelTargets(*(result.ctypes.data for result in results))
    arguments = label_arguments(network, geometry, _addresses(arrays), heads.ctypes.data, heads.shape[1], targets)
    device.launch(LABEL, (geometry.width, geometry.height, len(heads)), arguments, stream)
    return results[0].view(bool), results[1], results[2]


def _addresses(arrays: Mapping[str, np.ndarray]) -> dict[str, int]:
    assert all(array.flags.c_contiguous for array in arrays.values())
    return {name: array.ctypes.data for name, array in arrays.items()}
