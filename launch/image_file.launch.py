# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publish a picture or a video file with the package image_publisher and start the node on its images."""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration

from bodypix_ros.errors import SettingError
from bodypix_ros.launching.driver import Driver, DriverArgument, driver_with_bodypix

IMAGE_PUBLISHER = Driver(
    package='image_publisher',
    executable='image_publisher_node',
    arguments=(
        DriverArgument('filename', str, None, 'Picture or video file, number of a camera, or URL of a stream'),
        DriverArgument('publish_rate', float, '10.0', 'Images per second'),
        DriverArgument('frame_id', str, 'camera', 'Frame of the images'),
        DriverArgument('camera_info_url', str, '', 'Calibration of the camera, file:// or package://'),
    ),
)


def generate_launch_description() -> LaunchDescription:
    return driver_with_bodypix(__file__, IMAGE_PUBLISHER, OpaqueFunction(function=find_file))


def find_file(context: LaunchContext) -> list[SetLaunchConfiguration]:
    """Check that the file exists: image_publisher would run without publishing anything."""
    filename = LaunchConfiguration('filename').perform(context)
    if filename.isdecimal() or '://' in filename:
        return []
    file = Path(filename).expanduser().absolute()
    if not file.is_file():
        raise SettingError(
            f'filename must be a picture, a video, the number of a camera or a URL; {file} does not exist'
        )
    return [SetLaunchConfiguration('filename', str(file))]
