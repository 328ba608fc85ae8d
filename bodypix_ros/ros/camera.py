# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One camera: the subscription to its images, and the topics of its results."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from .. import image_layout
from ..encodings import to_bgr
from ..errors import describe_error
from ..image_layout import BadImage
from .compat import subscription_events
from .history import FrameHistory
from .image_msg import convert_with_cv_bridge
from .outputs import OUTPUTS, Need, OutputPublisher
from .parameters import Parameters
from .qos import Offer, Request, choose_request, offers_of
from .stats import FrameStats

if TYPE_CHECKING:
    from .frame_queue import LatestFrameQueue

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """The outputs requested for the next frame, and what must be computed for them.

    Attributes:
        publishers: of the outputs, and what each needs.
        needs: of all of them.
        shown: whether an output other than the anonymised image is requested.
    """

    publishers: Mapping[OutputPublisher, frozenset[Need]] = field(default_factory=dict)
    needs: frozenset[Need] = frozenset()
    shown: bool = False


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """An image that was received and checked, but not converted yet.

    Attributes:
        camera: that sent it.
        header: std_msgs/Header of the image.
        size: height and width in pixels.
        read: converts it to (H, W, 3) uint8 BGR; raises BadImage if a compressed image is damaged.
        arrived_s: when it arrived, `time.monotonic`.
        receive_ms: time that receiving and checking took.
    """

    camera: Camera
    header: Any
    size: tuple[int, int]
    read: Callable[[], NDArray[np.uint8]]
    arrived_s: float
    receive_ms: float


class ImageSubscriber:
    """A subscription that follows the quality of service of its publishers.

    Attributes:
        topic: full name of the topic, after remapping.
        kind: class of the messages.
        request: what the subscription requests.
        received: whether a message arrived since the subscription was opened.
        last_s: when the newest message arrived, or the subscription was opened, `time.monotonic`.
    """

    def __init__(self, node: Node, name: str, kind: type, on_message: Callable[[Any], None]) -> None:
        """Prepare; `follow` opens the subscription.

        Args:
            node: of the subscription.
            name: of the topic, before remapping.
            kind: class of the messages.
            on_message: called with each message; it handles its own errors.
        """
        self._node, self._name, self._on_message = node, name, on_message
        self.topic: str = node.resolve_topic_name(name)
        self.kind = kind
        self.request = Request()
        self.received = False
        self.last_s = 0.0
        self._qos = 'auto'
        self._subscription: Subscription | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages are being received."""
        return self._subscription is not None

    @property
    def type_name(self) -> str:
        """The type of the messages, 'sensor_msgs/msg/Image'."""
        return f'{self.kind.__module__.split(".")[0]}/msg/{self.kind.__name__}'

    def offers(self) -> list[Offer]:
        """Return what the publishers of the topic offer."""
        return offers_of(self._node, self.topic)

    def follow(self, qos: str) -> None:
        """Open the subscription, or reopen it if its publishers or the setting `qos` now require a different one."""
        self._qos = qos
        request = choose_request(qos, [offer for offer in self.offers() if offer.kind == self.type_name])
        if self.is_open and request == self.request:
            return
        was_open = self.is_open
        self.close()
        self.request = request
        if not was_open:
            self.last_s, self.received = time.monotonic(), False
        self._subscription = self._node.create_subscription(
            self.kind,
            self._name,
            self._receive,
            request.profile,
            event_callbacks=subscription_events(self._on_publishers),
        )

    def close(self) -> None:
        """Close the subscription."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_publishers(self) -> None:
        if self.is_open:
            self.follow(self._qos)

    def _receive(self, message: Any) -> None:
        self.last_s, self.received = time.monotonic(), True
        self._on_message(message)


