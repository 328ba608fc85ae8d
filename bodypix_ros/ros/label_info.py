# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishes the meaning of the values of label images with vision_msgs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.node import Node

from ..parts import BACKGROUND, PartIds, part_names
from .compat import publisher_events
from .qos import LATCHED

try:
    from vision_msgs.msg import LabelInfo, VisionClass
except ImportError:
    LabelInfo = VisionClass = None

_LOG = logging.getLogger(__name__)
_UNLABELED = BACKGROUND % 256
"""The byte of the background in images of parts; vision_msgs reserves it for unlabelled pixels."""

OLD_TOPIC = 'label_info'
"""The name of `parts/label_info` in version 0.1, kept for one release."""


def class_names(part_ids: PartIds, semantic_classes: str) -> dict[str, dict[int, str]]:
    """Return the names of the values of each label image, by the topic of its label info.

    Args:
        part_ids: numbering of the parts.
        semantic_classes: classes of `semantic/mask`, 'person' or 'parts'.
    """
    parts = {**dict(enumerate(part_names(part_ids))), _UNLABELED: 'background'}
    semantic = {1: 'person'}
    if semantic_classes == 'parts':
        semantic = {number + 1: name for number, name in enumerate(part_names(part_ids))}
    return {
        'mask/label_info': {0: 'background', 255: 'person'},
        'parts/label_info': parts,
        'semantic/label_info': {0: 'background', **semantic},
        OLD_TOPIC: parts,
    }


class LabelInfoPublisher:
    """Publishes the names of the values of each label image, latched, if vision_msgs is installed."""

    def __init__(self, node: Node, prefixes: Sequence[str]) -> None:
        """Open the topics of each camera; `prefixes` are those of the cameras' topics."""
        self._node = node
        self._publishers: list[tuple[str, Any]] = []
        self._warned = False
        topics = class_names('bodypix1', 'person')
        if LabelInfo is None:
            names = ', '.join(f'{prefixes[0]}{topic}' for topic in topics if topic != OLD_TOPIC)
            _LOG.info('vision_msgs is not installed: %s are not published', names)
            return
        for prefix in prefixes:
            for topic in topics:
                events = publisher_events(self._warn) if topic == OLD_TOPIC else None
                publisher = node.create_publisher(LabelInfo, prefix + topic, LATCHED, event_callbacks=events)
                self._publishers.append((topic, publisher))

    def publish(self, part_ids: PartIds, semantic_classes: str, threshold: float) -> None:
        """Publish the names.

        Args:
            part_ids: numbering of the parts.
            semantic_classes: classes of `semantic/mask`, 'person' or 'parts'.
            threshold: pixels with a higher score are labelled as a person, 0..1.
        """
        names = class_names(part_ids, semantic_classes)
        for topic, publisher in self._publishers:
            publisher.publish(self._message(names[topic], threshold))

    def destroy(self) -> None:
        """Close the topics."""
        while self._publishers:
            self._node.destroy_publisher(self._publishers.pop()[1])

    def _message(self, names: Mapping[int, str], threshold: float) -> Any:
        message = LabelInfo(threshold=threshold)
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.class_map = [VisionClass(class_id=number, class_name=name) for number, name in names.items()]
        return message

    def _warn(self) -> None:
        """Warn once about subscribers of the old topic."""
        old = [publisher for topic, publisher in self._publishers if topic == OLD_TOPIC]
        if not self._warned and any(publisher.get_subscription_count() for publisher in old):
            self._warned = True
            _LOG.warning(
                'the topic %s is deprecated but has a subscriber: subscribe to parts/label_info (same content) or '
                'mask/label_info; it will be removed in the next release',
                OLD_TOPIC,
            )
