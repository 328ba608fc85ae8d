# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
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

from ..errors import ProviderError, first_line
from ..onnx_runtime import onnxruntime
from .cuda_device import CudaDevice, Stream
from .cuda_network import Placement, PlacementOn
from .cuda_session import CudaSession
from .engine import Provider

_LOG = logging.getLogger(__name__)
NAME = 'CUDAExecutionProvider'
Options = dict[str, str]

_SINCE = {'use_tf32': (1, 18), 'prefer_nhwc': (1, 20)}
"""Options that older versions of ONNX Runtime do not support, or support only in some builds."""

_FATAL_ONLY = 4
"""Severity level of ONNX Runtime, which reports each unsuitable cuDNN plan as an error and then uses another one."""

_REMEDIES = {
    'cuda': 'pip install "onnxruntime-gpu[cuda,cudnn]" installs it',
    'tensorrt': 'install the TensorRT version in this file name',
}


class CudaBackend:
    """Opens sessions on CUDA: recorded as CUDA graphs if possible, otherwise launched kernel by kernel."""

    provider: Provider = 'cuda'

    def __init__(self, device_id: int, *, half: bool) -> None:
        """Load CUDA and open the device.

        Args:
            device_id: index of the GPU.
            half: whether the network computes in fp16.

        Raises:
            ProviderError: the driver, cuda-core or NVRTC is missing, or the GPU does not exist.
        """
        self.device = load_device(device_id)
        self.half_graph = half
        self.title = f'CUDA device {device_id} ({self.device.name}), {"fp16" if half else "fp32"}'

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        """See `Backend.open`."""
        try:
            return make(self._placement(batch, recorded=True))
        except Exception as error:  # of many kinds, from ONNX Runtime and CUDA; the second attempt may still succeed
            _LOG.debug('recording failed', exc_info=True)
            trouble = first_line(error)
        try:
            session = make(self._placement(batch, recorded=False))
        except Exception as error:  # all kinds of exceptions have the same meaning here
            missing = missing_library('cuda')
            reason = f'cannot be loaded: {missing}' if missing else f'failed on images of {size}: {first_line(error)}'
            raise ProviderError(f'CUDA {reason}') from error
        _LOG.warning('CUDA cannot record images of %s as a graph, so they take longer: %s', size, trouble)
        return session

    def _placement(self, batch: int, *, recorded: bool) -> PlacementOn:
        def place(stream: Stream) -> Placement:
            options = cuda_options(self.device.index, stream, batch, half=self.half_graph)
            return Placement(((NAME, options),), strict=recorded, record=recorded)

        return place


def cuda_options(device_id: int, stream: Stream, batch: int, *, half: bool) -> Options:
    """Return the options of CUDAExecutionProvider.

    Args:
        device_id: index of the GPU.
        stream: stream on which the network is queued.
        batch: images per run.
        half: whether the network computes in fp16.
    """
    options = {
        'device_id': str(device_id),
        'user_compute_stream': str(stream.address),
        # TensorFloat-32 rounds the factors to 10 bits, so fp32 results would differ from those of the CPU.
        'use_tf32': '0',
        # Tensor cores, which only fp16 uses here, read channels last; in fp32 the transposes would only cost time.
        'prefer_nhwc': str(int(half)),
        # For single images, the heuristic choice of cuDNN is faster than the result of its search (docs/gpu.md).
        'cudnn_conv_algo_search': 'HEURISTIC' if batch == 1 else 'EXHAUSTIVE',
        'cudnn_conv_use_max_workspace': '1',
        # Doubling would allocate gigabytes for large images.
        'arena_extend_strategy': 'kSameAsRequested',
    }
    known = runtime_version()
    return {name: value for name, value in options.items() if known >= _SINCE.get(name, (0, 0))}


def runtime_version() -> tuple[int, int]:
    """Return the version of ONNX Runtime: (1, 21)."""
    major, minor = re.findall(r'\d+', onnxruntime.__version__)[:2]
    return int(major), int(minor)


def load_device(device_id: int) -> CudaDevice:
    """Return the GPU, after loading CUDA and cuDNN from NVIDIA's wheels if they are installed.

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
    """Return which library a provider of ONNX Runtime lacks, and how to install it; empty if none is missing.

    Args:
        provider: 'cuda' or 'tensorrt'.
    """
    library = Path(onnxruntime.__file__).parent / 'capi' / f'libonnxruntime_providers_{provider}.so'
    try:
        ctypes.CDLL(str(library), os.RTLD_LAZY)
    except OSError as error:
        return f'{error}; {_REMEDIES[provider]}'
    return ''
