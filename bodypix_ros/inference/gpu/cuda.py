"""ONNX Runtime's CUDA provider."""

from __future__ import annotations

import ctypes
import io
import logging
import os
from contextlib import redirect_stdout
from pathlib import Path

import onnxruntime

from ...errors import ProviderError
from ..engine import Provider
from ..installed import first_line
from .driver import Driver, find_driver
from .options import cuda_options
from .session import FrameSession, Placement

_LOG = logging.getLogger(__name__)
NAME = 'CUDAExecutionProvider'


class CudaBackend:
    """Opens sessions on CUDA: recorded as CUDA graphs where that works, else launched one by one."""

    provider: Provider = 'cuda'
    always_parts = False

    def __init__(self, device_id: int, *, half: bool) -> None:
        """Make CUDA ready.

        Args:
            device_id: number of the GPU.
            half: the network computes in fp16.

        Raises:
            ProviderError: no NVIDIA driver runs here.
        """
        load_libraries()
        self._device_id, self._half, self._without_graphs = device_id, half, ''

    @property
    def half_graph(self) -> bool:
        """See `Backend.half_graph`."""
        return self._half

    @property
    def reason(self) -> str:
        """See `Backend.reason`."""
        precision = 'fp16' if self._half else 'fp32'
        return f'CUDA device {self._device_id} has run the network in {precision}{self._without_graphs}'

    def open(self, graph: bytes, size: str) -> FrameSession:
        """See `Backend.open`."""
        if self._without_graphs:
            return self._open_launched(graph, size)
        try:
            return FrameSession(graph, self._placement(recorded=True))
        except Exception as error:  # ONNX Runtime raises many kinds; the second attempt shows which of them matter
            session = self._open_launched(graph, size)
            self._without_graphs = ', without CUDA graphs'
            _LOG.warning(
                'frames are launched kernel by kernel, which is slower, since this CUDA cannot record them: %s',
                first_line(error),
            )
            return session

    def _open_launched(self, graph: bytes, size: str) -> FrameSession:
        try:
            return FrameSession(graph, self._placement(recorded=False))
        except Exception as error:  # all mean the same here
            missing = missing_library('cuda')
            trouble = (
                f'cannot be loaded: {missing}' if missing else f'failed on pictures of {size}: {first_line(error)}'
            )
            raise ProviderError(f'CUDA {trouble}') from error

    def _placement(self, *, recorded: bool) -> Placement:
        options = cuda_options(self._device_id, half=self._half, graph=recorded)
        return Placement(((NAME, options),), device_id=self._device_id, strict=recorded)


def load_libraries() -> Driver:
    """Return the driver, and find CUDA and cuDNN where they came as wheels of NVIDIA.

    Raises:
        ProviderError: no NVIDIA driver runs here.
    """
    driver = find_driver()
    if driver is None:
        raise ProviderError('no NVIDIA driver runs here: libcuda.so.1 is missing or finds no GPU')
    if hasattr(onnxruntime, 'preload_dlls'):  # since 1.21
        with redirect_stdout(io.StringIO()) as printed:  # what matters of it, `missing_library` says
            onnxruntime.preload_dlls()
        _LOG.debug('%s', printed.getvalue())
    return driver


def missing_library(provider: str) -> str:
    """Say which library a provider of ONNX Runtime lacks here, and how to get it; empty where that is not the trouble.

    Args:
        provider: 'cuda' or 'tensorrt'.
    """
    library = Path(onnxruntime.__file__).parent / 'capi' / f'libonnxruntime_providers_{provider}.so'
    try:
        ctypes.CDLL(str(library), os.RTLD_LAZY)
    except OSError as error:
        remedy = {
            'cuda': 'pip install "onnxruntime-gpu[cuda,cudnn]" brings it',
            'tensorrt': 'install TensorRT of the version that this names',
        }
        return f'{error}; {remedy[provider]}'
    return ''
