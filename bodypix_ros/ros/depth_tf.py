# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TF frames of tracked people: `person_<track_id>` in the frame of the depth image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy

from .compat import publisher_events
from .depth_outputs import LocatedPeople, LocatedPerson

try:
    from tf2_msgs.msg import TFMessage
except ImportError:
    TFMessage = None

TOPIC = '/tf'
"""Absolute as in tf2_ros, so the same remapping rule `/tf:=tf` applies to all nodes of a robot."""

PROFILE = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.RELIABLE)
"""The profile of the transform broadcaster of tf2_ros: reliable, volatile, depth 100."""


class PersonFrames:
    """Publishes a transform for each tracked person while it is enabled and tf2_msgs is installed."""

    def __init__(self, node: Node, on_matched: Callable[[], None]) -> None:
        """Start disabled; `on_matched` is called when a subscriber of /tf connects or disconnects."""
        self._node, self._on_matched = node, on_matched
        self._publisher: Any = None
        self._warned = False

    @property
    def has_subscribers(self) -> bool:
        """Whether it is enabled and /tf has a subscriber."""
        return self._publisher is not None and bool(self._publisher.get_subscription_count())

    def enable(self, enabled: bool) -> None:
        """Open or close the topic; log one warning if tf2_msgs is not installed."""
        if enabled and TFMessage is None:
            self._warn()
        elif enabled and self._publisher is None:
            events = publisher_events(self._on_matched)
            self._publisher = self._node.create_publisher(TFMessage, TOPIC, PROFILE, event_callbacks=events)
        elif not enabled and self._publisher is not None:
            self._node.destroy_publisher(self._publisher)
            self._publisher = None

    def publish(self, people: LocatedPeople) -> None:
        """Publish the frames of all tracked people in a depth image, in one message; nothing if there are none."""
        transforms = [_transform(people.header, one) for one in people.persons if one.person.track_id > 0]
        if self._publisher is not None and transforms:
            message = TFMessage()
            message.transforms = transforms
            self._publisher.publish(message)

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            self._node.get_logger().warning(
                'publish_tf is true but tf2_msgs is not installed, so no frames are published: '
                'sudo apt install ros-$ROS_DISTRO-tf2-msgs'
            )


def _transform(header: Any, one: LocatedPerson) -> TransformStamped:
    """Return the frame of a person: at the position, with axes parallel to those of the depth image's frame."""
    transform = TransformStamped(header=header, child_frame_id=f'person_{one.person.track_id}')
    translation = transform.transform.translation
    translation.x, translation.y, translation.z = one.position[:3]
    transform.transform.rotation.w = 1.0
    return transform
