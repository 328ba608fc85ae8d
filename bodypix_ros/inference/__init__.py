# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts images to labels: geometry, execution providers, decoding. Does not depend on ROS."""
