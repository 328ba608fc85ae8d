# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start depth_filter for the costmaps of Nav2, which are configured by config/nav2_depth_layers.yaml.

**collision_monitor, the local costmap, and anything else that must stop for people, must receive the unfiltered
cloud.**
Only the global costmap and maps get the cloud without people.

The point clouds must be organised. The mask comes from bodypix.launch.py.
"""

from __future__ import annotations

from launch import LaunchDescription

from bodypix_ros.launching.depth import recipe_description


def generate_launch_description() -> LaunchDescription:
    return recipe_description(__file__)
