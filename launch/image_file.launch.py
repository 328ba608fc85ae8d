"""Publish a picture or a video file with the package image_publisher, and start the node on it."""

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
        DriverArgument('filename', str, None, 'Picture or video file, number of a camera, or address of a stream'),
        DriverArgument('publish_rate', float, '10.0', 'Images a second'),
        DriverArgument('frame_id', str, 'camera', 'Frame of the images'),
        DriverArgument('camera_info_url', str, '', 'Calibration of the camera, file:// or package://'),
    ),
)


def generate_launch_description() -> LaunchDescription:
    return driver_with_bodypix(IMAGE_PUBLISHER, OpaqueFunction(function=find_file))


def find_file(context: LaunchContext) -> list[SetLaunchConfiguration]:
    """Check that the file is there: image_publisher would go on and publish nothing."""
    filename = LaunchConfiguration('filename').perform(context)
    if filename.isdecimal() or '://' in filename:
        return []
    file = Path(filename).expanduser().absolute()
    if not file.is_file():
        raise SettingError(
            f'filename must be a picture, a video, the number of a camera or an address; {file} is not there'
        )
    return [SetLaunchConfiguration('filename', str(file))]
