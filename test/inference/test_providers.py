"""Which provider really runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from gpu_on_cpu import SAME_NUMBERS, CpuBackend, constant_network

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference.engine import Engine, network_geometry
from bodypix_ros.inference.gpu import cuda, tensorrt
from bodypix_ros.inference.providers import open_engine
from bodypix_ros.settings import NetworkSettings

no_cuda = pytest.mark.skipif(
    'CUDAExecutionProvider' in onnxruntime.get_available_providers(), reason='says what happens without CUDA'
)
NETWORK = constant_network(np.linspace(-2, 2, 25))


def _open(**settings: object) -> Engine:
    return open_engine(NETWORK, SAME_NUMBERS, NetworkSettings(**settings))


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let ONNX Runtime offer some providers."""

    def pretend(*names: str) -> None:
        monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: [*names, 'CPUExecutionProvider'])

    return pretend


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, offer: Callable[..., None]) -> list[CpuBackend]:
    """A machine whose CUDA works; the backends that are made on it."""
    backends: list[CpuBackend] = []

    def make(device_id: int, *, half: bool) -> CpuBackend:
        backends.append(CpuBackend(half))
        return backends[-1]

    monkeypatch.setattr(cuda, 'CudaBackend', make)
    offer('TensorrtExecutionProvider', 'CUDAExecutionProvider')
    return backends


def _fail(*_given: object, **_named: object) -> None:
    raise ProviderError('CUDA failed on pictures of 128x96: driver version is insufficient')


def test_the_cpu_runs_what_asks_for_it() -> None:
    engine = _open(provider='cpu')
    assert (engine.provider, engine.reason) == ('cpu', 'the provider cpu was asked for')
    image = np.zeros((33, 49, 3), np.uint8)
    geometry = network_geometry(NETWORK, 'full', 'cpu', 33, 49)
    (found,) = engine.segment([(image, geometry)], 0.1, parts=True)
    assert np.all(found.parts == 23)


@no_cuda
def test_auto_falls_back_to_the_cpu_and_says_why() -> None:
    engine = _open(provider='auto')
    assert engine.provider == 'cpu'
    assert engine.reason.startswith('ONNX Runtime offers no CUDA here: onnxruntime')
    assert engine.reason.endswith('is installed, onnxruntime-gpu is not')


@no_cuda
@pytest.mark.parametrize(('provider', 'title'), [('cuda', 'CUDA'), ('tensorrt', 'TensorRT')])
def test_a_missing_provider_is_said_loudly_when_it_was_asked_for(provider, title, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        assert _open(provider=provider).provider == 'cpu'
    assert f'{title} was asked for, but ONNX Runtime offers no {title} here' in caplog.text
    assert 'Running on the CPU; set require_gpu to refuse.' in caplog.text


@no_cuda
@pytest.mark.parametrize('provider', ['auto', 'tensorrt', 'cuda', 'cpu'])
def test_require_gpu_refuses_the_cpu(provider) -> None:
    with pytest.raises(ProviderError, match='require_gpu is true, but .*(no CUDA here|cpu was asked for)'):
        _open(provider=provider, require_gpu=True)


def test_auto_takes_cuda_in_fp16_and_never_tensorrt(gpu, monkeypatch) -> None:
    monkeypatch.setattr(tensorrt, 'TensorRtBackend', lambda *_given, **_named: pytest.fail('TensorRT was tried'))
    engine = _open(provider='auto', require_gpu=True)
    assert (engine.provider, engine.reason) == ('cuda', 'a test runs the network')
    assert [backend.half_graph for backend in gpu] == [True]


@pytest.mark.parametrize(('precision', 'half'), [('auto', True), ('fp16', True), ('fp32', False)])
def test_precision_is_that_of_the_network_on_the_gpu(gpu, precision, half) -> None:
    _open(precision=precision)
    assert gpu[0].half_graph is half


def test_a_gpu_is_believed_when_it_has_run_a_picture(gpu) -> None:
    _open(provider='cuda')
    assert gpu[0].opened == ['128x96']


def test_cuda_that_is_listed_but_does_not_run_is_not_believed(gpu, monkeypatch, caplog) -> None:
    monkeypatch.setattr(CpuBackend, 'open', _fail)
    with caplog.at_level(logging.WARNING):
        engine = _open(provider='cuda')
    assert (engine.provider, engine.reason) == (
        'cpu',
        'CUDA failed on pictures of 128x96: driver version is insufficient',
    )
    assert caplog.messages == [
        'CUDA was asked for, but CUDA failed on pictures of 128x96: driver version is insufficient. '
        'Running on the CPU; set require_gpu to refuse.'
    ]


def test_cuda_stands_in_for_tensorrt_and_says_so(gpu, monkeypatch, caplog) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise ProviderError('TensorRT is not installed')

    monkeypatch.setattr(tensorrt, 'TensorRtBackend', refuse)
    with caplog.at_level(logging.WARNING):
        engine = _open(provider='tensorrt', require_gpu=True)
    assert engine.provider == 'cuda'
    assert engine.reason == 'a test runs the network; TensorRT was asked for, but TensorRT is not installed.'
    assert caplog.messages == ['TensorRT was asked for, but TensorRT is not installed. Running on CUDA.']


def test_tensorrt_keeps_its_engines_beside_the_weights(gpu, monkeypatch, tmp_path) -> None:
    made: list[tuple[int, bool, Path]] = []

    def make(device_id: int, *, half: bool, root: Path) -> CpuBackend:
        made.append((device_id, half, root))
        return CpuBackend()

    monkeypatch.setattr(tensorrt, 'TensorRtBackend', make)
    _open(provider='tensorrt', device_id=2, model_dir=str(tmp_path))
    assert made == [(2, True, tmp_path / 'tensorrt')]


def test_what_keeps_both_from_running_is_said_once(gpu, monkeypatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise ProviderError('no NVIDIA driver runs here')

    monkeypatch.setattr(tensorrt, 'TensorRtBackend', refuse)
    monkeypatch.setattr(cuda, 'CudaBackend', refuse)
    assert _open(provider='tensorrt').reason == 'no NVIDIA driver runs here'


def test_without_any_gpu_every_obstacle_is_named(gpu, monkeypatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise ProviderError('TensorRT is not installed')

    monkeypatch.setattr(tensorrt, 'TensorRtBackend', refuse)
    monkeypatch.setattr(cuda, 'CudaBackend', _fail)
    with pytest.raises(
        ProviderError, match='but TensorRT is not installed, and CUDA failed .* insufficient. Mend that'
    ):
        _open(provider='tensorrt', require_gpu=True)
