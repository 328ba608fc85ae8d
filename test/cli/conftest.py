# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain for the tests of `bodypix demo`."""

from __future__ import annotations

from ros_domain import domain

__all__ = ['domain']
