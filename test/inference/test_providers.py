"""Which provider really runs."""

from __future__ import annotations

import logging

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import providers
from bodypix_ros.inference.providers import open_session

no_cuda = pytest.mark.skipif(
    'CUDAExecutionProvider' in onnxruntime.get_available_providers(), reason='says what happens without CUDA'
)


@pytest.fixture(scope='module')
def model() -> bytes:
    """A network that returns its input."""
    shape = ['n', 3, 'h', 'w']
    graph = helper.make_graph(
        [helper.make_node('Identity', ['input'], ['heads'])],
        'identity',
        [helper.make_tensor_value_info('input', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info('heads', TensorProto.FLOAT, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8).SerializeToString()


def test_the_cpu_runs_what_asks_for_it(model: bytes) -> None:
    execution = open_session(model, 'cpu')
    assert (execution.provider, execution.reason) == ('cpu', 'the provider cpu was asked for')
    planes = np.ones((1, 3, 2, 2), np.float32)
    assert np.array_equal(execution.session.run(None, {'input': planes})[0], planes)


@no_cuda
def test_auto_falls_back_to_the_cpu_and_says_why(model: bytes) -> None:
    execution = open_session(model, 'auto')
    assert execution.provider == 'cpu'
    assert execution.reason.startswith('ONNX Runtime offers no CUDA here: onnxruntime')
    assert execution.reason.endswith('is installed, onnxruntime-gpu is not')


@no_cuda
def test_missing_cuda_is_said_loudly_when_it_was_asked_for(model: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert open_session(model, 'cuda').provider == 'cpu'
    assert 'CUDA was asked for, but ONNX Runtime offers no CUDA here' in caplog.text
    assert 'Running on the CPU; set require_gpu to refuse.' in caplog.text


@no_cuda
@pytest.mark.parametrize('provider', ['auto', 'cuda', 'cpu'])
def test_require_gpu_refuses_the_cpu(model: bytes, provider: str) -> None:
    with pytest.raises(ProviderError, match='require_gpu is true, but .*(no CUDA here|cpu was asked for)'):
        open_session(model, provider, require_gpu=True)


def test_cuda_that_is_listed_but_does_not_run_is_not_believed(
    model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pretend(*_args: object) -> onnxruntime.InferenceSession:
        raise RuntimeError('CUDA failure 35: driver version is insufficient\nmore lines')

    listed = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: listed)
    monkeypatch.setattr(providers, '_open', pretend)
    with pytest.raises(ProviderError, match='CUDA failed to start: CUDA failure 35: driver version is insufficient'):
        providers._open_cuda(model, 0)
