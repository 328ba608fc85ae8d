"""ONNX Runtime's TensorRT provider: engines of the network, built once and kept."""

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

from ..errors import ModelError, ProviderError
from ..models.disk import locked, write_whole
from ..onnx_runtime import onnxruntime
from . import cuda_provider
from .cuda_device import Stream
from .cuda_network import Placement, PlacementOn
from .cuda_session import CudaSession
from .engine import Provider
from .installed import first_line

_LOG = logging.getLogger(__name__)
NAME = 'TensorrtExecutionProvider'
OLDEST_RUNTIME = (1, 21)
_LIBRARIES = ('libnvinfer.so.11', 'libnvinfer.so.10')
_NOTE = 'engine.json'


@dataclass(frozen=True)
class EngineKey:
    """All that an engine depends on.

    Attributes:
        model: SHA-256 of the network with its weights, for one size and batch.
        size: batch and pictures: '8 of 640x480'.
        precision: 'fp16' or 'fp32'.
        gpu: name and compute capability.
        tensorrt: its version.
        onnxruntime: its version.
    """

    model: str
    size: str
    precision: str
    gpu: str
    tensorrt: str
    onnxruntime: str

    @property
    def folder_name(self) -> str:
        """Name of the folder that keeps this engine, different from that of every other."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class TensorRtBackend:
    """Opens sessions whose network runs on TensorRT."""

    provider: Provider = 'tensorrt'
    half_graph = False
    """TensorRT chooses the precision of each layer itself."""

    def __init__(self, device_id: int, *, half: bool, root: Path) -> None:
        """Make TensorRT ready.

        Args:
            device_id: number of the GPU.
            half: engines may compute in fp16.
            root: folder that keeps engines.

        Raises:
            ProviderError: TensorRT or a GPU is missing, or this ONNX Runtime is too old for it.
        """
        if cuda_provider.runtime_version() < OLDEST_RUNTIME:
            raise ProviderError(
                f'TensorRT needs ONNX Runtime {".".join(map(str, OLDEST_RUNTIME))} or newer, '
                f'{onnxruntime.__version__} is installed'
            )
        self.device = cuda_provider.load_device(device_id)
        self._version = library_version()
        if not half:
            # Otherwise fp32 layers would use TensorFloat-32, whose factors have 10 bits.
            os.environ.setdefault('NVIDIA_TF32_OVERRIDE', '0')
        self._precision, self._root = 'fp16' if half else 'fp32', root
        self.title = f'TensorRT {self._version} on device {device_id} ({self.device.name}), {self._precision}'

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        """See `Backend.open`; takes minutes where no engine is kept."""
        key = self.key(model, size)
        folder = self._root / key.folder_name
        try:
            with locked(folder):
                if not (folder / _NOTE).is_file():
                    _LOG.info('building a TensorRT engine for pictures of %s; that takes minutes, once', size)
                session = make(self._placement(folder, batch))
                write_whole(folder / _NOTE, json.dumps(dataclasses.asdict(key), indent=1).encode())
        except ModelError as error:
            raise ProviderError(f'TensorRT cannot keep its engines: {error}') from error
        except Exception as error:  # ONNX Runtime and CUDA raise many kinds; all mean the same here
            raise ProviderError(f'TensorRT failed on pictures of {size}: {first_line(error)}') from error
        return session

    def key(self, model: bytes, size: str) -> EngineKey:
        """Return what an engine is kept under."""
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
        device_id: number of the GPU.
        stream: where the network is queued.
        half: engines may compute in fp16.
        folder: keeps the engines.
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
    """Return the version of TensorRT that ONNX Runtime uses, loaded from its wheels where it came so: '10.13.0'.

    Raises:
        ProviderError: it cannot be loaded.
    """
    with suppress(ImportError):
        import_module('tensorrt_libs')  # loads them, so that ONNX Runtime finds them
    missing = cuda_provider.missing_library('tensorrt')
    if missing:
        raise ProviderError(f'TensorRT cannot be loaded: {missing}')
    for name in _LIBRARIES:
        with suppress(OSError):
            number = ctypes.CDLL(name, os.RTLD_NOLOAD | os.RTLD_LAZY).getInferLibVersion()
            return f'{number // 10000}.{number // 100 % 100}.{number % 100}'
    return 'of an unknown version'
