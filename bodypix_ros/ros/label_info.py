"""Names of the labels for tools that know vision_msgs, where that is installed."""

from __future__ import annotations

from collections.abc import Sequence
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

    def __init__(self, node: Node, topics: Sequence[str]) -> None:
        """Open one topic for each camera, where vision_msgs is installed."""
        self._node = node
        self._publishers: list[Any] = []
        if LabelInfo is None:
            node.get_logger().info(f'vision_msgs is not installed, so there is no topic {topics[0]}')
        else:
            self._publishers = [node.create_publisher(LabelInfo, topic, LATCHED) for topic in topics]

    def publish(self, part_ids: PartIds, threshold: float) -> None:
        """Publish the names.

        Args:
            part_ids: numbering of the parts.
            threshold: a pixel is a person where its score is above this, 0..1.
        """
        if not self._publishers:
            return
        message = LabelInfo(threshold=threshold)
        message.header.stamp = self._node.get_clock().now().to_msg()
        names = [*enumerate(part_names(part_ids)), (_UNLABELED, 'background')]
        message.class_map = [VisionClass(class_id=number, class_name=name) for number, name in names]
        for publisher in self._publishers:
            publisher.publish(message)

    def destroy(self) -> None:
        """Close the topics."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
        self._publishers = []
