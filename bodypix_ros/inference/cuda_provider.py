"""ONNX Runtime's CUDA provider."""

from __future__ import annotations

import ctypes
import io
import logging
import os
import re
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path

from ..errors import ProviderError
from ..onnx_runtime import onnxruntime
from .cuda_device import CudaDevice, Stream
from .cuda_network import Placement, PlacementOn
from .cuda_session import CudaSession
from .engine import Provider
from .installed import first_line

_LOG = logging.getLogger(__name__)
NAME = 'CUDAExecutionProvider'
Options = dict[str, str]

_SINCE = {'use_tf32': (1, 18), 'prefer_nhwc': (1, 20)}
"""Options that older versions of ONNX Runtime do not know, or know but were built without."""

_FATAL_ONLY = 4
"""ONNX Runtime's severity: it reports every plan of cuDNN that does not fit as an error, and then runs another one."""

_REMEDIES = {
    'cuda': 'pip install "onnxruntime-gpu[cuda,cudnn]" installs it',
    'tensorrt': 'install TensorRT of the version that this names',
}


class CudaBackend:
    """Opens sessions on CUDA: recorded as CUDA graphs where that works, else launched kernel by kernel."""

    provider: Provider = 'cuda'

    def __init__(self, device_id: int, *, half: bool) -> None:
        """Make CUDA ready.

        Args:
            device_id: number of the GPU.
            half: the network computes in fp16.

        Raises:
            ProviderError: the driver, cuda-core or NVRTC is missing, or there is no such GPU.
        """
        self.device = load_device(device_id)
        self.half_graph = half
        self.title = f'CUDA device {device_id} ({self.device.name}), {"fp16" if half else "fp32"}'

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        """See `Backend.open`."""
        try:
            return make(self._placement(batch, recorded=True))
        except Exception as error:  # ONNX Runtime and CUDA raise many kinds; the second attempt shows which matter
            _LOG.debug('recording failed', exc_info=True)
            trouble = first_line(error)
        try:
            session = make(self._placement(batch, recorded=False))
        except Exception as error:  # all mean the same here
            missing = missing_library('cuda')
            reason = f'cannot be loaded: {missing}' if missing else f'failed on pictures of {size}: {first_line(error)}'
            raise ProviderError(f'CUDA {reason}') from error
        _LOG.warning('pictures of %s run kernel by kernel, which is slower: CUDA cannot record them: %s', size, trouble)
        return session

    def _placement(self, batch: int, *, recorded: bool) -> PlacementOn:
        def place(stream: Stream) -> Placement:
            options = cuda_options(self.device.index, stream, batch, half=self.half_graph)
            return Placement(((NAME, options),), strict=recorded, record=recorded)

        return place


def cuda_options(device_id: int, stream: Stream, batch: int, *, half: bool) -> Options:
    """Return the options of CUDAExecutionProvider.

    Args:
        device_id: number of the GPU.
        stream: where the network is queued.
        batch: pictures of one run.
        half: the network computes in fp16.
    """
    options = {
        'device_id': str(device_id),
        'user_compute_stream': str(stream.address),
        # TensorFloat-32 would round the factors to 10 bits: fp32 results would no longer equal the CPU's.
        'use_tf32': '0',
        # Tensor cores read channels last; in fp32 there are none to feed, and the transposes would remain.
        'prefer_nhwc': str(int(half)),
        # As measured (docs/gpu.md): what cuDNN recommends is faster for one picture than what its search finds.
        'cudnn_conv_algo_search': 'HEURISTIC' if batch == 1 else 'EXHAUSTIVE',
        'cudnn_conv_use_max_workspace': '1',
        # Doubling would take gigabytes for large pictures.
        'arena_extend_strategy': 'kSameAsRequested',
    }
    known = runtime_version()
    return {name: value for name, value in options.items() if known >= _SINCE.get(name, (0, 0))}


def runtime_version() -> tuple[int, int]:
    """Return the version of ONNX Runtime: (1, 21)."""
    major, minor = re.findall(r'\d+', onnxruntime.__version__)[:2]
    return int(major), int(minor)


def load_device(device_id: int) -> CudaDevice:
    """Return the GPU, and find CUDA and cuDNN where they came as wheels of NVIDIA.

    Raises:
        ProviderError: see `CudaDevice`; or no NVIDIA driver is installed.
    """
    try:
        ctypes.CDLL('libcuda.so.1')
    except OSError as error:
        raise ProviderError('no NVIDIA driver is installed: libcuda.so.1 is missing') from error
    with suppress(AttributeError), redirect_stdout(io.StringIO()) as printed:  # preload_dlls came with 1.21
        onnxruntime.preload_dlls()
        _LOG.debug('%s', printed.getvalue())
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    return CudaDevice(device_id)


def missing_library(provider: str) -> str:
    """Return which library a provider of ONNX Runtime lacks here, and how to get it; empty if none is missing.

    Args:
        provider: 'cuda' or 'tensorrt'.
    """
    library = Path(onnxruntime.__file__).parent / 'capi' / f'libonnxruntime_providers_{provider}.so'
    try:
        ctypes.CDLL(str(library), os.RTLD_LAZY)
    except OSError as error:
        return f'{error}; {_REMEDIES[provider]}'
    return ''
