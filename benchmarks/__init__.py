# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares this package with other programs for person segmentation. Part of the repository, not installed."""
