# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start a USB camera with the package usb_cam and the node on its images."""

from __future__ import annotations

from launch import LaunchDescription

from bodypix_ros.launching.driver import Driver, DriverArgument, driver_with_bodypix

USB_CAM = Driver(
    package='usb_cam',
    executable='usb_cam_node_exe',
    arguments=(
        DriverArgument('video_device', str, '/dev/video0', 'Device of the camera'),
        DriverArgument('image_width', int, '640', 'Width of the images, pixels'),
        DriverArgument('image_height', int, '480', 'Height of the images, pixels'),
        DriverArgument('framerate', float, '30.0', 'Images per second'),
        DriverArgument(
            'pixel_format', str, 'yuyv2rgb', 'Pixel format of the camera and its conversion: yuyv2rgb, mjpeg2rgb, …'
        ),
        DriverArgument('frame_id', str, 'camera', 'Frame of the images'),
        DriverArgument('camera_info_url', str, '', 'Calibration of the camera, file:// or package://'),
        DriverArgument('brightness', int, '-1', 'Brightness of the camera, 0 to 255; -1 leaves it unchanged'),
    ),
)


def generate_launch_description() -> LaunchDescription:
    return driver_with_bodypix(__file__, USB_CAM)
