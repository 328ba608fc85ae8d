# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The position of the followed person: the direction that the segmentation node publishes, with a distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from .depth_outputs import LocatedPeople, LocatedPerson
from .outputs import Output, OutputMessage, OutputPublisher

_KEPT = 8
_MAX_ANGLE = math.radians(15)
"""A person at a larger angle from the direction is somebody else."""


class FollowedPosition:
    """Publishes `people/position` once the direction and the positions of the same camera image have arrived."""

    def __init__(self, node: Node, on_matched: Callable[[], None]) -> None:
        """Open the topic; `on_matched` is called when a subscriber connects or disconnects."""
        output = Output('people/position', PoseStamped, _write)
        self.publisher = OutputPublisher(node, output.topic, output, on_matched)
        self._directions: dict[int, PoseStamped] = {}
        self._people: dict[int, LocatedPeople] = {}

    def add_direction(self, stamp_ns: int, pose: PoseStamped) -> None:
        """Add a direction; publish the position if the people of its image are known."""
        _keep(self._directions, stamp_ns, pose)
        self._publish(stamp_ns)

    def add_people(self, stamp_ns: int, people: LocatedPeople) -> None:
        """Add the people of an image; publish the position if the direction is known."""
        _keep(self._people, stamp_ns, people)
        self._publish(stamp_ns)

    def _publish(self, stamp_ns: int) -> None:
        if stamp_ns in self._directions and stamp_ns in self._people and self.publisher.has_subscribers:
            people, pose = self._people.pop(stamp_ns), self._directions.pop(stamp_ns)
            person = nearest_to(pose, people)
            if person is not None and _write(self.publisher.message, (people.header, person)):
                self.publisher.publish()


def nearest_to(pose: PoseStamped, people: LocatedPeople) -> LocatedPerson | None:
    """Return the person in a direction; None if there is none within 15 degrees.

    The difference between the optical frames of the two cameras is neglected: they look in the same direction.
    """
    direction = pose.pose.position
    towards = np.array([direction.x, direction.y, direction.z])
    angles = [_angle(towards, np.array(one.position[:3])) for one in people.persons]
    best = int(np.argmin(angles)) if angles else -1
    return people.persons[best] if angles and angles[best] <= _MAX_ANGLE else None


def _angle(one: Any, other: Any) -> float:
    cosine = float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9)
    return math.acos(min(1.0, max(-1.0, cosine)))


def _keep(items: dict[int, Any], stamp_ns: int, item: Any) -> None:
    items[stamp_ns] = item
    while len(items) > _KEPT:
        del items[next(iter(items))]


def _write(message: OutputMessage, result: tuple[Any, LocatedPerson]) -> bool:
    header, person = result
    message.content.header = header
    position = message.content.pose.position
    position.x, position.y, position.z = person.position[:3]
    message.content.pose.orientation.w = 1.0
    return True
