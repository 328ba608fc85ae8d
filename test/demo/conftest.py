# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain and a robot for the tests of the virtual camera and the demo."""

from __future__ import annotations

from ros_domain import domain, robot

__all__ = ['domain', 'robot']
