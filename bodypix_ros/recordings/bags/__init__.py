# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bags of ROS 1 and ROS 2: anonymised, or with added topics of masks, parts and people."""
