# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training of the `bodypix_ros` network from public photographs. Not installed with the package."""
