"""TensorRT: what it needs, what it is told, and when an engine is the same."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import logging
import os
from pathlib import Path

import onnxruntime
import pytest

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference.gpu import cuda, tensorrt
from bodypix_ros.inference.gpu.driver import Gpu
from bodypix_ros.inference.gpu.session import Placement
from bodypix_ros.inference.gpu.tensorrt import EngineKey, TensorRtBackend, library_version

H200 = Gpu('NVIDIA H200', '9.0')
KEY = EngineKey('0123', '640x480', 'fp16', H200, '10.13.0', '1.31.1')


class FakeDriver:
    def gpu(self, _device_id: int) -> Gpu:
        return H200


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Placement]:
    """A machine with TensorRT; the placements of the sessions that are opened on it."""
    opened: list[Placement] = []
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    monkeypatch.setattr(tensorrt, 'library_version', lambda: '10.13.0')
    monkeypatch.setattr(cuda, 'find_driver', FakeDriver)
    monkeypatch.setattr(onnxruntime, 'preload_dlls', lambda: None, raising=False)
    monkeypatch.setattr(tensorrt, 'FrameSession', lambda _graph, placement: opened.append(placement))
    monkeypatch.setenv('NVIDIA_TF32_OVERRIDE', 'as before')
    return opened


@pytest.mark.parametrize(
    'change',
    [
        {'graph': '4567'},
        {'size': '2 of 640x480'},
        {'precision': 'fp32'},
        {'gpu': Gpu('NVIDIA H100', '9.0')},
        {'gpu': Gpu('NVIDIA H200', '9.1')},
        {'tensorrt': '10.14.0'},
        {'onnxruntime': '1.32.0'},
    ],
)
def test_an_engine_is_another_when_anything_changes(change) -> None:
    assert dataclasses.replace(KEY, **change).folder_name != KEY.folder_name


def test_an_engine_is_the_same_when_nothing_changes() -> None:
    assert dataclasses.replace(KEY).folder_name == KEY.folder_name


def test_the_key_says_all_that_the_engine_was_made_of(here, tmp_path) -> None:
    backend = TensorRtBackend(0, half=True, root=tmp_path)
    key = backend.key(b'a graph', '4 of 640x480')
    assert key == EngineKey(key.graph, '4 of 640x480', 'fp16', H200, '10.13.0', '1.31.1')
    assert key.graph != backend.key(b'another graph', '4 of 640x480').graph


def test_the_network_runs_on_tensorrt_and_the_rest_on_cuda(here, tmp_path) -> None:
    backend = TensorRtBackend(1, half=True, root=tmp_path)
    backend.open(b'a graph', '640x480')
    (placement,) = here
    assert (placement.device, placement.device_id, placement.strict) == ('cuda', 1, True)
    (first, of_engine), (second, of_rest) = placement.providers
    assert (first, second) == ('TensorrtExecutionProvider', 'CUDAExecutionProvider')
    assert of_engine['trt_fp16_enable'] == '1'
    assert 'Resize' in of_engine['trt_op_types_to_exclude']
    assert (of_rest['device_id'], of_rest['enable_cuda_graph']) == ('1', '0')
    assert backend.reason == 'TensorRT 10.13.0 on NVIDIA H200 has run the network in fp16'


def test_an_engine_is_kept_with_a_note_of_its_key(here, tmp_path) -> None:
    backend = TensorRtBackend(0, half=True, root=tmp_path)
    backend.open(b'a graph', '640x480')
    key = backend.key(b'a graph', '640x480')
    assert here[0].providers[0][1]['trt_engine_cache_path'] == str(tmp_path / key.folder_name)
    note = json.loads((tmp_path / key.folder_name / 'engine.json').read_text())
    assert note == dataclasses.asdict(key)


def test_building_is_announced_once(here, tmp_path, caplog) -> None:
    backend = TensorRtBackend(0, half=True, root=tmp_path)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            backend.open(b'a graph', '640x480')
    assert caplog.messages == ['building a TensorRT engine for pictures of 640x480; that takes minutes, once']


def test_a_failed_build_leaves_no_note_and_says_why(here, tmp_path, monkeypatch) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError('no tactic\nmore lines')

    monkeypatch.setattr(tensorrt, 'FrameSession', fail)
    with pytest.raises(ProviderError, match='TensorRT failed on pictures of 640x480: no tactic$'):
        TensorRtBackend(0, half=True, root=tmp_path).open(b'a graph', '640x480')
    assert list(tmp_path.glob('*/engine.json')) == []


def test_a_folder_that_cannot_be_made_is_an_error_that_says_so(here, tmp_path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(ProviderError, match='TensorRT cannot keep its engines: .*file'):
        TensorRtBackend(0, half=True, root=tmp_path / 'file').open(b'a graph', '640x480')


def test_an_old_onnx_runtime_is_refused_since_its_labels_would_be_in_fp16(here, monkeypatch) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', '1.20.2')
    with pytest.raises(ProviderError, match='TensorRT needs ONNX Runtime 1.21 or newer, 1.20.2 is installed'):
        TensorRtBackend(0, half=True, root=Path('x'))


@pytest.mark.parametrize(('half', 'expected'), [(True, None), (False, '0')])
def test_fp32_is_not_tensor_float_32(here, monkeypatch, half, expected) -> None:
    monkeypatch.delenv('NVIDIA_TF32_OVERRIDE')
    TensorRtBackend(0, half=half, root=Path('x'))
    assert os.environ.get('NVIDIA_TF32_OVERRIDE') == expected


def test_what_the_user_says_about_tensor_float_32_stands(here, monkeypatch) -> None:
    monkeypatch.setenv('NVIDIA_TF32_OVERRIDE', '1')
    TensorRtBackend(0, half=False, root=Path('x'))
    assert os.environ['NVIDIA_TF32_OVERRIDE'] == '1'


class FakeLibrary:
    def getInferLibVersion(self) -> int:
        return 101302


def test_the_version_of_the_library_is_read(monkeypatch) -> None:
    monkeypatch.setattr(ctypes, 'CDLL', lambda _name, _mode: FakeLibrary())
    assert library_version() == '10.13.2'


def test_a_library_that_is_missing_is_named(monkeypatch) -> None:
    def load(_name: str, _mode: int) -> None:
        raise OSError('libnvinfer.so.10: cannot open shared object file')

    monkeypatch.setattr(ctypes, 'CDLL', load)
    with pytest.raises(ProviderError) as caught:
        library_version()
    assert str(caught.value) == (
        'TensorRT cannot be loaded: libnvinfer.so.10: cannot open shared object file; '
        'install TensorRT of the version that this names'
    )
