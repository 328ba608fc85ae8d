"""Which execution provider really runs the network, and why."""

from __future__ import annotations

import logging

import numpy as np
import onnxruntime

from ..errors import ProviderError
from ..models.network import Network
from ..models.store import open_store
from ..settings import NetworkSettings
from .engine import CpuEngine, Engine, Provider, network_geometry
from .installed import installed_runtime
from .kernels import choose_kernels
from .numpy_kernels import Numbers

_LOG = logging.getLogger(__name__)

_TITLES: dict[Provider, str] = {'tensorrt': 'TensorRT', 'cuda': 'CUDA', 'cpu': 'the CPU'}
_NAMES: dict[Provider, str] = {'tensorrt': 'TensorrtExecutionProvider', 'cuda': 'CUDAExecutionProvider'}
_GPU_CANDIDATES: dict[str, tuple[Provider, ...]] = {
    'auto': ('cuda',),  # never TensorRT, which builds for minutes before the first frame
    'tensorrt': ('tensorrt', 'cuda'),
    'cuda': ('cuda',),
    'cpu': (),
}
SAMPLE_SIZE = (96, 128)
"""Height and width of the picture that a provider must run before it is believed."""


def open_engine(network: Network, numbers: Numbers, settings: NetworkSettings) -> Engine:
    """Put a network on the wanted provider and prove by a run that it works.

    Args:
        network: what to run.
        numbers: (25,) int8, the part id of each channel and then BACKGROUND, see `parts.renumbering`.
        settings: `provider` and what belongs to it.

    Raises:
        ProviderError: a GPU is required and does not run the network, or numba was asked for and is not there.
    """
    obstacles: list[str] = []
    for provider in _GPU_CANDIDATES[settings.provider]:
        try:
            _check_offer(provider)
            engine = _open_gpu(provider, network, numbers, settings, obstacles)
        except ProviderError as error:
            if str(error) not in obstacles:
                obstacles.append(str(error))
            continue
        if obstacles:
            _LOG.warning('%s Running on %s.', _complaint(settings.provider, obstacles), _TITLES[provider])
        return engine
    obstacle = ', and '.join(obstacles) or 'the provider cpu was asked for'
    if settings.require_gpu:
        raise ProviderError(f'require_gpu is true, but {obstacle}. Mend that, or set require_gpu to false.')
    if settings.provider in ('cuda', 'tensorrt'):
        complaint = _complaint(settings.provider, obstacles)
        _LOG.warning('%s Running on the CPU; set require_gpu to refuse.', complaint)
    kernels = choose_kernels(settings.kernels)
    _LOG.info('frames are prepared and decoded by %s', kernels.name)
    return CpuEngine(network, numbers, kernels, obstacle, settings.threads)


def _check_offer(provider: Provider) -> None:
    """Raise ProviderError unless this ONNX Runtime was built with the provider."""
    if _NAMES[provider] not in onnxruntime.get_available_providers():
        raise ProviderError(f'ONNX Runtime offers no {_TITLES[provider]} here: {installed_runtime()}')


def _open_gpu(
    provider: Provider, network: Network, numbers: Numbers, settings: NetworkSettings, obstacles: list[str]
) -> Engine:
    """Open an engine on a GPU and let it segment a small picture of noise."""
    from .gpu.cuda import CudaBackend  # slow to import, and of no use without a GPU
    from .gpu.engine import Backend, GpuEngine
    from .gpu.tensorrt import TensorRtBackend

    half = settings.precision != 'fp32'
    backend: Backend
    if provider == 'tensorrt':
        backend = TensorRtBackend(settings.device_id, half=half, root=open_store(settings).root / 'tensorrt')
    else:
        backend = CudaBackend(settings.device_id, half=half)
    remark = f'; {_complaint(settings.provider, obstacles)}' if obstacles else ''
    engine = GpuEngine(network, numbers, backend, remark)
    geometry = network_geometry(network, settings.internal_resolution, provider, *SAMPLE_SIZE)
    noise = np.random.default_rng(0).integers(0, 256, (*SAMPLE_SIZE, 3), np.uint8)
    engine.segment([(noise, geometry)], 0.5, parts=True)
    return engine


def _complaint(wanted: str, obstacles: list[str]) -> str:
    title = {'tensorrt': 'TensorRT', 'cuda': 'CUDA'}[wanted]
    return f'{title} was asked for, but {", and ".join(obstacles)}.'
