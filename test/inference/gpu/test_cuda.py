"""CUDA, and what happens where it does not work."""

from __future__ import annotations

import logging

import onnxruntime
import pytest
from fake_cuda import FakeLibrary

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference.gpu import cuda
from bodypix_ros.inference.gpu.cuda import CudaBackend
from bodypix_ros.inference.gpu.driver import Driver
from bodypix_ros.inference.gpu.session import Placement


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a driver."""
    monkeypatch.setattr(cuda, 'find_driver', lambda: Driver(FakeLibrary()))


class Sessions:
    """Stands for FrameSession; refuses what it is told to."""

    def __init__(self, *, recorded: str = '', launched: str = '') -> None:
        self.troubles = {'1': recorded, '0': launched}
        self.placements: list[Placement] = []

    def __call__(self, graph: bytes, placement: Placement) -> str:
        self.placements.append(placement)
        trouble = self.troubles[placement.providers[0][1]['enable_cuda_graph']]
        if trouble:
            raise RuntimeError(trouble)
        return f'session of {graph.decode()}'


def _backend(monkeypatch: pytest.MonkeyPatch, sessions: Sessions, half: bool = True) -> CudaBackend:
    monkeypatch.setattr(cuda, 'FrameSession', sessions)
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    return CudaBackend(3, half=half)


def test_a_frame_is_recorded_and_nothing_of_it_runs_on_the_cpu(monkeypatch) -> None:
    sessions = Sessions()
    backend = _backend(monkeypatch, sessions)
    assert backend.open(b'a graph', '640x480') == 'session of a graph'
    (placement,) = sessions.placements
    assert (placement.device, placement.device_id, placement.strict) == ('cuda', 3, True)
    ((name, options),) = placement.providers
    assert name == 'CUDAExecutionProvider'
    assert (options['device_id'], options['enable_cuda_graph'], options['prefer_nhwc']) == ('3', '1', '1')
    assert backend.reason == 'CUDA device 3 has run the network in fp16'


def test_fp32_is_said_and_done(monkeypatch) -> None:
    sessions = Sessions()
    backend = _backend(monkeypatch, sessions, half=False)
    backend.open(b'', '640x480')
    assert sessions.placements[0].providers[0][1]['prefer_nhwc'] == '0'
    assert backend.half_graph is False
    assert backend.reason == 'CUDA device 3 has run the network in fp32'


def test_a_frame_that_cannot_be_recorded_is_launched_kernel_by_kernel(monkeypatch, caplog) -> None:
    sessions = Sessions(recorded='nodes have not been partitioned\nmore lines')
    backend = _backend(monkeypatch, sessions)
    with caplog.at_level(logging.WARNING):
        backend.open(b'', '640x480')
        backend.open(b'', '1280x720')
    recorded = [placement.providers[0][1]['enable_cuda_graph'] for placement in sessions.placements]
    assert recorded == ['1', '0', '0']  # not tried again
    assert [placement.strict for placement in sessions.placements] == [True, False, False]
    assert caplog.messages == [
        'frames are launched kernel by kernel, which is slower, since this CUDA cannot record them: '
        'nodes have not been partitioned'
    ]
    assert backend.reason == 'CUDA device 3 has run the network in fp16, without CUDA graphs'


def test_a_frame_that_does_not_run_at_all_is_an_error_that_names_it(monkeypatch) -> None:
    backend = _backend(monkeypatch, Sessions(recorded='one', launched='out of memory\nmore lines'))
    monkeypatch.setattr(cuda, 'missing_library', lambda _provider: '')
    with pytest.raises(ProviderError) as caught:
        backend.open(b'', '16 of 640x480')
    assert str(caught.value) == 'CUDA failed on pictures of 16 of 640x480: out of memory'


def test_a_library_that_is_missing_is_named(monkeypatch, tmp_path) -> None:
    (tmp_path / 'capi').mkdir()
    (tmp_path / 'capi' / 'libonnxruntime_providers_cuda.so').write_bytes(b'no library')
    monkeypatch.setattr(onnxruntime, '__file__', str(tmp_path / '__init__.py'))
    backend = _backend(monkeypatch, Sessions(recorded='one', launched='ONNX Runtime could not load it'))
    with pytest.raises(ProviderError) as caught:
        backend.open(b'', '640x480')
    assert str(caught.value).startswith(f'CUDA cannot be loaded: {tmp_path}/capi/libonnxruntime_providers_cuda.so: ')
    assert str(caught.value).endswith('; pip install "onnxruntime-gpu[cuda,cudnn]" brings it')


def test_a_machine_without_a_driver_is_told_so_before_anything_is_tried(monkeypatch) -> None:
    monkeypatch.setattr(cuda, 'find_driver', lambda: None)
    with pytest.raises(ProviderError, match=r'no NVIDIA driver runs here: libcuda.so.1 is missing or finds no GPU'):
        CudaBackend(0, half=True)


def test_libraries_that_came_as_wheels_are_found(monkeypatch, capsys) -> None:
    calls = []
    monkeypatch.setattr(onnxruntime, 'preload_dlls', lambda: (calls.append('preloaded'), print('noise')), raising=False)
    CudaBackend(0, half=True)
    assert calls == ['preloaded']
    assert capsys.readouterr().out == ''  # a library does not print


def test_an_onnx_runtime_without_preloading_works_too(monkeypatch) -> None:
    monkeypatch.delattr(onnxruntime, 'preload_dlls', raising=False)
    assert CudaBackend(0, half=True).provider == 'cuda'
