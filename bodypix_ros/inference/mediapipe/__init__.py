# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs MediaPipe's networks: selfie segmentation and BlazePose."""
