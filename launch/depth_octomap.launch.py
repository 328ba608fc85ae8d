# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start depth_filter and octomap_server, which builds a map from point clouds without people.

**The map contains no people. collision_monitor, and anything else that must stop for people, must receive the
unfiltered depth or cloud.**

The point clouds must be organised. The mask comes from bodypix.launch.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch_ros.actions import Node

from bodypix_ros.launching.arguments import USE_SIM_TIME, given_parameters
from bodypix_ros.launching.depth import recipe_description
from bodypix_ros.launching.share import share
from bodypix_ros.setting import Setting

OPTIONS = [
    Setting('frame_id', str, 'map', 'Fixed frame of the map'),
    Setting('resolution', float, 0.05, 'Size of the cells, metres', minimum=0.001, maximum=10.0),
    Setting(
        'max_range', float, 5.0, 'Points that are farther away only clear cells, metres', minimum=0.1, maximum=100.0
    ),
]


def generate_launch_description() -> LaunchDescription:
    return recipe_description(__file__, OPTIONS, start_octomap)


def start_octomap(_: LaunchContext, options: dict[str, Any], given: Mapping[str, str]) -> list[Action]:
    """Return octomap_server on the point clouds without people."""
    share(package='octomap_server')
    return [
        Node(
            package='octomap_server',
            executable='octomap_server_node',
            name='octomap_server',
            namespace=options['namespace'],
            parameters=[
                {
                    'frame_id': options['frame_id'],
                    'resolution': options['resolution'],
                    'sensor_model.max_range': options['max_range'],
                },
                given_parameters([USE_SIM_TIME], given),
            ],
            remappings=[('cloud_in', options['points_output'])],
            output='screen',
        )
    ]
