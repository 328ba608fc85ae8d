"""Names of labels for tools that know vision_msgs; a stand-in takes its place where it is not installed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bodypix_ros.parts import part_names
from bodypix_ros.ros import label_info
from bodypix_ros.ros.qos import LATCHED


class FakeNode:
    """Keeps what is published and logged."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.logged: list[str] = []
        self.created: list[tuple[Any, ...]] = []

    def create_publisher(self, *arguments: Any) -> Any:
        self.created.append(arguments)
        return SimpleNamespace(publish=self.published.append)

    def get_logger(self) -> Any:
        return SimpleNamespace(info=self.logged.append)

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=lambda: 'now'))


@pytest.fixture
def vision_msgs(monkeypatch: pytest.MonkeyPatch) -> None:
    def info(threshold: float) -> Any:
        return SimpleNamespace(threshold=threshold, header=SimpleNamespace(stamp=None), class_map=[])

    monkeypatch.setattr(label_info, 'LabelInfo', info)
    monkeypatch.setattr(label_info, 'VisionClass', lambda class_id, class_name: (class_id, class_name))


@pytest.mark.usefixtures('vision_msgs')
def test_every_label_has_its_name_for_latecomers_as_well() -> None:
    node = FakeNode()
    label_info.LabelInfoPublisher(node, ['label_info']).publish('bodypix1', 0.5)  # type: ignore[arg-type]
    assert node.created[0][1:] == ('label_info', LATCHED)
    message = node.published[0]
    assert message.threshold == 0.5
    assert message.class_map == [*enumerate(part_names('bodypix1')), (255, 'background')]


def test_without_vision_msgs_there_is_one_line_and_no_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_info, 'LabelInfo', None)
    node = FakeNode()
    publisher = label_info.LabelInfoPublisher(node, ['label_info'])  # type: ignore[arg-type]
    publisher.publish('bodypix1', 0.5)
    assert node.logged == ['vision_msgs is not installed, so there is no topic label_info']
    assert (node.created, node.published) == ([], [])
