"""A camera where there is none: publishes a picture, a video file or a video device as sensor_msgs/Image."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from ..errors import BodyPixError, ImageError
from .image_msg import fill
from .transport import complete_environment

Frame = NDArray[np.uint8]
DEFAULT_RATE_HZ = 30.0


def open_source(path: str) -> tuple[Callable[[], Frame], float]:
    """Open a picture, a video file (which starts over at its end) or a device such as /dev/video0.

    Returns:
        A function that gives the next frame, (H, W, 3) uint8 BGR, and the source's own rate in Hz.

    Raises:
        ImageError: it cannot be read.
    """
    if not Path(path).exists():
        raise ImageError(f'{path} does not exist; expected a picture, a video file or a device such as /dev/video0')
    picture = None if Path(path).is_char_device() else cv2.imread(path)
    if picture is not None:
        return lambda: picture, DEFAULT_RATE_HZ
    video = cv2.VideoCapture(path)
    if not video.isOpened():
        raise ImageError(f'{path} is neither a picture nor a video that OpenCV can read')

    def next_frame() -> Frame:
        read, frame = video.read()
        if not read:
            video.set(cv2.CAP_PROP_POS_FRAMES, 0)
            read, frame = video.read()
        if not read:
            raise ImageError(f'{path} gives no more frames')
        return frame

    return next_frame, video.get(cv2.CAP_PROP_FPS) or DEFAULT_RATE_HZ


class VirtualCamera(Node):
    """Publishes `image` from the file or device that the parameter `source` names."""

    def __init__(self) -> None:
        super().__init__('virtual_camera')
        self._next_frame, own_rate_hz = open_source(self.declare_parameter('source', '').value)
        rate_hz = self.declare_parameter('rate_hz', 0.0).value or own_rate_hz
        self._frame_id = self.declare_parameter('frame_id', 'camera').value
        self._message = Image()
        self._publisher = self.create_publisher(Image, 'image', QoSProfile(depth=5))
        self.create_timer(1 / rate_hz, self._publish)

    def _publish(self) -> None:
        self._message.header.stamp = self.get_clock().now().to_msg()
        self._message.header.frame_id = self._frame_id
        fill(self._message, self._message.header, self._next_frame(), 'bgr8')
        self._publisher.publish(self._message)


def main(args: list[str] | None = None) -> int:
    """Run the executable `bodypix_camera`: `bodypix_camera --ros-args -p source:=street.mp4`."""
    complete_environment()
    # Ctrl-C in a launch can reach a process twice, so the handler is outermost and covers the shutdown too.
    try:
        rclpy.init(args=args)
        try:
            rclpy.spin(VirtualCamera())
        finally:
            rclpy.try_shutdown()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except BodyPixError as error:
        sys.exit(f'bodypix_camera: {error}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
