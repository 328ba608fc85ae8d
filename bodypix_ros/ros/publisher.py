"""One topic of images that goes out, with its one message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image

from .events import publisher_events
from .image_msg import fill
from .outputs import ImageOutput, Result
from .qos import OUTPUT


class ImagePublisher:
    """Publishes one kind of output of one camera in a message that is used again and again."""

    def __init__(
        self,
        node: Node,
        topic: str,
        output: ImageOutput,
        on_matched: Callable[[], None],
        profile: QoSProfile = OUTPUT,
    ) -> None:
        """Open the topic.

        Args:
            node: on which the topic stands.
            topic: its name, relative to the node's namespace.
            output: what it shows.
            on_matched: called when a subscriber comes or goes.
            profile: its quality of service; `qos_overrides` parameters change it.
        """
        self.output = output
        self._node = node
        self._message = Image()
        self._publisher = node.create_publisher(
            Image,
            topic,
            profile,
            event_callbacks=publisher_events(on_matched),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    @property
    def has_subscribers(self) -> bool:
        """Whether somebody listens."""
        return bool(self._publisher.get_subscription_count())

    def publish(self, header: Any, result: Result) -> None:
        """Make the image of a result and publish it with the header of its frame."""
        image, encoding = self.output.draw(result)
        fill(self._message, header, image, encoding)
        self._publisher.publish(self._message)

    def destroy(self) -> None:
        """Close the topic."""
        self._node.destroy_publisher(self._publisher)
