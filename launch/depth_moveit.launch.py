# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start depth_filter for MoveIt's depth image octomap updater, which is configured by config/moveit_sensors_3d.yaml.

**MoveIt then plans as if people were not present: an arm that people can reach must stop for them by other means, which
receive unfiltered data.**

The updater expects camera_info in the same namespace as its images: they are `depth_no_people/image` and
`depth_no_people/camera_info` here. The mask comes from bodypix.launch.py.
"""

from __future__ import annotations

from launch import LaunchDescription

from bodypix_ros.launching.depth import recipe_description
from bodypix_ros.setting import Setting

OPTIONS = [Setting('depth_output', str, 'depth_no_people/image', 'Topic of the depth images without people')]


def generate_launch_description() -> LaunchDescription:
    return recipe_description(__file__, OPTIONS)
