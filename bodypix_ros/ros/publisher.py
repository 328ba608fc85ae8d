"""One topic that goes out, with its one message."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions

from .events import publisher_events
from .outputs import Output, Result
from .qos import output_profile


class Publisher:
    """Publishes one output of one camera in a message that is used again and again: fresh ones cost page faults."""

    def __init__(self, node: Node, topic: str, output: Output, on_matched: Callable[[], None]) -> None:
        """Open the topic; parameters of the name `qos_overrides...` change its quality of service.

        Args:
            node: on which the topic stands.
            topic: its name, relative to the node's namespace.
            output: what it shows.
            on_matched: called when a subscriber comes or goes.
        """
        self.output = output
        self._node = node
        self._message = output.kind()
        self._publisher = node.create_publisher(
            output.kind,
            topic,
            output_profile(),  # its own: overrides are written into it
            event_callbacks=publisher_events(on_matched),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    @property
    def has_subscribers(self) -> bool:
        """Whether somebody listens."""
        return bool(self._publisher.get_subscription_count())

    def publish(self, result: Result) -> None:
        """Make the message of a result and publish it."""
        if self.output.write(self._message, result):
            self._publisher.publish(self._message)

    def destroy(self) -> None:
        """Close the topic."""
        self._node.destroy_publisher(self._publisher)
