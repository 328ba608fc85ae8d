# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints and networks: the catalogue, the cache, and the conversion to ONNX."""
