# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Poses and instances: which keypoints and which pixels belong to which person."""
