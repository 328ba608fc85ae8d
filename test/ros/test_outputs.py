"""What goes out. A stand-in takes the place of vision_msgs where it is not installed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bodypix_ros.parts import part_names
from bodypix_ros.ros import outputs
from bodypix_ros.ros.qos import LATCHED


class FakeNode:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.created: list[tuple[Any, ...]] = []

    def create_publisher(self, *arguments: Any) -> Any:
        self.created.append(arguments)
        return SimpleNamespace(publish=self.published.append)

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=lambda: 'now'))


@pytest.fixture
def vision_msgs(monkeypatch: pytest.MonkeyPatch) -> None:
    def info(threshold: float) -> Any:
        return SimpleNamespace(threshold=threshold, header=SimpleNamespace(stamp=None), class_map=[])

    monkeypatch.setattr(outputs, 'LabelInfo', info)
    monkeypatch.setattr(outputs, 'VisionClass', lambda class_id, class_name: (class_id, class_name))


@pytest.mark.usefixtures('vision_msgs')
def test_every_label_has_its_name_for_latecomers_as_well() -> None:
    node = FakeNode()
    outputs.LabelInfoPublisher(node, ['']).publish('bodypix1', 0.5)  # type: ignore[arg-type]
    assert node.created[0][1:] == ('label_info', LATCHED)
    message = node.published[0]
    assert message.threshold == 0.5
    assert message.class_map == [*enumerate(part_names('bodypix1')), (255, 'background')]


def test_without_vision_msgs_there_is_one_line_and_no_topic(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    monkeypatch.setattr(outputs, 'LabelInfo', None)
    node = FakeNode()
    publisher = outputs.LabelInfoPublisher(node, [''])  # type: ignore[arg-type]
    publisher.publish('bodypix1', 0.5)
    assert caplog.messages == ['vision_msgs is not installed, so there is no topic label_info']
    assert (node.created, node.published) == ([], [])
