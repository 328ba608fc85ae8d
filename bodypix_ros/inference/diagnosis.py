# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Examines the requirements of a GPU on this machine: what was found, and what to install."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from ..errors import ProviderError
from ..onnx_runtime import onnxruntime
from .cuda_device import CudaDevice
from .cuda_provider import NAME, load_device, missing_library
from .providers import installed_runtime

DRIVER_BANNER = Path('/proc/driver/nvidia/version')
_PACKAGE = "pip install 'onnxruntime-gpu[cuda,cudnn]' cuda-core cuda-bindings"


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
        subject: one or two words: 'driver'.
        text: what was found.
        remedy: what to do, as a sentence; empty if nothing is missing.
    """

    subject: str
    text: str
    remedy: str = ''


def diagnose(device_id: int) -> list[Finding]:
    """Check all requirements of the CUDA provider, starting with the driver.

    Args:
        device_id: index of the GPU.
    """
    runtime, driver, core, gpu, provider = _runtime(), _driver(), _cuda_core(), _gpu(device_id), _provider()
    if driver.remedy or core.remedy:
        gpu = gpu._replace(remedy='')  # the device fails because these are missing
    if runtime.remedy:
        provider = provider._replace(remedy='')  # part of the other runtime
    return [runtime, driver, core, gpu, provider]


def _runtime() -> Finding:
    offered = ', '.join(name.removesuffix('ExecutionProvider') for name in onnxruntime.get_available_providers())
    text = f'{onnxruntime.__version__}, offers {offered}; {installed_runtime()}'
    if NAME in onnxruntime.get_available_providers():
        return Finding('ONNX Runtime', text)
    remedy = f'Replace onnxruntime with onnxruntime-gpu: pip uninstall onnxruntime, then {_PACKAGE}.'
    return Finding('ONNX Runtime', text, remedy)


def _driver() -> Finding:
    try:
        banner = DRIVER_BANNER.read_text(encoding='utf-8')
    except OSError:
        remedy = 'Install the NVIDIA driver; start a container with access to the GPU (--gpus all).'
        return Finding('driver', 'not loaded', remedy)
    version = re.search(r'Kernel Module.*?(\d+\.[\d.]+)', banner)
    return Finding('driver', f'NVIDIA {version[1] if version else banner.splitlines()[0]}')


def _cuda_core() -> Finding:
    try:
        return Finding('cuda-core', metadata.version('cuda-core'))
    except metadata.PackageNotFoundError:
        return Finding('cuda-core', 'not installed', f'Install cuda-core and NVRTC: {_PACKAGE}.')


def _gpu(device_id: int) -> Finding:
    """Open the device, which compiles the kernels."""
    try:
        device: CudaDevice = load_device(device_id)
    except ProviderError as error:
        return Finding(f'GPU {device_id}', str(error), f'{str(error)[0].upper()}{str(error)[1:]}.')
    return Finding(
        f'GPU {device_id}', f'{device.name}, compute capability {device.compute_capability}; the kernels compile'
    )


def _provider() -> Finding:
    missing = missing_library('cuda')
    if not missing:
        return Finding('CUDA provider', 'its libraries load')
    return Finding('CUDA provider', missing, f'Install what the CUDA provider lacks: {missing}.')
