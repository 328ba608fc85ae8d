# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CUDA: what a session is opened with, and what happens where something is missing."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import onnxruntime
import pytest
from gpu_on_cpu import HostStream

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import cuda_device, cuda_provider
from bodypix_ros.inference.cuda_network import Placement, PlacementOn
from bodypix_ros.inference.cuda_provider import CudaBackend, cuda_options, load_device, missing_library


class FakeDevice:
    name, index = 'NVIDIA H200', 3


class Sessions:
    """Opens sessions; refuses those that were recorded or launched, if it must."""

    def __init__(self, *, recorded: str = '', launched: str = '') -> None:
        self.troubles = {True: recorded, False: launched}
        self.placements: list[Placement] = []

    def __call__(self, placement: PlacementOn) -> Any:
        self.placements.append(placement(HostStream()))
        trouble = self.troubles[self.placements[-1].record]
        if trouble:
            raise RuntimeError(trouble)
        return 'a session'


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CudaBackend]:
    """Make a backend on a machine with a GPU."""
    monkeypatch.setattr(cuda_provider, 'load_device', lambda _device_id: FakeDevice())
    monkeypatch.setattr(cuda_provider, 'missing_library', lambda _provider: '')
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    return lambda half=True: CudaBackend(3, half=half)


def test_a_frame_is_recorded_and_nothing_of_it_runs_on_the_cpu(backend) -> None:
    sessions = Sessions()
    assert backend().open(b'', 1, '640x480', sessions) == 'a session'
    (placement,) = sessions.placements
    assert (placement.strict, placement.record) == (True, True)
    ((name, options),) = placement.providers
    assert name == 'CUDAExecutionProvider'
    assert (options['device_id'], options['user_compute_stream'], options['prefer_nhwc']) == ('3', '0', '1')


@pytest.mark.parametrize(('half', 'precision'), [(True, 'fp16'), (False, 'fp32')])
def test_the_title_names_device_and_precision(backend, half, precision) -> None:
    assert backend(half).title == f'CUDA device 3 (NVIDIA H200), {precision}'
    assert backend(half).half_graph is half


def test_a_frame_that_cannot_be_recorded_is_launched_kernel_by_kernel(backend, caplog) -> None:
    sessions = Sessions(recorded='nodes have not been partitioned\nmore lines')
    with caplog.at_level(logging.WARNING):
        assert backend().open(b'', 1, '640x480', sessions) == 'a session'
    assert [(placement.strict, placement.record) for placement in sessions.placements] == [(True, True), (False, False)]
    assert caplog.messages == [
        'CUDA cannot record images of 640x480 as a graph, so they take longer: nodes have not been partitioned'
    ]


def test_a_network_that_does_not_run_is_an_error_with_its_first_line(backend) -> None:
    sessions = Sessions(recorded='one', launched='CUDA failure 35: driver version is insufficient\nmore lines')
    with pytest.raises(ProviderError) as caught:
        backend().open(b'', 1, '640x480', sessions)
    assert str(caught.value) == 'CUDA failed on images of 640x480: CUDA failure 35: driver version is insufficient'


def test_a_library_that_is_missing_is_the_reason(backend, monkeypatch) -> None:
    monkeypatch.setattr(cuda_provider, 'missing_library', lambda _provider: 'libcudnn.so.9: cannot open; pip does')
    with pytest.raises(ProviderError, match='^CUDA cannot be loaded: libcudnn.so.9: cannot open; pip does$'):
        backend().open(b'', 1, '640x480', Sessions(recorded='x', launched='x'))


@pytest.mark.parametrize(
    ('version', 'absent'), [('1.31.1', set()), ('1.19.2', {'prefer_nhwc'}), ('1.17.0', {'prefer_nhwc', 'use_tf32'})]
)
def test_options_that_an_older_runtime_does_not_know_are_left_out(monkeypatch, version, absent) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', version)
    assert {'use_tf32', 'prefer_nhwc'} - cuda_options(0, HostStream(), 1, half=True).keys() == absent


def test_fp32_is_not_tensor_float_32_and_keeps_channels_first() -> None:
    options = cuda_options(0, HostStream(), 1, half=False)
    assert options.get('use_tf32', '0') == '0'
    assert options.get('prefer_nhwc', '0') == '0'


def test_one_picture_runs_by_the_advice_of_cudnn_and_batches_by_its_search() -> None:
    searches = [cuda_options(0, HostStream(), batch, half=True)['cudnn_conv_algo_search'] for batch in (1, 2, 8)]
    assert searches == ['HEURISTIC', 'EXHAUSTIVE', 'EXHAUSTIVE']


def test_without_a_driver_the_sentence_says_so(monkeypatch) -> None:
    def load(_name: str) -> None:
        raise OSError('libcuda.so.1: cannot open shared object file')

    monkeypatch.setattr(cuda_provider.ctypes, 'CDLL', load)
    with pytest.raises(ProviderError, match='^no NVIDIA driver is installed: libcuda.so.1 is missing$'):
        load_device(0)


def test_without_cuda_core_the_sentence_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'cuda', None)
    with pytest.raises(ProviderError) as caught:
        cuda_device.CudaDevice(0)
    assert str(caught.value).startswith('cuda-core is not installed (')
    assert str(caught.value).endswith('); run `pip install cuda-core cuda-bindings`')


def test_the_missing_library_of_a_provider_is_named_with_its_remedy() -> None:
    if 'CUDAExecutionProvider' in onnxruntime.get_available_providers():
        pytest.skip('says what is missing without CUDA')
    text = missing_library('cuda')
    assert 'libonnxruntime_providers_cuda.so: cannot open shared object file' in text
    assert text.endswith('pip install "onnxruntime-gpu[cuda,cudnn]" installs it')
