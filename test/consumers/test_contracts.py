# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every cell of the table in docs/consumers.md of what this package publishes, in a running node."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS')

from rclpy.qos import QoSDurabilityPolicy, QoSReliabilityPolicy
from robot import BEST_EFFORT, RELIABLE, Process, Robot
from sensor_msgs.msg import CameraInfo

DOCUMENT = Path(__file__).resolve().parent.parent.parent / 'docs' / 'consumers.md'
HEIGHT, WIDTH = 120, 160
SEMANTIC = '80x60'


class Row(NamedTuple):
    """One row of the table: what this package publishes on a topic."""

    consumer: str
    topic: str
    type: str
    qos: str
    encoding: str
    size: str
    stamp: str


OF_IMAGE = 'of the image'
RESIZED = '`semantic_size`, else of the image'
TABLE = [
    Row('semantic layer', 'semantic/mask', 'sensor_msgs/Image', 'reliable, volatile', 'mono8', RESIZED, OF_IMAGE),
    Row('semantic layer', 'semantic/confidence', 'sensor_msgs/Image', 'reliable, volatile', 'mono8', RESIZED, OF_IMAGE),
    Row('nvblox', 'mask', 'sensor_msgs/Image', 'reliable, volatile', 'mono8', OF_IMAGE, OF_IMAGE),
    Row('nvblox', 'mask/camera_info', 'sensor_msgs/CameraInfo', 'reliable, volatile', '–', OF_IMAGE, OF_IMAGE),
    Row('–', 'confidence', 'sensor_msgs/Image', 'reliable, volatile', 'mono8', OF_IMAGE, OF_IMAGE),
    Row('–', 'mask/compressed', 'sensor_msgs/CompressedImage', 'reliable, volatile', 'PNG mono8', OF_IMAGE, OF_IMAGE),
    Row('–', 'parts/compressed', 'sensor_msgs/CompressedImage', 'reliable, volatile', 'PNG 8UC1', OF_IMAGE, OF_IMAGE),
    Row(
        '–', 'overlay/compressed', 'sensor_msgs/CompressedImage', 'reliable, volatile', 'JPEG bgr8', OF_IMAGE, OF_IMAGE
    ),
]
"""Rows that the painted node publishes; people and label infos have tests of their own below."""

POSE = Row('FollowObject', 'people/pose', 'geometry_msgs/PoseStamped', 'reliable, volatile', '–', '–', OF_IMAGE)
LABELS = [
    Row(
        consumer, f'{image}/label_info', 'vision_msgs/LabelInfo', 'reliable, transient local', '–', '–', 'of publishing'
    )
    for consumer, image in (('semantic layer', 'semantic'), ('–', 'mask'), ('–', 'parts'))
]
DETECTIONS = Row('–', 'people/detections', 'vision_msgs/Detection2DArray', 'reliable, volatile', '–', '–', OF_IMAGE)


def line_of(row: Row) -> str:
    return f'| {row.consumer} | `{row.topic}` | {" | ".join(row[2:])} |'


@pytest.fixture(scope='module')
def answers(robot: Robot, node: Process) -> dict[str, Any]:
    for row in TABLE:
        package, name = row.type.split('/')
        kind = getattr(importlib.import_module(f'{package}.msg'), name)
        best_effort = row.consumer == 'semantic layer'  # as its subscriptions are
        robot.subscribe(row.topic, kind, BEST_EFFORT if best_effort else RELIABLE)
    robot.camera('camera_info', kind=CameraInfo)
    image = robot.message(np.full((HEIGHT, WIDTH, 3), 80, np.uint8))
    robot.camera()
    robot.until(lambda: robot.camera('camera_info', kind=CameraInfo).get_subscription_count())
    assert robot.set('semantic_size', SEMANTIC) == ''
    robot.show(CameraInfo(header=image.header, height=HEIGHT, width=WIDTH, k=[1.0] * 9), 'camera_info')
    robot.spin(0.3)
    return {'image': image, **robot.answer(image, [row.topic for row in TABLE])}


