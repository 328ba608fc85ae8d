# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime with its telemetry switched off.

All other modules import it from here: `from ..onnx_runtime import onnxruntime`. Official Linux builds since 1.29 send
events to a Microsoft host and write a device id into the user's cache folder as soon as the library is loaded, so the
variable must be set before that. Child processes inherit it.

Source: "Disabling Telemetry" in the Privacy.md of the onnxruntime wheels 1.29.0 and 1.32.0.
"""

from __future__ import annotations

import os

os.environ['ORT_DISABLE_TELEMETRY'] = '1'

import onnxruntime

__all__ = ['onnxruntime']
