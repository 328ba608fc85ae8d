# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""People in depth images and point clouds: removed, or located. Arrays in, arrays out."""
