# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The installed ONNX Runtime package, and the error texts of libraries."""

from __future__ import annotations

from importlib import metadata

from ..onnx_runtime import onnxruntime


def installed_runtime() -> str:
    """Return which of the two ONNX Runtime packages is installed."""
    for package in ('onnxruntime-gpu', 'onnxruntime'):
        try:
            found = f'{package} {metadata.version(package)} is installed'
        except metadata.PackageNotFoundError:
            continue
        return found if package == 'onnxruntime-gpu' else f'{found}, onnxruntime-gpu is not'
    return f'ONNX Runtime {onnxruntime.__version__} was built without CUDA'


def first_line(error: Exception) -> str:
    """Return the first line of the text of an error, or its type if the text is empty."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
