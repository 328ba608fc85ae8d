"""Which execution provider really runs the network, and why."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

import numpy as np
import onnxruntime

from ..errors import ProviderError

_LOG = logging.getLogger(__name__)
_WARNINGS_ONLY = 3  # ONNX Runtime's severity "error": its own warnings about CUDA are said by us, in a sentence

Provider = Literal['cuda', 'cpu']


@dataclass(frozen=True)
class Execution:
    """A session that has run once, what runs it, and a sentence that says why."""

    session: onnxruntime.InferenceSession
    provider: Provider
    reason: str


def open_session(model: bytes, provider: str, *, require_gpu: bool = False, device_id: int = 0) -> Execution:
    """Open a session on the wanted provider and prove by a run that it works.

    Args:
        model: serialised ONNX with the input 'input', (N, 3, h, w) float32.
        provider: auto (CUDA where it runs, else the CPU), cuda or cpu.
        require_gpu: raise instead of running on the CPU.
        device_id: number of the GPU.

    Raises:
        ProviderError: a GPU is required and does not run the network.
    """
    if provider == 'cpu':
        obstacle = 'the provider cpu was asked for'
    else:
        try:
            return Execution(_open_cuda(model, device_id), 'cuda', f'CUDA device {device_id} has run the network')
        except ProviderError as error:
            obstacle = str(error)
    if require_gpu:
        raise ProviderError(f'require_gpu is true, but {obstacle}. Mend that, or set require_gpu to false.')
    if provider == 'cuda':
        _LOG.warning('CUDA was asked for, but %s. Running on the CPU; set require_gpu to refuse.', obstacle)
    return Execution(_open(model, ['CPUExecutionProvider']), 'cpu', obstacle)


def _open_cuda(model: bytes, device_id: int) -> onnxruntime.InferenceSession:
    """Open a session on CUDA and run it; any failure becomes a ProviderError with its reason."""
    if 'CUDAExecutionProvider' not in onnxruntime.get_available_providers():
        raise ProviderError(f'ONNX Runtime offers no CUDA here: {_installed()}')
    try:
        if hasattr(onnxruntime, 'preload_dlls'):  # since 1.21: finds CUDA and cuDNN of the NVIDIA wheels
            onnxruntime.preload_dlls()
        # TensorFloat-32 would round the factors to 10 bits: results would no longer equal the CPU's.
        session = _open(model, [('CUDAExecutionProvider', {'device_id': device_id, 'use_tf32': 0})])
    except Exception as error:  # ONNX Runtime raises many kinds; all mean the same here
        raise ProviderError(f'CUDA failed to start: {_first_line(error)}') from error
    if session.get_providers()[0] != 'CUDAExecutionProvider':
        raise ProviderError(
            'ONNX Runtime could not load CUDA (driver, CUDA or cuDNN libraries missing or of another version)'
        )
    return session


def _open(model: bytes, providers: list[str | tuple[str, dict[str, int]]]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _WARNINGS_ONLY
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    session.run(None, {'input': np.zeros((1, 3, 33, 33), np.float32)})
    return session


def _installed() -> str:
    """Say which of the two ONNX Runtime packages is installed."""
    for package in ('onnxruntime-gpu', 'onnxruntime'):
        try:
            found = f'{package} {metadata.version(package)} is installed'
        except metadata.PackageNotFoundError:
            continue
        return found if package == 'onnxruntime-gpu' else f'{found}, onnxruntime-gpu is not'
    return f'ONNX Runtime {onnxruntime.__version__} was built without CUDA'


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
