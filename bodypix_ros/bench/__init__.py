# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long each stage of a frame takes on this machine."""
