# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node on the images of several cameras: those of config/multi_camera.yaml, or `cameras:=[left, right]`.

The driver of each camera is expected to publish `<camera>/image_raw`; the argument `image` names other topics.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription

from bodypix_ros.launching.arguments import warn_unknown
from bodypix_ros.launching.share import launch_file, share


def generate_launch_description() -> LaunchDescription:
    actions = [
        DeclareLaunchArgument(
            'image',
            default_value='image_raw',
            description='Topic of the images, relative to the name of each camera, '
            'or a list of one topic per camera in their order',
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value=str(share('config', 'multi_camera.yaml')),
            description='YAML parameter file with the names of the cameras; launch arguments override it',
        ),
        DeclareLaunchArgument(
            'rviz_config', default_value=str(share('config', 'multi_camera.rviz')), description='Layout of RViz'
        ),
        IncludeLaunchDescription(launch_file('bodypix.launch.py')),
    ]
    return warn_unknown(LaunchDescription([GroupAction(actions)]), __file__)
