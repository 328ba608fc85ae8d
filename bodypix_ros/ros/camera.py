"""One camera: its subscription, and the topics on which its results go out."""

from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from ..encodings import to_bgr
from . import image_msg
from .events import subscription_events
from .frame import Frame
from .image_msg import BadImage
from .outputs import IMAGE_OUTPUTS, Result
from .parameters import Parameters
from .publisher import ImagePublisher
from .qos import input_profile, wants_reliable
from .schedule import Schedule
from .stats import Tally


class Camera:
    """Files the newest frame of one camera and publishes what is made of it.

    Everything but `publish` and `count_bad` belongs to the executor's thread.
    """

    def __init__(self, node: Node, name: str, schedule: Schedule[Frame], parameters: Parameters) -> None:
        """Open the topics of the outputs.

        Args:
            node: on which everything stands.
            name: of the camera, before its topics; empty for none.
            schedule: where frames are filed.
            parameters: of the node.
        """
        self.name = name
        self.tally = Tally(name)
        self.parameters = parameters
        self._node, self._schedule = node, schedule
        self._prefix = f'{name}/' if name else ''
        self._subscription: Subscription | None = None
        self._reliable = False
        self._reported: set[str] = set()
        self._size: tuple[int, int] | None = None
        self._publishers = [
            ImagePublisher(node, self._prefix + output.topic, output, self.follow) for output in IMAGE_OUTPUTS
        ]
        self._listening = False

    @property
    def topic(self) -> str:
        """Full name of the image topic, remapped as it may be."""
        base: str = self._node.resolve_topic_name(f'{self._prefix}image')
        return base if self.parameters.node.image_transport == 'raw' else f'{base}/compressed'

    def open(self) -> None:
        """Begin to receive images, as soon as somebody listens."""
        self._listening = True
        self.follow()

    def close(self) -> None:
        """Receive no more images."""
        self._listening = False
        self.follow()
        self._schedule.clear(self.name)

    def destroy(self) -> None:
        """Close all topics. No other thread may publish any more."""
        self.close()
        for publisher in self._publishers:
            publisher.destroy()
        self._publishers.clear()

    def wanted(self) -> list[ImagePublisher]:
        """Return the outputs that are to be made of the next frame."""
        lazy = self.parameters.node.lazy
        return [publisher for publisher in self._publishers if not lazy or publisher.has_subscribers]

    def follow(self) -> None:
        """Open, close or reopen the subscription, as subscribers and publishers come, go and change."""
        if not (self._listening and self.wanted()):
            self._unsubscribe()
            return
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        reliable = wants_reliable(self.parameters.node.qos, publishers)
        if self._subscription is None or reliable != self._reliable:
            self._unsubscribe()
            self._subscribe(reliable)

    def publish(self, frame: Frame, result: Result, wanted: list[ImagePublisher]) -> None:
        """Publish the wanted outputs of one frame; called by the worker's thread."""
        for publisher in wanted:
            publisher.publish(frame.header, result)

    def count_bad(self, error: BadImage) -> None:
        """Count a frame that cannot be read, and say so once for each kind of defect."""
        self.tally.count(frames_bad=1)
        if error.kind not in self._reported:
            self._reported.add(error.kind)
            bad = self.tally.counts.frames_bad
            self._node.get_logger().warning(f'{self.topic}: {error}; frame dropped ({bad} so far)')

    def _subscribe(self, reliable: bool) -> None:
        raw = self.parameters.node.image_transport == 'raw'
        self._reliable = reliable
        self._subscription = self._node.create_subscription(
            Image if raw else CompressedImage,
            self.topic,
            self._file,
            input_profile(reliable),
            event_callbacks=subscription_events(self.follow, lambda _: self.follow()),
        )

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _file(self, message: Any) -> None:
        arrived_s = time.monotonic()
        self.tally.count(frames_in=1)
        try:
            read = self._reader(message)
        except BadImage as error:
            self.count_bad(error)
            return
        receive_ms = (time.monotonic() - arrived_s) * 1e3
        frame = Frame(self, message.header, self._size, read, arrived_s, receive_ms)
        if self._schedule.file(self.name, frame):
            self.tally.count(frames_dropped=1)

    def _reader(self, message: Any) -> Any:
        """Check a message as far as is cheap and return what converts it."""
        if isinstance(message, CompressedImage):
            return lambda: self._decompress(message)
        pixels, encoding = image_msg.view_pixels(message)
        self._size = message.height, message.width
        return lambda: to_bgr(pixels, encoding)

    def _decompress(self, message: CompressedImage) -> Any:
        picture = image_msg.decompress(message)
        self._size = picture.shape[0], picture.shape[1]
        return picture

    @property
    def reliability(self) -> QoSReliabilityPolicy:
        """What the subscription asks for."""
        return QoSReliabilityPolicy.RELIABLE if self._reliable else QoSReliabilityPolicy.BEST_EFFORT
