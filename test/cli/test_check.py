# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix check`."""

from __future__ import annotations

import dataclasses
import logging

import gpu_on_cpu
import numpy as np
import onnxruntime
import pytest
from gpu_on_cpu import HostBackend, HostDevice

from bodypix_ros.cli import check
from bodypix_ros.cli.main import main
from bodypix_ros.inference import cuda_provider
from bodypix_ros.inference.cuda_kernels import LABEL
from bodypix_ros.inference.diagnosis import Finding

FINDINGS = [Finding('driver', 'not loaded', 'Install the NVIDIA driver.'), Finding('cuda-core', '1.2.2')]
QUICK = ['--internal-resolution', '97', '--size', '120x90', '--kernels', 'numpy']


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No long timing, and a machine without a driver."""
    monkeypatch.setattr(check, '_SECONDS', 0.0)
    monkeypatch.setattr(check, 'diagnose', lambda _device_id: FINDINGS)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose CUDA works."""
    monkeypatch.setattr(cuda_provider, 'CudaBackend', lambda _device_id, half: HostBackend(half))
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['CUDAExecutionProvider'])


def test_a_machine_without_a_gpu_is_told_what_is_missing(capsys) -> None:
    assert main(['check', *QUICK]) == 0
    out = capsys.readouterr().out
    assert 'driver        not loaded\n' in out
    assert 'provider      cpu: ONNX Runtime offers no CUDA here' in out
    assert '120x90        on the CPU; ' in out
    assert out.endswith('For a GPU:\n- Install the NVIDIA driver.\n')


def test_the_cpu_by_choice_needs_no_remedies_and_no_gpu(capsys) -> None:
    assert main(['check', *QUICK, '--provider', 'cpu']) == 0
    assert 'For a GPU' not in capsys.readouterr().out


def test_a_gpu_that_was_requested_and_does_not_run_fails(capsys) -> None:
    assert main(['check', *QUICK, '--provider', 'cuda']) == 1
    assert 'For a GPU' in capsys.readouterr().out
    assert main(['check', *QUICK, '--require-gpu']) == 1
    assert 'provider      none: require_gpu is true, but ONNX Runtime offers no CUDA' in capsys.readouterr().out


def test_a_gpu_is_compared_with_the_cpu_and_timed(gpu, capsys) -> None:
    assert main(['check', *QUICK, '--batch', '2']) == 0
    out = capsys.readouterr().out
    assert 'provider      cuda: CUDA on a CPU, verified against the CPU\n' in out
    assert '120x90        correct: ' in out
    assert ' of the parts match the CPU; ' in out
    assert 'For a GPU' not in out


def test_a_gpu_that_is_wrong_fails(gpu, capsys, monkeypatch) -> None:
    segment_batch = check.Segmenter.segment_batch

    def wrong(net: check.Segmenter, *given: object, **options: object) -> list:
        found = segment_batch(net, *given, **options)
        if net.provider == 'cpu':
            return found
        return [dataclasses.replace(one, mask=np.zeros_like(one.mask)) for one in found]

    monkeypatch.setattr(check.Segmenter, 'segment_batch', wrong)
    assert main(['check', *QUICK]) == 1
    assert '120x90        WRONG: ' in capsys.readouterr().out


def test_a_gpu_that_lacks_nothing_and_is_not_used_fails(gpu, capsys, monkeypatch) -> None:
    class BlindDevice(HostDevice):
        def launch(self, kernel: str, *given: object) -> None:
            if kernel != LABEL:
                super().launch(kernel, *given)

    monkeypatch.setattr(gpu_on_cpu, 'HostDevice', BlindDevice)
    monkeypatch.setattr(check, 'diagnose', lambda _device_id: FINDINGS[1:])
    assert main(['check', *QUICK]) == 1
    out = capsys.readouterr().out
    assert '\nThe GPU is not used: CUDA on a CPU disagrees with the CPU on ' in out
    assert '120x90        on the CPU; ' in out


def test_the_log_is_as_before_after_a_check(capsys) -> None:
    logger = logging.getLogger('bodypix_ros')
    main(['check', *QUICK, '--provider', 'cpu'])
    assert logger.level == logging.INFO


def test_a_batch_of_none_is_refused(capsys) -> None:
    with pytest.raises(SystemExit):
        main(['check', '--batch', '0'])
    assert 'argument --batch: batch must be at least 1, got 0' in capsys.readouterr().err
