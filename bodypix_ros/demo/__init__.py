# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The processes of `bodypix demo` and `bodypix bench --node`: a virtual camera, and a node that collects results."""
