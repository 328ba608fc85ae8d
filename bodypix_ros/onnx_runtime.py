"""ONNX Runtime with its telemetry switched off.

Every other module imports it from here: `from ..onnx_runtime import onnxruntime`. The official Linux builds from 1.29 on
look up a Microsoft host whenever the library is loaded, upload details of the model and write a device id into the
user's cache folder. The variable must be set before the library is loaded; it is also inherited by child processes.

Source: "Disabling Telemetry" in the Privacy.md that ONNX Runtime 1.32 installs; 1.29 to 1.32 were checked.
"""

from __future__ import annotations

import os

os.environ['ORT_DISABLE_TELEMETRY'] = '1'

import onnxruntime  # noqa: E402  # only after the variable is set

__all__ = ['onnxruntime']
