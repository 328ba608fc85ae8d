# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sessions of MediaPipe's networks: the provider that runs them, and the proof by result."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference.mediapipe import session as sessions
from bodypix_ros.inference.mediapipe.session import CpuSession, open_session
from bodypix_ros.settings import NetworkSettings

HEIGHT, WIDTH = 24, 32


def network(gain: float = 1.0) -> bytes:
    """A network from 'input' to 'mean' (N, 3) and 'double' (N, 3, h, w)."""
    graph = helper.make_graph(
        [
            helper.make_node('ReduceMean', ['input'], ['mean'], axes=[2, 3], keepdims=0),
            helper.make_node('Mul', ['input', 'gain'], ['double']),
        ],
        'test',
        [helper.make_tensor_value_info('input', TensorProto.FLOAT, ['n', 3, HEIGHT, WIDTH])],
        [
            helper.make_tensor_value_info('mean', TensorProto.FLOAT, ['n', 3]),
            helper.make_tensor_value_info('double', TensorProto.FLOAT, ['n', 3, HEIGHT, WIDTH]),
        ],
        [numpy_helper.from_array(np.array([2 * gain], np.float32), 'gain')],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx: bytes = model.SerializeToString()
    return onnx


def inputs(count: int) -> np.ndarray:
    return np.random.default_rng(count).random((count, 3, HEIGHT, WIDTH), np.float32)


class Gpu:
    """An ONNX Runtime session that runs on the CPU; `spoil` changes what it returns."""

    def __init__(self, onnx: bytes) -> None:
        self._session = onnxruntime.InferenceSession(onnx, providers=['CPUExecutionProvider'])
        self.spoil: Callable[[list[np.ndarray]], list[np.ndarray]] = lambda outputs: outputs
        self.batches: list[int] = []

    def get_outputs(self) -> list:
        return self._session.get_outputs()

    def run(self, names: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.batches.append(len(feed['input']))
        return self.spoil(self._session.run(names, feed))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    """A machine whose CUDA works."""
    gpu = Gpu(network())
    monkeypatch.setattr(
        onnxruntime,
        'get_available_providers',
        lambda: ['TensorrtExecutionProvider', 'CUDAExecutionProvider', 'CPUExecutionProvider'],
    )
    monkeypatch.setattr(sessions, '_open_cuda', lambda _onnx, device_id: (f'CUDA device {device_id}', gpu))
    return gpu


def _shift(outputs: list[np.ndarray]) -> list[np.ndarray]:
    return [outputs[0], outputs[1] + np.float32(0.1)]


def test_the_cpu_runs_a_network() -> None:
    session = open_session('test', network(), NetworkSettings(provider='cpu'))
    outputs = session.run(inputs(3))
    assert (session.provider, session.reason) == ('cpu', 'the provider cpu was requested')
    assert session.input_size == (HEIGHT, WIDTH)
    assert list(outputs) == ['mean', 'double']
    np.testing.assert_allclose(outputs['mean'], inputs(3).mean(axis=(2, 3)), rtol=1e-5)
    np.testing.assert_array_equal(outputs['double'], 2 * inputs(3))


@pytest.mark.skipif('CUDAExecutionProvider' in onnxruntime.get_available_providers(), reason='tests a missing CUDA')
def test_without_cuda_the_cpu_runs_and_the_reason_is_reported() -> None:
    session = open_session('test', network(), NetworkSettings())
    assert session.provider == 'cpu'
    assert session.reason.startswith('ONNX Runtime offers no CUDA here: ')
    with pytest.raises(ProviderError, match='require_gpu is true, but ONNX Runtime offers no CUDA here'):
        open_session('test', network(), NetworkSettings(require_gpu=True))


def test_a_correct_gpu_runs_the_network(gpu: Gpu) -> None:
    session = open_session('test', network(), NetworkSettings(device_id=3))
    assert (session.provider, session.reason) == ('cuda', 'CUDA device 3, verified against the CPU')
    assert gpu.batches == [1, 2]  # of the verification
    outputs = session.run(inputs(3))
    np.testing.assert_array_equal(outputs['double'], 2 * inputs(3))


def test_large_batches_are_divided(gpu: Gpu) -> None:
    session = open_session('test', network(), NetworkSettings())
    gpu.batches.clear()
    outputs = session.run(inputs(19))
    assert gpu.batches == [8, 8, 3]
    np.testing.assert_array_equal(outputs['double'], 2 * inputs(19))


@pytest.mark.parametrize(
    ('spoil', 'text'),
    [
        (_shift, "output 'double' differs by [0-9.]+% of its largest value for a batch of 1"),
        (lambda outputs: [outputs[0] * np.float32(np.nan), outputs[1]], "output 'mean' differs by nan%"),
        (lambda outputs: [outputs[0][:, :2], outputs[1]], "output 'mean' differs by inf%"),
    ],
)
def test_a_gpu_with_other_outputs_is_refused(gpu: Gpu, spoil, text: str) -> None:
    gpu.spoil = spoil
    session = open_session('selfie_general', network(), NetworkSettings())
    assert session.provider == 'cpu'
    with pytest.raises(ProviderError, match=f'CUDA device 0 disagrees with the CPU on selfie_general: {text}'):
        open_session('selfie_general', network(), NetworkSettings(require_gpu=True))


def test_every_batch_size_is_verified_once(gpu: Gpu, caplog: pytest.LogCaptureFixture) -> None:
    session = open_session('test', network(), NetworkSettings())
    session.run(inputs(4))
    gpu.spoil = _shift
    assert (session.run(inputs(4))['double'] > 2 * inputs(4)).all()  # verified before
    with caplog.at_level(logging.WARNING):
        outputs = session.run(inputs(5))
    np.testing.assert_array_equal(outputs['double'], 2 * inputs(5))  # of the CPU
    assert session.provider == 'cpu'
    assert 'CUDA device 0 disagrees with the CPU on test' in session.reason
    assert caplog.messages == [f'{session.reason}; running on the CPU']


@pytest.mark.parametrize('require_gpu', [False, True])
def test_a_gpu_that_fails_later_is_replaced_by_the_cpu_or_refused(gpu: Gpu, require_gpu: bool) -> None:
    session = open_session('test', network(), NetworkSettings(require_gpu=require_gpu))

    def fail(_outputs: list[np.ndarray]) -> list[np.ndarray]:
        raise RuntimeError('CUDA failure 700: an illegal memory access')

    gpu.spoil = fail
    if require_gpu:
        for _ in range(2):
            with pytest.raises(ProviderError, match='require_gpu is true, but CUDA device 0 failed on test: CUDA fail'):
                session.run(inputs(1))
    else:
        np.testing.assert_array_equal(session.run(inputs(1))['double'], 2 * inputs(1))
        assert (session.provider, session.reason) == (
            'cpu',
            'CUDA device 0 failed on test: CUDA failure 700: an illegal memory access',
        )


def test_cuda_replaces_tensorrt(gpu: Gpu, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        session = open_session('test', network(), NetworkSettings(provider='tensorrt'))
    assert session.provider == 'cuda'
    assert "TensorRT was requested, but MediaPipe's networks do not run on TensorRT." in session.reason
    assert 'Running on CUDA.' in caplog.text


def test_the_session_of_the_cpu_reports_its_reason() -> None:
    assert CpuSession(network(), 1, 'a test').reason == 'a test'
