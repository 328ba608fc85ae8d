# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start depth_filter and RTAB-Map, which maps the scene without people and without features on people.

**The map contains no people. collision_monitor, and anything else that must stop for people, must receive the
unfiltered depth or cloud.**

The depth images must be registered to the colour images. The mask comes from bodypix.launch.py.
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
    Setting('image', str, 'image', 'Topic of the colour images'),
    Setting('frame_id', str, 'camera_link', 'Frame of the robot, or of a camera in the hand'),
]


def generate_launch_description() -> LaunchDescription:
    return recipe_description(__file__, OPTIONS, start_rtabmap)


def start_rtabmap(_: LaunchContext, options: dict[str, Any], given: Mapping[str, str]) -> list[Action]:
    """Return RTAB-Map's odometry and mapping on the colour images and the depth images without people."""
    share(package='rtabmap_slam')
    share(package='rtabmap_odom')
    sim_time = given_parameters([USE_SIM_TIME], given)
    parameters = {
        'frame_id': options['frame_id'],
        'subscribe_depth': True,
        'approx_sync': True,
        # Depth without people arrives up to max_wait_s later than the colour image of the same stamp. The default of
        # rgbd_odometry is 5 images, 0.17 s at 30 Hz.
        'sync_queue_size': 30,
        # Features are extracted only where there is depth: none on people.
        'Vis/DepthAsMask': 'true',
        'Mem/DepthAsMask': 'true',
    }
    common: dict[str, Any] = {
        'namespace': options['namespace'],
        'remappings': [
            ('rgb/image', options['image']),
            ('rgb/camera_info', options['camera_info']),
            ('depth/image', options['depth_output']),
        ],
        'output': 'screen',
    }
    return [
        Node(
            package='rtabmap_odom',
            executable='rgbd_odometry',
            name='rgbd_odometry',
            parameters=[parameters, sim_time],
            **common,
        ),
        Node(
            package='rtabmap_slam',
            executable='rtabmap',
            name='rtabmap',
            parameters=[{**parameters, 'subscribe_odom_info': True}, sim_time],
            **common,
        ),
    ]
