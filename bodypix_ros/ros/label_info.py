"""Names of the labels for tools that know vision_msgs, where that is installed."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

from ..parts import BACKGROUND, PartIds, part_names
from .qos import LATCHED

try:
    from vision_msgs.msg import LabelInfo, VisionClass
except ImportError:
    LabelInfo = VisionClass = None

_UNLABELED = BACKGROUND % 256
"""The byte of the background in the images of parts; vision_msgs reserves it for what has no label."""


class LabelInfoPublisher:
    """Tells what the numbers in the images of parts mean, to late subscribers as well."""

    def __init__(self, node: Node, topic: str) -> None:
        self._node = node
        self._publisher: Any = None
        if LabelInfo is None:
            node.get_logger().info(f'vision_msgs is not installed, so there is no topic {topic}')
        else:
            self._publisher = node.create_publisher(LabelInfo, topic, LATCHED)

    def publish(self, part_ids: PartIds, threshold: float) -> None:
        """Publish the names.

        Args:
            part_ids: numbering of the parts.
            threshold: a pixel is a person where its score is above this, 0..1.
        """
        if self._publisher is None:
            return
        message = LabelInfo(threshold=threshold)
        message.header.stamp = self._node.get_clock().now().to_msg()
        names = [*enumerate(part_names(part_ids)), (_UNLABELED, 'background')]
        message.class_map = [VisionClass(class_id=number, class_name=name) for number, name in names]
        self._publisher.publish(message)

    def destroy(self) -> None:
        """Close the topic."""
        if self._publisher is not None:
            self._node.destroy_publisher(self._publisher)