@pytest.mark.parametrize('row', [*TABLE, POSE, *LABELS, DETECTIONS], ids=lambda row: row.topic)
def test_the_document_has_the_row(row: Row) -> None:
    assert line_of(row) in DOCUMENT.read_text(encoding='utf-8').split('\n')


@pytest.mark.parametrize('row', [*TABLE, POSE, *LABELS, DETECTIONS], ids=lambda row: row.topic)
def test_the_topic_has_type_and_qos(row: Row, robot: Robot, answers: dict[str, Any]) -> None:
    if row.type.startswith('vision_msgs/'):
        pytest.importorskip('vision_msgs', reason='needs vision_msgs, of which there is no wheel')
    (info,) = robot.node.get_publishers_info_by_topic(f'/{row.topic}')
    assert info.topic_type == row.type.replace('/', '/msg/')
    reliable = info.qos_profile.reliability == QoSReliabilityPolicy.RELIABLE
    latched = info.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
    assert row.qos == f'{"reliable" if reliable else "best effort"}, {"transient local" if latched else "volatile"}'


@pytest.mark.parametrize('row', TABLE, ids=lambda row: row.topic)
def test_the_message_has_the_stamp_of_the_image(row: Row, answers: dict[str, Any]) -> None:
    assert row.stamp == OF_IMAGE
    assert answers[row.topic].header == answers['image'].header


@pytest.mark.parametrize('row', TABLE, ids=lambda row: row.topic)
def test_the_message_has_encoding_and_size(row: Row, answers: dict[str, Any]) -> None:
    message = answers[row.topic]
    if row.type == 'sensor_msgs/CompressedImage':
        cv2 = pytest.importorskip('cv2')
        encoding, (format_, _, *_) = message.format.split('; ')[0], message.format.split('; ')[1].split(' ')
        assert f'{format_.upper()} {encoding}' == row.encoding
        shape = cv2.imdecode(np.array(message.data, np.uint8), cv2.IMREAD_UNCHANGED).shape[:2]
    else:
        assert getattr(message, 'encoding', '–') == row.encoding
        shape = (message.height, message.width)
    assert shape == ((60, 80) if row.size == RESIZED else (HEIGHT, WIDTH))
    if row.type == 'sensor_msgs/Image':
        assert (message.step, len(message.data)) == (message.width, message.height * message.width)


def test_labels_are_latched_of_their_type_and_stamped_when_they_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """With fakes of vision_msgs, which is not available as a wheel."""
    from types import SimpleNamespace

    from bodypix_ros.ros import label_info

    def info(threshold: float) -> Any:
        return SimpleNamespace(threshold=threshold, header=SimpleNamespace(stamp=None), class_map=[])

    monkeypatch.setattr(label_info, 'LabelInfo', info)
    monkeypatch.setattr(label_info, 'VisionClass', lambda class_id, class_name: (class_id, class_name))
    created: list[tuple[Any, str, Any]] = []
    published: list[Any] = []

    def create(kind: Any, topic: str, qos: Any, event_callbacks: Any = None) -> Any:
        created.append((kind, topic, qos))
        return SimpleNamespace(publish=published.append)

    clock = SimpleNamespace(now=lambda: SimpleNamespace(to_msg=lambda: 'now'))
    node: Any = SimpleNamespace(create_publisher=create, get_clock=lambda: clock)
    label_info.LabelInfoPublisher(node, ['']).publish('bodypix1', 'person', 0.5)
    assert {topic for _, topic, _ in created} == {*(row.topic for row in LABELS), 'label_info'}
    for kind, _, qos in created:
        assert kind is info
        assert qos.reliability == QoSReliabilityPolicy.RELIABLE
        assert qos.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
    assert {one.header.stamp for one in published} == {'now'}
