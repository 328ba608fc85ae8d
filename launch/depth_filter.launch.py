# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node that removes people from depth images and point clouds, and locates them.

**Depth without people is for maps. collision_monitor, and anything else that must stop for people, must receive the
unfiltered depth or cloud.**

The mask comes from the segmentation node: `ros2 launch bodypix_ros bodypix.launch.py`.
"""

from __future__ import annotations

from launch import LaunchDescription

from bodypix_ros.launching.depth import filter_description


def generate_launch_description() -> LaunchDescription:
    return filter_description(__file__)
