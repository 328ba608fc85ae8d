# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start a RealSense camera with the package realsense2_camera and the node on its colour images.

Arguments of realsense2_camera's own rs_launch.py are forwarded to it: `rgb_camera.color_profile:=640x480x30`.
"""

from __future__ import annotations

from launch import Action, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from bodypix_ros.launching.arguments import warn_unknown
from bodypix_ros.launching.driver import camera_with_bodypix
from bodypix_ros.launching.share import launch_file


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument('camera_namespace', default_value='camera', description='Namespace of the camera'),
        DeclareLaunchArgument('camera_name', default_value='camera', description='Name of the camera'),
    ]
    image = [LaunchConfiguration('camera_namespace'), '/', LaunchConfiguration('camera_name'), '/color/image_raw']
    description = camera_with_bodypix(arguments, OpaqueFunction(function=start_camera), image)
    return warn_unknown(description, __file__, forwards=True)


def start_camera(*_: object) -> list[Action]:
    """Return the action that includes the camera's own launch file."""
    return [IncludeLaunchDescription(launch_file('rs_launch.py', package='realsense2_camera'))]
