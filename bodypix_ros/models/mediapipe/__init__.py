# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's networks: finds their .tflite files and builds ONNX from them."""
