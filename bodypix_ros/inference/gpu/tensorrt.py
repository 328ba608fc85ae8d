"""ONNX Runtime's TensorRT provider: engines for the convolutions, built once and kept."""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import json
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import onnxruntime

from ...errors import ModelError, ProviderError
from ...models.disk import locked, write_whole
from ..engine import Provider
from ..installed import first_line
from . import cuda
from .driver import Gpu
from .options import TENSORRT_SINCE, cuda_options, runtime_version, tensorrt_options
from .session import FrameSession, Placement

_LOG = logging.getLogger(__name__)
NAME = 'TensorrtExecutionProvider'
_LIBRARIES = ('libnvinfer.so.11', 'libnvinfer.so.10')
_NOTE = 'engine.json'


@dataclass(frozen=True)
class EngineKey:
    """All that makes an engine what it is.

    Attributes:
        graph: SHA-256 of the frame's graph, which holds the network and its weights.
        size: batch and pictures: '8 of 640x480'.
        precision: 'fp16' or 'fp32'.
        gpu: name and compute capability.
        tensorrt: its version.
        onnxruntime: its version.
    """

    graph: str
    size: str
    precision: str
    gpu: Gpu
    tensorrt: str
    onnxruntime: str

    @property
    def folder_name(self) -> str:
        """Name of the folder that keeps this engine, different from that of every other."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class TensorRtBackend:
    """Opens sessions whose network runs on TensorRT; what is before and after it runs on CUDA."""

    provider: Provider = 'tensorrt'
    half_graph = False
    """TensorRT chooses the precision of each layer itself."""

    always_parts = True
    """A second engine would take as long to build as the first."""

    def __init__(self, device_id: int, *, half: bool, root: Path) -> None:
        """Make TensorRT ready.

        Args:
            device_id: number of the GPU.
            half: engines may compute in fp16.
            root: folder that keeps engines.

        Raises:
            ProviderError: TensorRT or a GPU is not here, or this ONNX Runtime is too old for it.
        """
        if runtime_version() < TENSORRT_SINCE:
            raise ProviderError(
                f'TensorRT needs ONNX Runtime {".".join(map(str, TENSORRT_SINCE))} or newer, '
                f'{onnxruntime.__version__} is installed'
            )
        driver = cuda.load_libraries()
        self._version = library_version()
        if not half:
            # Or else fp32 layers would use TensorFloat-32, whose factors have 10 bits.
            os.environ.setdefault('NVIDIA_TF32_OVERRIDE', '0')
        self._gpu = driver.gpu(device_id)
        self._device_id, self._half, self._root = device_id, half, root

    @property
    def reason(self) -> str:
        """See `Backend.reason`."""
        name = self._gpu.name or f'device {self._device_id}'
        return f'TensorRT {self._version} on {name} has run the network in {self._precision}'

    def open(self, graph: bytes, size: str) -> FrameSession:
        """See `Backend.open`; takes minutes where no engine is kept."""
        key = self.key(graph, size)
        folder = self._root / key.folder_name
        providers = (
            (NAME, tensorrt_options(self._device_id, half=self._half, folder=folder)),
            (cuda.NAME, cuda_options(self._device_id, half=False, graph=False)),
        )
        try:
            with locked(folder):
                if not (folder / _NOTE).is_file():
                    _LOG.info('building a TensorRT engine for pictures of %s; that takes minutes, once', size)
                session = FrameSession(graph, Placement(providers, device_id=self._device_id))
                write_whole(folder / _NOTE, json.dumps(dataclasses.asdict(key), indent=1).encode())
        except ModelError as error:
            raise ProviderError(f'TensorRT cannot keep its engines: {error}') from error
        except Exception as error:  # ONNX Runtime raises many kinds; all mean the same here
            raise ProviderError(f'TensorRT failed on pictures of {size}: {first_line(error)}') from error
        return session

    def key(self, graph: bytes, size: str) -> EngineKey:
        """Return what an engine is kept under."""
        return EngineKey(
            graph=hashlib.sha256(graph).hexdigest(),
            size=size,
            precision=self._precision,
            gpu=self._gpu,
            tensorrt=self._version,
            onnxruntime=onnxruntime.__version__,
        )

    @property
    def _precision(self) -> str:
        return 'fp16' if self._half else 'fp32'


def library_version() -> str:
    """Return the version of TensorRT that ONNX Runtime uses, loaded from its wheels where it came so: '10.13.0'.

    Raises:
        ProviderError: it cannot be loaded.
    """
    with suppress(ImportError):
        import_module('tensorrt_libs')  # loads them, so that ONNX Runtime finds them
    missing = cuda.missing_library('tensorrt')
    if missing:
        raise ProviderError(f'TensorRT cannot be loaded: {missing}')
    for name in _LIBRARIES:
        with suppress(OSError):
            number = ctypes.CDLL(name, os.RTLD_NOLOAD | os.RTLD_LAZY).getInferLibVersion()
            return f'{number // 10000}.{number // 100 % 100}.{number % 100}'
    return 'of an unknown version'
