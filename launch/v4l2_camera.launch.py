# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start a Video4Linux camera with the package v4l2_camera and the node on its images."""

from __future__ import annotations

from launch import LaunchDescription

from bodypix_ros.launching.driver import Driver, DriverArgument, driver_with_bodypix

V4L2_CAMERA = Driver(
    package='v4l2_camera',
    executable='v4l2_camera_node',
    arguments=(
        DriverArgument('video_device', str, '/dev/video0', 'Device of the camera'),
        DriverArgument('image_size', list[int], '[640, 480]', 'Width and height of the images, pixels'),
        DriverArgument('pixel_format', str, 'YUYV', 'FourCC of the pixel format of the camera'),
        DriverArgument('output_encoding', str, 'rgb8', 'Encoding of the images'),
        DriverArgument('camera_frame_id', str, 'camera', 'Frame of the images'),
        DriverArgument('camera_info_url', str, '', 'Calibration of the camera, file:// or package://'),
    ),
)


def generate_launch_description() -> LaunchDescription:
    return driver_with_bodypix(__file__, V4L2_CAMERA)
