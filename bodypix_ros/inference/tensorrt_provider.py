# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime's TensorRT provider, with a cache of built engines."""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..errors import ModelError, ProviderError, first_line
from ..models.disk import locked, write_whole
from ..onnx_runtime import onnxruntime
from . import cuda_provider
from .cuda_device import Stream
from .cuda_network import Placement, PlacementOn
from .cuda_session import CudaSession
from .engine import Provider

_LOG = logging.getLogger(__name__)
NAME = 'TensorrtExecutionProvider'
OLDEST_RUNTIME = (1, 21)
_LIBRARIES = ('libnvinfer.so.11', 'libnvinfer.so.10')
_NOTE = 'engine.json'


@dataclass(frozen=True)
class EngineKey:
    """Everything on which a built engine depends.

    Attributes:
        model: SHA-256 of the network with its weights, for one size and batch size.
        size: batch size and image size: '8 of 640x480'.
        precision: 'fp16' or 'fp32'.
        gpu: name and compute capability.
        tensorrt: version of TensorRT.
        onnxruntime: version of ONNX Runtime.
    """

    model: str
    size: str
    precision: str
    gpu: str
    tensorrt: str
    onnxruntime: str

    @property
    def folder_name(self) -> str:
        """Name of the folder for this engine, unique for each key."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class TensorRtBackend:
    """Opens sessions that run the network on TensorRT."""

    provider: Provider = 'tensorrt'
    half_graph = False
    """TensorRT chooses the precision of each layer itself."""

    def __init__(self, device_id: int, *, half: bool, root: Path) -> None:
        """Load TensorRT and open the device.

        Args:
            device_id: index of the GPU.
            half: whether engines may compute in fp16.
            root: folder for built engines.

        Raises:
            ProviderError: TensorRT or a GPU is missing, or this ONNX Runtime is too old for it.
        """
        if cuda_provider.runtime_version() < OLDEST_RUNTIME:
            raise ProviderError(
                f'TensorRT requires ONNX Runtime {".".join(map(str, OLDEST_RUNTIME))} or newer, '
                f'{onnxruntime.__version__} is installed'
            )
        self.device = cuda_provider.load_device(device_id)
        self._version = library_version()
        if not half:
            # Otherwise fp32 layers would use TensorFloat-32, which rounds factors to 10 bits.
            os.environ.setdefault('NVIDIA_TF32_OVERRIDE', '0')
        self._precision, self._root = 'fp16' if half else 'fp32', root
        self.title = f'TensorRT {self._version} on device {device_id} ({self.device.name}), {self._precision}'

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        """See `Backend.open`; takes minutes if the engine is not in the cache."""
        key = self.key(model, size)
        folder = self._root / key.folder_name
        try:
            with locked(folder):
                if not (folder / _NOTE).is_file():
                    _LOG.info('building a TensorRT engine for images of %s; this takes minutes, but only once', size)
                session = make(self._placement(folder, batch))
                write_whole(folder / _NOTE, json.dumps(dataclasses.asdict(key), indent=1).encode())
        except ModelError as error:
            raise ProviderError(f'TensorRT cannot store its engines: {error}') from error
        except Exception as error:  # of many kinds, from ONNX Runtime and CUDA
            raise ProviderError(f'TensorRT failed on images of {size}: {first_line(error)}') from error
        return session

    def key(self, model: bytes, size: str) -> EngineKey:
        """Return the key of an engine in the cache."""
        return EngineKey(
            model=hashlib.sha256(model).hexdigest(),
            size=size,
            precision=self._precision,
            gpu=f'{self.device.name}, compute capability {self.device.compute_capability}',
            tensorrt=self._version,
            onnxruntime=onnxruntime.__version__,
        )

    def _placement(self, folder: Path, batch: int) -> PlacementOn:
        def place(stream: Stream) -> Placement:
            half, index = self._precision == 'fp16', self.device.index
            providers = (
                (NAME, tensorrt_options(index, stream, half=half, folder=folder)),
                (cuda_provider.NAME, cuda_provider.cuda_options(index, stream, batch, half=False)),
            )
            return Placement(providers, record=False)

        return place


def tensorrt_options(device_id: int, stream: Stream, *, half: bool, folder: Path) -> dict[str, str]:
    """Return the options of TensorrtExecutionProvider.

    Args:
        device_id: index of the GPU.
        stream: stream on which the network is queued.
        half: whether engines may compute in fp16.
        folder: folder for the engine.
    """
    return {
        'device_id': str(device_id),
        'user_compute_stream': str(stream.address),
        'trt_fp16_enable': str(int(half)),
        'trt_engine_cache_enable': '1',
        'trt_engine_cache_path': str(folder),
        'trt_timing_cache_enable': '1',
        'trt_timing_cache_path': str(folder.parent),
    }


def library_version() -> str:
    """Return the version of the TensorRT library, after loading it from its wheels if they are installed: '10.13.0'.

    Raises:
        ProviderError: TensorRT cannot be loaded.
    """
    with suppress(ImportError):
        import_module('tensorrt_libs')  # loads the libraries, so that ONNX Runtime finds them
    missing = cuda_provider.missing_library('tensorrt')
    if missing:
        raise ProviderError(f'TensorRT cannot be loaded: {missing}')
    for name in _LIBRARIES:
        with suppress(OSError):
            number = ctypes.CDLL(name, os.RTLD_NOLOAD | os.RTLD_LAZY).getInferLibVersion()
            return f'{number // 10000}.{number // 100 % 100}.{number % 100}'
    return 'of an unknown version'
