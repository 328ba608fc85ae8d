# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node of the virtual camera: publishes the frames of a video source as sensor_msgs/Image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from ..errors import SettingError
from ..recordings.frames import MAX_RATE_HZ
from ..ros.image_msg import fill
from ..setting import Setting, Value
from .video_source import VideoSource

SOURCE = Setting('source', str, '', 'Picture, video file or video device to publish')
RATE_HZ = Setting(
    'rate_hz', float, 0.0, "Frames per second; 0 uses the source's own rate", minimum=0.0, maximum=MAX_RATE_HZ
)
FRAME_ID = Setting('frame_id', str, 'camera', 'Frame of the images')

_LOG_PERIOD_S = 10.0


class VirtualCamera(Node):
    """Publishes `image` from the picture, video file or device given by the parameter `source`."""

    def __init__(self, **options: Any) -> None:
        """Open the source and start publishing.

        Args:
            options: of rclpy's node.

        Raises:
            SettingError: a parameter has an invalid value.
            ImageError: the source cannot be read.
        """
        super().__init__('virtual_camera', **options)
        source = self._parameter(SOURCE)
        if not source:
            raise SettingError('source must be a picture, a video file or a video device, got an empty string')
        self._source = VideoSource(Path(source).expanduser())
        self._frames_bad = 0
        self._frame_id = self._parameter(FRAME_ID)
        self._message = Image()
        self._publisher = self.create_publisher(Image, 'image', QoSProfile(depth=5))
        self.create_timer(1 / (self._parameter(RATE_HZ) or self._source.rate_hz), self._publish)

    def _parameter(self, setting: Setting) -> Any:
        """Declare a read-only parameter and return its value; an integer is accepted where a double is declared."""
        descriptor = ParameterDescriptor(description=setting.description, read_only=True, dynamic_typing=True)
        value: Value = self.declare_parameter(setting.name, setting.default, descriptor).value
        return setting.check(value)

    def _publish(self) -> None:
        frame = self._source.read()
        if self._source.frames_bad > self._frames_bad:
            self._frames_bad = self._source.frames_bad
            self.get_logger().warning(
                f'skipped frames that cannot be decoded ({self._frames_bad} so far)',
                throttle_duration_sec=_LOG_PERIOD_S,
            )
        self._message.header.stamp = self.get_clock().now().to_msg()
        self._message.header.frame_id = self._frame_id
        fill(self._message, self._message.header, frame, 'bgr8')
        self._publisher.publish(self._message)