class Camera:
    """Receives the images of one camera while an output is wanted, and owns the topics of its results.

    Must be used in the executor thread. The worker reads `wanted` and `camera_info`, and writes to `stats`.

    Attributes:
        name: prefixes the topics of the camera; empty for a camera without a name.
        prefix: of the topics: 'front/', or empty.
        parameters: of the node; after a change, `follow` applies them.
        stats: statistics of its frames.
        wanted: the outputs requested for the next frame.
        camera_info: the newest message; None before the first one, and while no output needs it.
        announced_size: height and width in camera_info; None before the first message.
        largest_image_bytes: size of the largest image message so far.
        history: state that is carried from image to image.
        active: whether the node is active.
    """

    def __init__(self, node: Node, name: str, parameters: Parameters, queue: LatestFrameQueue[CameraFrame]) -> None:
        """Prepare; `open` opens the topics.

        Args:
            node: of all topics.
            name: of the camera; empty for none.
            parameters: of the node.
            queue: receives each image that can be processed.
        """
        self.name, self.parameters = name, parameters
        self.prefix = f'{name}/' if name else ''
        self.stats = FrameStats(name)
        self.active = False
        self.camera_info: CameraInfo | None = None
        self.announced_size: tuple[int, int] | None = None
        self.largest_image_bytes = 0
        self.wanted = Wanted()
        self.history = FrameHistory(name)
        self._node, self._queue = node, queue
        self._publishers: list[OutputPublisher] = []
        self._unanswered_since_s = 0.0
        compressed = parameters.node.image_transport == 'compressed'
        topic = _compressed_topic(node, f'{self.prefix}image') if compressed else f'{self.prefix}image'
        self.images = ImageSubscriber(node, topic, CompressedImage if compressed else Image, self._receive)
        self._infos = ImageSubscriber(node, f'{self.prefix}camera_info', CameraInfo, self._keep_info)

    @property
    def unmapped_topic(self) -> str:
        """The name of the image topic before remapping, as used in remapping rules."""
        return f'{self.prefix}image/compressed' if self.images.kind is CompressedImage else f'{self.prefix}image'

    def open(self) -> None:
        """Open the topics of the results."""
        for output in OUTPUTS:
            self._publishers.append(OutputPublisher(self._node, self.prefix + output.topic, output, self.follow))
        self.follow()

    def close(self) -> None:
        """Close all topics, even if only some of them could be opened. The worker must have stopped."""
        self.active = False
        self.wanted = Wanted()
        self.images.close()
        self._infos.close()
        while self._publishers:
            self._publishers.pop().destroy()

    def activate(self) -> None:
        """Start receiving images while an output is wanted."""
        self.active = True
        self.follow()

    def deactivate(self) -> None:
        """Stop receiving images."""
        self.active = False
        self.follow()

    def follow(self) -> None:
        """Open, close or reopen the subscriptions according to subscribers, publishers and settings."""
        settings, picture = self.parameters.node, self.parameters.picture
        publishers = {
            one: one.output.needs(picture)
            for one in self._publishers
            if self.active and (not settings.lazy or one.has_subscribers)
        }
        self.wanted = Wanted(
            publishers,
            frozenset[Need](('confidence',) if self.parameters.tracking.smoothing else ()).union(*publishers.values()),
            shown=any('anonymized' not in needs for needs in publishers.values()),
        )
        if publishers:
            self.images.follow(settings.qos)
        else:
            self.images.close()
        if self.announced_size is None or 'camera_info' in self.wanted.needs:
            self._infos.follow('auto')
        else:
            self._infos.close()
            self.camera_info = None

    def unanswered_s(self, now_s: float) -> float:
        """Return for how long images have arrived without any result, seconds; 0 if results are published."""
        since_s = self._unanswered_since_s
        return now_s - since_s if since_s > self.stats.last_out_s else 0.0

    def report_bad(self, error: BadImage) -> None:
        """Report an unreadable image, once for each kind of defect. Any thread may call this."""
        if self.stats.is_new_defect(error):
            _LOG.warning('%s: %s; frame dropped (%d so far)', self.images.topic, error, self.stats.counts.frames_bad)

    def _receive(self, message: Any) -> None:
        counts = self.stats.subscription
        counts.frames_in += 1
        if self._unanswered_since_s <= self.stats.last_out_s:
            self._unanswered_since_s = self.images.last_s
        try:
            frame = self._check(message)
        except Exception as error:  # affects this message only
            counts.frames_bad += 1
            self.report_bad(error if isinstance(error, BadImage) else BadImage('unexpected', describe_error(error)))
            _LOG.debug('%s', self.images.topic, exc_info=error)
            return
        if self._queue.put(self.name, frame):
            counts.frames_dropped += 1

    def _check(self, message: Any) -> CameraFrame:
        """Check a message without decoding it.

        Raises:
            BadImage: the message cannot be read.
        """
        arrived_s = self.images.last_s
        self.largest_image_bytes = max(self.largest_image_bytes, len(message.data))
        bits = self.parameters.node.mono16_bits
        if self.images.kind is CompressedImage:
            picture = image_layout.check_compressed_image(message)
            size = picture.height, picture.width
            read = partial(image_layout.decompress, message, picture, bits)
        else:
            size = message.height, message.width
            read = partial(to_bgr, *image_layout.view_layout(message, convert_with_cv_bridge), bits)
        receive_ms = (time.monotonic() - arrived_s) * 1e3
        return CameraFrame(self, message.header, size, read, arrived_s, receive_ms)

    def _keep_info(self, message: CameraInfo) -> None:
        self.camera_info = message
        if message.height and message.width:
            self.announced_size = message.height, message.width


def _compressed_topic(node: Node, image: str) -> str:
    """Return the name of the topic of compressed images.

    It is the name that image_transport derives from the raw topic, unless `<image>/compressed` itself is remapped.
    """
    own = f'{image}/compressed'
    if node.resolve_topic_name(own) != node.resolve_topic_name(own, only_expand=True):
        return own
    return f'{node.resolve_topic_name(image)}/compressed'
