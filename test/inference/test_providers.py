# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which provider really runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gpu_on_cpu
import numpy as np
import onnxruntime
import pytest
from gpu_on_cpu import SAME_NUMBERS, HostBackend, HostDevice, constant_network, own_network

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import cuda_provider, tensorrt_provider
from bodypix_ros.inference.cuda_kernels import LABEL
from bodypix_ros.inference.engine import Engine, network_geometry
from bodypix_ros.inference.parity import person_pictures, shows_people
from bodypix_ros.inference.providers import open_engine
from bodypix_ros.settings import NetworkSettings

no_cuda = pytest.mark.skipif(
    'CUDAExecutionProvider' in onnxruntime.get_available_providers(), reason='says what happens without CUDA'
)
NETWORK = own_network()


def _open(**settings: object) -> Engine:
    return open_engine(NETWORK, SAME_NUMBERS, NetworkSettings(internal_resolution=97, kernels='numpy', **settings))


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let ONNX Runtime offer some providers."""

    def pretend(*names: str) -> None:
        monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: [*names, 'CPUExecutionProvider'])

    return pretend


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, offer: Callable[..., None]) -> list[HostBackend]:
    """A machine whose CUDA works; the backends that are made on it."""
    backends: list[HostBackend] = []

    def make(device_id: int, *, half: bool) -> HostBackend:
        backends.append(HostBackend(half))
        return backends[-1]

    monkeypatch.setattr(cuda_provider, 'CudaBackend', make)
    offer('TensorrtExecutionProvider', 'CUDAExecutionProvider')
    return backends


def _fail(*_given: object, **_named: object) -> None:
    raise ProviderError('CUDA failed on images of 640x480: driver version is insufficient')


def test_the_cpu_runs_what_asks_for_it() -> None:
    engine = _open(provider='cpu')
    assert (engine.provider, engine.reason) == ('cpu', 'the provider cpu was requested')
    image = next(person_pictures(90, 120))
    (found,) = engine.segment([(image, network_geometry(NETWORK, 97, 'cpu', 90, 120))], 0.5, parts=True)
    assert shows_people(found)


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
    assert f'{title} was requested, but ONNX Runtime offers no {title} here' in caplog.text
    assert 'Running on the CPU; set require_gpu to refuse.' in caplog.text


@no_cuda
@pytest.mark.parametrize('provider', ['auto', 'tensorrt', 'cuda', 'cpu'])
def test_require_gpu_refuses_the_cpu(provider) -> None:
    with pytest.raises(ProviderError, match='require_gpu is true, but .*(no CUDA here|cpu was requested)'):
        _open(provider=provider, require_gpu=True)


def test_auto_takes_cuda_in_fp16_and_never_tensorrt(gpu, monkeypatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        pytest.fail('TensorRT was tried')

    monkeypatch.setattr(tensorrt_provider, 'TensorRtBackend', refuse)
    engine = _open(provider='auto', require_gpu=True)
    assert (engine.provider, engine.reason) == ('cuda', 'CUDA on a CPU, verified against the CPU')
    assert [backend.half_graph for backend in gpu] == [True]


@pytest.mark.parametrize(('precision', 'half'), [('auto', True), ('fp16', True), ('fp32', False)])
def test_precision_is_that_of_the_network_on_the_gpu(gpu, precision, half) -> None:
    _open(precision=precision)
    assert gpu[0].half_graph is half


def test_a_gpu_is_opened_and_verified_with_pictures_of_the_commonest_size(gpu) -> None:
    _open(provider='cuda')
    assert gpu[0].opened == ['640x480']


class BlindDevice(HostDevice):
    """A GPU that labels nothing, as ONNX Runtime 1.31 did wherever a picture was resized."""

    def launch(self, kernel: str, *given: Any) -> None:
        if kernel != LABEL:
            super().launch(kernel, *given)


def test_a_gpu_that_is_wrong_is_not_used(gpu, monkeypatch, caplog) -> None:
    monkeypatch.setattr(gpu_on_cpu, 'HostDevice', BlindDevice)
    with caplog.at_level(logging.WARNING):
        engine = _open(provider='cuda')
    assert engine.provider == 'cpu'
    assert engine.reason.startswith('CUDA on a CPU disagrees with the CPU on ')
    assert engine.reason.endswith(' % of the pixels at 640x480')
    (message,) = caplog.messages
    assert message == f'CUDA was requested, but {engine.reason}. Running on the CPU; set require_gpu to refuse.'
    with pytest.raises(ProviderError, match='require_gpu is true, but CUDA on a CPU disagrees with the CPU on '):
        _open(provider='auto', require_gpu=True)


def test_cuda_that_is_listed_but_does_not_run_is_not_believed(gpu, monkeypatch, caplog) -> None:
    monkeypatch.setattr(HostBackend, 'open', _fail)
    with caplog.at_level(logging.WARNING):
        engine = _open(provider='cuda')
    assert (engine.provider, engine.reason) == (
        'cpu',
        'CUDA failed on images of 640x480: driver version is insufficient',
    )
    assert caplog.messages == [
        'CUDA was requested, but CUDA failed on images of 640x480: driver version is insufficient. '
        'Running on the CPU; set require_gpu to refuse.'
    ]


def test_cuda_stands_in_for_tensorrt_and_says_so(gpu, monkeypatch, caplog) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise ProviderError('TensorRT is not installed')

    monkeypatch.setattr(tensorrt_provider, 'TensorRtBackend', refuse)
    with caplog.at_level(logging.WARNING):
        engine = _open(provider='tensorrt', require_gpu=True)
    assert engine.provider == 'cuda'
    remark = '; TensorRT was requested, but TensorRT is not installed.'
    assert engine.reason == f'CUDA on a CPU, verified against the CPU{remark}'
    assert caplog.messages == ['TensorRT was requested, but TensorRT is not installed. Running on CUDA.']


def test_tensorrt_keeps_its_engines_beside_the_weights(gpu, monkeypatch, tmp_path) -> None:
    made: list[tuple[int, bool, Path]] = []

    def make(device_id: int, *, half: bool, root: Path) -> HostBackend:
        made.append((device_id, half, root))
        return HostBackend()

    monkeypatch.setattr(tensorrt_provider, 'TensorRtBackend', make)
    _open(provider='tensorrt', device_id=2, model_dir=str(tmp_path))
    assert made == [(2, True, tmp_path / 'tensorrt')]


def test_what_keeps_both_from_running_is_said_once(gpu, monkeypatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise ProviderError('no NVIDIA driver runs here')

    monkeypatch.setattr(tensorrt_provider, 'TensorRtBackend', refuse)
    monkeypatch.setattr(cuda_provider, 'CudaBackend', refuse)
    assert _open(provider='tensorrt').reason == 'no NVIDIA driver runs here'


def test_without_any_gpu_every_obstacle_is_named(gpu, monkeypatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise ProviderError('TensorRT is not installed')

    monkeypatch.setattr(tensorrt_provider, 'TensorRtBackend', refuse)
    monkeypatch.setattr(cuda_provider, 'CudaBackend', _fail)
    with pytest.raises(
        ProviderError, match='but TensorRT is not installed, and CUDA failed .* insufficient. Run `bodypix check`'
    ):
        _open(provider='tensorrt', require_gpu=True)


def test_a_network_that_finds_nobody_cannot_verify_a_gpu(gpu) -> None:
    nobody = constant_network(np.full(25, -4, np.float32))
    engine = open_engine(nobody, SAME_NUMBERS, NetworkSettings(internal_resolution='medium', provider='auto'))
    assert engine.provider == 'cpu'
    assert engine.reason == (
        'CUDA on a CPU cannot be verified at 640x480: the CPU finds people in too few of the packaged pictures'
    )
