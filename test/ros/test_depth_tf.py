# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The TF frames of tracked people; tf2_msgs, of which there is no wheel, is replaced by a fake."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Quaternion
from rclpy.qos import QoSDurabilityPolicy, QoSReliabilityPolicy
from std_msgs.msg import Header

from bodypix_ros.depth.positions import POINT, Measured
from bodypix_ros.msg import Person, PersonArray
from bodypix_ros.ros import depth_tf
from bodypix_ros.ros.depth_outputs import PEOPLE, LocatedPeople, LocatedPerson
from bodypix_ros.ros.outputs import OutputMessage

HEADER = Header(frame_id='depth_optical', stamp=Time(sec=12, nanosec=345))


class FakePublisher:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.publish = self.published.append
        self.subscribers = 0

    def get_subscription_count(self) -> int:
        return self.subscribers


class FakeNode:
    """Keeps the open publishers, how they were opened, and the warnings."""

    def __init__(self) -> None:
        self.publishers: list[FakePublisher] = []
        self.opened: list[tuple[str, Any]] = []
        self.events: Any = None
        self.warnings: list[str] = []

    def create_publisher(self, kind: Any, topic: str, qos: Any, event_callbacks: Any) -> FakePublisher:
        assert kind is depth_tf.TFMessage
        self.events = event_callbacks
        self.opened.append((topic, qos))
        self.publishers.append(FakePublisher())
        return self.publishers[-1]

    def destroy_publisher(self, publisher: FakePublisher) -> None:
        self.publishers.remove(publisher)

    def get_logger(self) -> Any:
        return SimpleNamespace(warning=self.warnings.append)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(depth_tf, 'TFMessage', lambda: SimpleNamespace(transforms=[]))
    return FakeNode()


def located(*track_ids: int) -> LocatedPeople:
    """Return people with these track ids, each at another position."""
    persons = [
        LocatedPerson(
            Person(id=number, track_id=track_id),
            Measured(0.5 * number, -0.25, 2.0 + number, 0.01, 1000),
            {},
            [],
            np.zeros(0, POINT),
        )
        for number, track_id in enumerate(track_ids, 1)
    ]
    return LocatedPeople(HEADER, PersonArray(), persons)


def test_tracked_people_have_frames_at_the_positions_of_people_3d(node: Any) -> None:
    frames = depth_tf.PersonFrames(node, lambda: None)
    frames.enable(True)
    people = located(17, 0, 4)
    frames.publish(people)
    ((message,),) = [one.published for one in node.publishers]
    assert [one.child_frame_id for one in message.transforms] == ['person_17', 'person_4']
    assert [one.header for one in message.transforms] == [HEADER] * 2
    assert [one.transform.rotation for one in message.transforms] == [Quaternion(w=1.0)] * 2

    output = next(one for one in PEOPLE if one.topic == 'people_3d')
    people_3d = OutputMessage(output.kind)
    assert output.write(people_3d, people)
    expected = [(one.position.x, one.position.y, one.position.z) for one in people_3d.content.people if one.track_id]
    translations = [one.transform.translation for one in message.transforms]
    assert [(one.x, one.y, one.z) for one in translations] == expected == [(0.5, -0.25, 3.0), (1.5, -0.25, 5.0)]


def test_people_without_ids_have_no_frames_and_cause_no_message(node: Any) -> None:
    frames = depth_tf.PersonFrames(node, lambda: None)
    frames.enable(True)
    frames.publish(located(0, 0))
    frames.publish(located())
    assert [one.published for one in node.publishers] == [[]]


def test_the_topic_is_that_of_tf2_and_open_only_while_enabled(node: Any) -> None:
    frames = depth_tf.PersonFrames(node, lambda: None)
    frames.enable(False)
    frames.publish(located(1))
    assert node.opened == []
    frames.enable(True)
    frames.enable(True)
    ((topic, qos),) = node.opened
    assert (topic, qos.depth) == ('/tf', 100)
    assert (qos.reliability, qos.durability) == (QoSReliabilityPolicy.RELIABLE, QoSDurabilityPolicy.VOLATILE)
    frames.enable(False)
    assert node.publishers == []
    frames.publish(located(1))
    frames.enable(True)
    assert [one.published for one in node.publishers] == [[]]


def test_subscribers_are_noticed_only_while_enabled(node: Any) -> None:
    matched: list[str] = []
    frames = depth_tf.PersonFrames(node, lambda: matched.append('matched'))
    assert not frames.has_subscribers
    frames.enable(True)
    assert not frames.has_subscribers
    node.publishers[0].subscribers = 1
    if hasattr(node.events, 'matched'):  # since Jazzy
        node.events.matched(None)
        assert matched == ['matched']
    assert frames.has_subscribers
    frames.enable(False)
    assert not frames.has_subscribers


def test_without_tf2_msgs_there_is_one_warning_and_no_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_tf, 'TFMessage', None)
    node: Any = FakeNode()
    frames = depth_tf.PersonFrames(node, lambda: None)
    frames.enable(False)
    assert node.warnings == []
    for enabled in (True, True, False, True):
        frames.enable(enabled)
    frames.publish(located(1))
    assert node.warnings == [
        'publish_tf is true but tf2_msgs is not installed, so no frames are published: '
        'sudo apt install ros-$ROS_DISTRO-tf2-msgs'
    ]
    assert (node.opened, frames.has_subscribers) == ([], False)
