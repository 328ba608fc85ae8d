# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The names of the values of each label image; vision_msgs is replaced by a fake."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bodypix_ros.parts import part_names
from bodypix_ros.ros import label_info
from bodypix_ros.ros.qos import LATCHED


class FakePublisher:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.publish = self.published.append
        self.subscribers = 0

    def get_subscription_count(self) -> int:
        return self.subscribers


class FakeNode:
    """Keeps the publishers by topic."""

    def __init__(self) -> None:
        self.publishers: dict[str, FakePublisher] = {}
        self.qos: list[Any] = []
        self.events: dict[str, Any] = {}

    def create_publisher(self, kind: Any, topic: str, qos: Any, event_callbacks: Any = None) -> Any:
        assert kind is label_info.LabelInfo
        self.publishers[topic] = FakePublisher()
        self.qos.append(qos)
        self.events[topic] = event_callbacks
        return self.publishers[topic]

    def destroy_publisher(self, publisher: Any) -> None:
        self.publishers = {topic: one for topic, one in self.publishers.items() if one is not publisher}

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=lambda: 'now'))

    def names(self, topic: str) -> dict[int, str]:
        """Return the names that were published last on a topic."""
        return dict(self.publishers[topic].published[-1].class_map)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Any:
    def info(threshold: float) -> Any:
        return SimpleNamespace(threshold=threshold, header=SimpleNamespace(stamp=None), class_map=[])

    monkeypatch.setattr(label_info, 'LabelInfo', info)
    monkeypatch.setattr(label_info, 'VisionClass', lambda class_id, class_name: (class_id, class_name))
    return FakeNode()


def test_each_label_image_has_its_own_latched_topic(node: Any) -> None:
    label_info.LabelInfoPublisher(node, ['front/', 'rear/'])
    topics = ['mask/label_info', 'parts/label_info', 'semantic/label_info', 'label_info']
    assert list(node.publishers) == [f'{camera}/{topic}' for camera in ('front', 'rear') for topic in topics]
    assert node.qos == [LATCHED] * 8


@pytest.mark.parametrize('part_ids', ['bodypix1', 'bodypix2'])
def test_the_names_are_those_of_the_values_of_each_image(node: Any, part_ids: Any) -> None:
    label_info.LabelInfoPublisher(node, ['']).publish(part_ids, 'person', 0.7)
    parts = {**dict(enumerate(part_names(part_ids))), 255: 'background'}
    assert node.names('mask/label_info') == {0: 'background', 255: 'person'}
    assert node.names('parts/label_info') == node.names('label_info') == parts
    assert node.names('semantic/label_info') == {0: 'background', 1: 'person'}
    assert {one.published[0].threshold for one in node.publishers.values()} == {0.7}
    assert {one.published[0].header.stamp for one in node.publishers.values()} == {'now'}


def test_semantic_parts_are_numbered_from_one(node: Any) -> None:
    label_info.LabelInfoPublisher(node, ['']).publish('bodypix1', 'parts', 0.5)
    expected = {0: 'background', **{number + 1: name for number, name in enumerate(part_names('bodypix1'))}}
    assert node.names('semantic/label_info') == expected


def test_a_subscriber_of_the_old_topic_is_warned_about_once(node: Any, caplog: pytest.LogCaptureFixture) -> None:
    label_info.LabelInfoPublisher(node, [''])
    assert [topic for topic, events in node.events.items() if events is not None] == ['label_info']
    matched = node.events['label_info'].matched
    matched(None)  # somebody has left
    assert caplog.messages == []
    node.publishers['label_info'].subscribers = 1
    matched(None)
    matched(None)
    assert caplog.messages == [
        'the topic label_info is deprecated but has a subscriber: subscribe to parts/label_info (same content) or '
        'mask/label_info; it will be removed in the next release'
    ]


def test_the_topics_are_closed(node: Any) -> None:
    publisher = label_info.LabelInfoPublisher(node, [''])
    publisher.destroy()
    publisher.publish('bodypix1', 'person', 0.5)
    assert node.publishers == {}


def test_without_vision_msgs_there_is_one_line_and_no_topic(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    monkeypatch.setattr(label_info, 'LabelInfo', None)
    node: Any = FakeNode()
    publisher = label_info.LabelInfoPublisher(node, ['', 'rear/'])
    publisher.publish('bodypix1', 'person', 0.5)
    assert caplog.messages == [
        'vision_msgs is not installed: mask/label_info, parts/label_info, semantic/label_info are not published'
    ]
    assert node.publishers == {}
