# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TensorRT: what it needs, what it is told, and when an engine is the same."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import logging
import os
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from gpu_on_cpu import HostStream

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import cuda_provider, tensorrt_provider
from bodypix_ros.inference.cuda_network import Placement, PlacementOn
from bodypix_ros.inference.tensorrt_provider import EngineKey, TensorRtBackend, library_version

H200 = 'NVIDIA H200, compute capability 9.0'
KEY = EngineKey('0123', '640x480', 'fp16', H200, '10.13.0', '1.31.1')


class FakeDevice:
    name, compute_capability = 'NVIDIA H200', '9.0'

    def __init__(self, index: int) -> None:
        self.index = index


class Sessions:
    """Opens sessions and keeps their placements."""

    def __init__(self) -> None:
        self.placements: list[Placement] = []

    def __call__(self, place: PlacementOn) -> Any:
        self.placements.append(place(HostStream()))
        return 'a session'


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Sessions:
    """A machine with TensorRT; what opens sessions on it."""
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    monkeypatch.setattr(tensorrt_provider, 'library_version', lambda: '10.13.0')
    monkeypatch.setattr(cuda_provider, 'load_device', FakeDevice)
    monkeypatch.setenv('NVIDIA_TF32_OVERRIDE', 'as before')
    return Sessions()


@pytest.mark.parametrize(
    'change',
    [
        {'model': '4567'},
        {'size': '2 of 640x480'},
        {'precision': 'fp32'},
        {'gpu': 'NVIDIA H100, compute capability 9.0'},
        {'gpu': 'NVIDIA H200, compute capability 9.1'},
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
    key = backend.key(b'a model', '4 of 640x480')
    assert key == EngineKey(key.model, '4 of 640x480', 'fp16', H200, '10.13.0', '1.31.1')
    assert key.model != backend.key(b'another model', '4 of 640x480').model


def test_the_network_runs_on_tensorrt_and_what_it_cannot_run_on_cuda(here, tmp_path) -> None:
    backend = TensorRtBackend(1, half=True, root=tmp_path)
    assert backend.open(b'a model', 1, '640x480', here) == 'a session'
    (placement,) = here.placements
    assert (placement.strict, placement.record) == (True, False)
    (first, of_engine), (second, of_rest) = placement.providers
    assert (first, second) == ('TensorrtExecutionProvider', 'CUDAExecutionProvider')
    assert (of_engine['trt_fp16_enable'], of_engine['user_compute_stream']) == ('1', '0')
    assert of_rest['device_id'] == '1'
    assert backend.title == 'TensorRT 10.13.0 on device 1 (NVIDIA H200), fp16'


def test_an_engine_is_kept_with_a_note_of_its_key(here, tmp_path) -> None:
    backend = TensorRtBackend(0, half=True, root=tmp_path)
    backend.open(b'a model', 1, '640x480', here)
    key = backend.key(b'a model', '640x480')
    assert here.placements[0].providers[0][1]['trt_engine_cache_path'] == str(tmp_path / key.folder_name)
    note = json.loads((tmp_path / key.folder_name / 'engine.json').read_text())
    assert note == dataclasses.asdict(key)


def test_building_is_announced_once(here, tmp_path, caplog) -> None:
    backend = TensorRtBackend(0, half=True, root=tmp_path)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            backend.open(b'a model', 1, '640x480', here)
    assert caplog.messages == ['building a TensorRT engine for images of 640x480; this takes minutes, but only once']


def test_a_failed_build_leaves_no_note_and_says_why(here, tmp_path, monkeypatch) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError('no tactic\nmore lines')

    with pytest.raises(ProviderError, match='TensorRT failed on images of 640x480: no tactic$'):
        TensorRtBackend(0, half=True, root=tmp_path).open(b'a model', 1, '640x480', fail)
    assert list(tmp_path.glob('*/engine.json')) == []


def test_a_folder_that_cannot_be_made_is_an_error_that_says_so(here, tmp_path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(ProviderError, match='TensorRT cannot store its engines: .*file'):
        TensorRtBackend(0, half=True, root=tmp_path / 'file').open(b'a model', 1, '640x480', here)


def test_an_old_onnx_runtime_is_refused(here, monkeypatch) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', '1.20.2')
    with pytest.raises(ProviderError, match='TensorRT requires ONNX Runtime 1.21 or newer, 1.20.2 is installed'):
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
        'install the TensorRT version in this file name'
    )
