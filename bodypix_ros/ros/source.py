"""The images of one camera as they come in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from ..encodings import to_bgr
from . import image_msg
from .events import subscription_events
from .frame import Frame
from .image_msg import BadImage
from .qos import Offer, input_profile, offers_of, wants_reliable

Picture = NDArray[np.uint8]


class ImageSource:
    """Subscribes to the images of a camera, as reliably as they are offered, and checks each.

    Attributes:
        topic: full name, remapped as it may be.
        kind: what the topic should carry.
        reliable: what the subscription asks for.
        last_s: when the newest image came, or the subscription was opened, by `time.monotonic`.
        received: whether an image came since then.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        compressed: bool,
        on_frame: Callable[[Frame], None],
        on_bad: Callable[[BadImage], None],
    ) -> None:
        """Prepare; nothing is subscribed to before `follow`.

        Args:
            node: on which the subscription stands.
            name: of the image topic, relative to the node's namespace.
            compressed: images come as CompressedImage, on the topic that image_transport derives from the name.
            on_frame: called with each image that was received and checked.
            on_bad: called with what is wrong with each other.
        """
        self._node, self._on_frame, self._on_bad = node, on_frame, on_bad
        self.topic: str = node.resolve_topic_name(name) + ('/compressed' if compressed else '')
        self.kind: type = CompressedImage if compressed else Image
        self.reliable = False
        self.received = False
        self.last_s = 0.0
        self._qos = ''
        self._size: tuple[int, int] | None = None
        self._subscription: Subscription | None = None

    @property
    def is_open(self) -> bool:
        """Whether images are being received."""
        return self._subscription is not None

    def offers(self) -> list[Offer]:
        """Return what the publishers of the topic offer."""
        return offers_of(self._node, self.topic)

    def follow(self, qos: str) -> None:
        """Be subscribed, and as reliably as the publishers allow now; `qos` is the setting."""
        self._qos = qos
        reliable = wants_reliable(qos, self.offers())
        if self._subscription is not None and reliable == self.reliable:
            return
        newly = self._subscription is None
        self.close()
        self.reliable = reliable
        if newly:
            self.last_s, self.received = time.monotonic(), False
        self._subscription = self._node.create_subscription(
            self.kind,
            self.topic,
            self._receive,
            input_profile(reliable),
            event_callbacks=subscription_events(self._on_publishers),
        )

    def close(self) -> None:
        """Receive no more."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_publishers(self) -> None:
        if self._subscription is not None:
            self.follow(self._qos)

    def _receive(self, message: Any) -> None:
        arrived_s = time.monotonic()
        self.last_s, self.received = arrived_s, True
        try:
            read = self._reader(message)
        except BadImage as error:
            self._on_bad(error)
            return
        receive_ms = (time.monotonic() - arrived_s) * 1e3
        self._on_frame(Frame(message.header, self._size, read, len(message.data), arrived_s, receive_ms))

    def _reader(self, message: Any) -> Callable[[], Picture]:
        """Check a message as far as is cheap, and return what converts it."""
        if self.kind is CompressedImage:
            return lambda: self._decompress(message)
        pixels, encoding = image_msg.view_pixels(message)
        self._size = message.height, message.width
        return lambda: to_bgr(pixels, encoding)

    def _decompress(self, message: CompressedImage) -> Picture:
        picture = image_msg.decompress(message)
        self._size = picture.shape[0], picture.shape[1]
        return picture
