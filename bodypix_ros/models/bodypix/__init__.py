# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Google's BodyPix: converts TensorFlow.js weights to ONNX networks."""
