# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network of this package, bodypix_ros: EfficientNet-Lite0 with a light decoder to stride 4."""
