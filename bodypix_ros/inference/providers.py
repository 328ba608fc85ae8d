# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Selects the execution provider that runs the network, and records the reason."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import metadata
from typing import TypeVar

from ..errors import ProviderError
from ..models.network import Network
from ..models.store import open_store
from ..onnx_runtime import onnxruntime
from ..settings import NetworkSettings
from .engine import CpuEngine, Engine, Provider, network_geometry
from .kernels import shared_kernels
from .numpy_kernels import Numbers

_LOG = logging.getLogger(__name__)
Opened = TypeVar('Opened')

_TITLES: dict[Provider, str] = {'tensorrt': 'TensorRT', 'cuda': 'CUDA', 'cpu': 'the CPU'}
_NAMES: dict[Provider, str] = {'tensorrt': 'TensorrtExecutionProvider', 'cuda': 'CUDAExecutionProvider'}
_GPU_CANDIDATES: dict[str, tuple[Provider, ...]] = {
    'auto': ('cuda',),  # not TensorRT, which builds for minutes before the first frame
    'tensorrt': ('tensorrt', 'cuda'),
    'cuda': ('cuda',),
    'cpu': (),
}
SAMPLE_SIZE = (96, 128)
"""Height and width of the image for warm-up runs."""

PROOF_SIZE = (480, 640)
"""Height and width of the images with which a GPU is verified when it is opened: a common camera resolution."""


def open_engine(network: Network, numbers: Numbers, settings: NetworkSettings) -> Engine:
    """Open a network on the requested provider; a GPU is used only if its results match those of the CPU.

    Args:
        network: the network.
        numbers: (25,) int8, the part id of each channel and then BACKGROUND, see `parts.renumbering`.
        settings: the provider and its options.

    Raises:
        ProviderError: a GPU is required and does not run the network, or numba was requested and does not work.
    """

    def open_gpu(provider: Provider, remark: str) -> Engine:
        return _open_gpu(provider, network, numbers, settings, remark)

    return open_on_provider(settings, open_gpu, lambda reason: _open_cpu(network, numbers, settings, reason))


def open_on_provider(
    settings: NetworkSettings, open_gpu: Callable[[Provider, str], Opened], open_cpu: Callable[[str], Opened]
) -> Opened:
    """Open a network on the first of the requested providers that runs it.

    Args:
        settings: the provider, and whether a GPU is required.
        open_gpu: opens and verifies a GPU provider, or raises ProviderError; takes the provider and an addition to the
            reason.
        open_cpu: opens the CPU; takes the reason why the CPU runs the network, as a clause.

    Raises:
        ProviderError: a GPU is required and does not run the network; or whatever `open_cpu` raises.
    """
    obstacles: list[str] = []
    for provider in _GPU_CANDIDATES[settings.provider]:
        try:
            _check_offer(provider)
            opened = open_gpu(provider, f'; {_complaint(settings.provider, obstacles)}' if obstacles else '')
        except ProviderError as error:
            if str(error) not in obstacles:
                obstacles.append(str(error))
            continue
        if obstacles:
            _LOG.warning('%s Running on %s.', _complaint(settings.provider, obstacles), _TITLES[provider])
        return opened
    obstacle = ', and '.join(obstacles) or 'the provider cpu was requested'
    if settings.require_gpu:
        raise ProviderError(
            f'require_gpu is true, but {obstacle}. '
            'Run `bodypix check` to see what is missing, or set require_gpu to false.'
        )
    if settings.provider in ('cuda', 'tensorrt'):
        _LOG.warning('%s Running on the CPU; set require_gpu to refuse.', _complaint(settings.provider, obstacles))
    return open_cpu(obstacle)


def installed_runtime() -> str:
    """Return which of the two ONNX Runtime packages is installed."""
    for package in ('onnxruntime-gpu', 'onnxruntime'):
        try:
            found = f'{package} {metadata.version(package)} is installed'
        except metadata.PackageNotFoundError:
            continue
        return found if package == 'onnxruntime-gpu' else f'{found}, onnxruntime-gpu is not'
    return f'ONNX Runtime {onnxruntime.__version__} was built without CUDA'


def _check_offer(provider: Provider) -> None:
    """Raise ProviderError unless this ONNX Runtime was built with the provider."""
    if _NAMES[provider] not in onnxruntime.get_available_providers():
        raise ProviderError(f'ONNX Runtime offers no {_TITLES[provider]} here: {installed_runtime()}')


def _open_cpu(network: Network, numbers: Numbers, settings: NetworkSettings, reason: str) -> CpuEngine:
    return CpuEngine(network, numbers, shared_kernels(settings.kernels), reason, settings.threads)


def _open_gpu(provider: Provider, network: Network, numbers: Numbers, settings: NetworkSettings, remark: str) -> Engine:
    """Open an engine on a GPU and verify it with images of a common size."""
    from .cuda_engine import Backend, CudaEngine  # slow to import, and only needed with a GPU
    from .cuda_provider import CudaBackend
    from .parity import FP16, FP32
    from .tensorrt_provider import TensorRtBackend
    from .verified_engine import VerifiedEngine

    half = settings.precision != 'fp32'
    backend: Backend
    if provider == 'tensorrt':
        backend = TensorRtBackend(settings.device_id, half=half, root=open_store(settings).root / 'tensorrt')
    else:
        backend = CudaBackend(settings.device_id, half=half)
    engine = VerifiedEngine(
        CudaEngine(network, numbers, backend),
        _open_cpu(network, numbers, settings, f'{_TITLES[provider]} is being prepared'),
        FP16 if half else FP32,
        require_gpu=settings.require_gpu,
        remark=remark,
    )
    engine.verify(network_geometry(network, settings.internal_resolution, provider, *PROOF_SIZE), 1)
    return engine


def _complaint(wanted: str, obstacles: list[str]) -> str:
    title = {'tensorrt': 'TensorRT', 'cuda': 'CUDA'}[wanted]
    return f'{title} was requested, but {", and ".join(obstacles)}.'
