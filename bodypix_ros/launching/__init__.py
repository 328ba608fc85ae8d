# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Code shared by the launch files, which cannot import each other. Only this package imports launch."""
