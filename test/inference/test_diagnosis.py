# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a GPU needs on a machine."""

from __future__ import annotations

from importlib import metadata

import onnxruntime
import pytest

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import diagnosis
from bodypix_ros.inference.diagnosis import Finding, diagnose


class FakeDevice:
    name, compute_capability = 'NVIDIA H200', '9.0'


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """A machine on which nothing is missing."""
    banner = tmp_path / 'version'
    banner.write_text('NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build\nGCC 12\n')
    monkeypatch.setattr(diagnosis, 'DRIVER_BANNER', banner)
    monkeypatch.setattr(diagnosis, 'load_device', lambda _device_id: FakeDevice())
    monkeypatch.setattr(diagnosis, 'missing_library', lambda _provider: '')
    monkeypatch.setattr(metadata, 'version', lambda _package: '1.2.2')
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    monkeypatch.setattr(
        onnxruntime, 'get_available_providers', lambda: ['CUDAExecutionProvider', 'CPUExecutionProvider']
    )


def _by_subject(device_id: int = 0) -> dict[str, Finding]:
    return {finding.subject: finding for finding in diagnose(device_id)}


def test_a_machine_that_lacks_nothing_is_described_without_remedies(complete) -> None:
    found = _by_subject(1)
    assert all(finding.remedy == '' for finding in found.values())
    assert found['driver'].text == 'NVIDIA 580.159.04'
    assert found['GPU 1'].text == 'NVIDIA H200, compute capability 9.0; the kernels compile'
    assert found['cuda-core'].text == '1.2.2'
    assert found['ONNX Runtime'].text.startswith('1.31.1, offers CUDA, CPU; ')


def test_a_missing_driver_is_named_with_its_remedy(complete, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(diagnosis, 'DRIVER_BANNER', tmp_path / 'absent')
    found = _by_subject()
    assert found['driver'].text == 'not loaded'
    assert '--gpus all' in found['driver'].remedy


def test_the_runtime_for_cpus_is_to_be_replaced(complete, monkeypatch) -> None:
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['CPUExecutionProvider'])
    assert _by_subject()['ONNX Runtime'].remedy == (
        'Replace onnxruntime with onnxruntime-gpu: pip uninstall onnxruntime, then '
        "pip install 'onnxruntime-gpu[cuda,cudnn]' cuda-core cuda-bindings."
    )


def test_a_missing_cuda_core_is_to_be_installed(complete, monkeypatch) -> None:
    def refuse(package: str) -> str:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, 'version', refuse)
    assert _by_subject()['cuda-core'] == Finding(
        'cuda-core',
        'not installed',
        "Install cuda-core and NVRTC: pip install 'onnxruntime-gpu[cuda,cudnn]' cuda-core cuda-bindings.",
    )


def test_a_device_that_cannot_be_used_and_a_missing_library_are_remedies_of_their_own(complete, monkeypatch) -> None:
    def refuse(_device_id: int) -> None:
        raise ProviderError('failed to compile the kernels for sm_90: no NVRTC')

    monkeypatch.setattr(diagnosis, 'load_device', refuse)
    monkeypatch.setattr(diagnosis, 'missing_library', lambda _provider: 'libcudnn.so.9 is missing; pip installs it')
    found = _by_subject()
    assert found['GPU 0'].remedy == 'Failed to compile the kernels for sm_90: no NVRTC.'
    assert (
        found['CUDA provider'].remedy
        == 'Install what the CUDA provider lacks: libcudnn.so.9 is missing; pip installs it.'
    )


def test_what_follows_from_something_missing_needs_no_remedy_of_its_own(complete, monkeypatch, tmp_path) -> None:
    def refuse(_device_id: int) -> None:
        raise ProviderError('no NVIDIA driver is installed: libcuda.so.1 is missing')

    monkeypatch.setattr(diagnosis, 'DRIVER_BANNER', tmp_path / 'absent')
    monkeypatch.setattr(diagnosis, 'load_device', refuse)
    monkeypatch.setattr(diagnosis, 'missing_library', lambda _provider: 'no such file')
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['CPUExecutionProvider'])
    found = _by_subject()
    assert found['GPU 0'].text == 'no NVIDIA driver is installed: libcuda.so.1 is missing'
    assert [finding.subject for finding in found.values() if finding.remedy] == ['ONNX Runtime', 'driver']
