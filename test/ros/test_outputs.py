"""The messages of each output; vision_msgs is replaced by a fake."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from bodypix_ros.parts import part_names
from bodypix_ros.ros import outputs
from bodypix_ros.ros.qos import LATCHED
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings


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
def test_every_label_has_its_name_for_later_subscribers_as_well() -> None:
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


class Publisher:
    """A fake publisher of an output."""

    def __init__(self, output: outputs.Output) -> None:
        self.output, self.message = output, outputs.OutputMessage(output.kind)
        self.published = 0

    def publish(self) -> None:
        self.published += 1


def result(mask: Any, **changes: Any) -> outputs.Result:
    image = np.zeros((*mask.shape, 3), np.uint8)
    return outputs.Result(Header(frame_id='cam'), image, Segmentation(mask), 'bodypix1', PictureSettings(), **changes)


BY_TOPIC = {one.topic: one for one in outputs.OUTPUTS}


def test_a_drawing_that_fails_is_explained_and_costs_itself_alone() -> None:
    def fail(*_: Any) -> bool:
        raise ZeroDivisionError('no paint')

    mask, overlay = Publisher(BY_TOPIC['mask']), Publisher(outputs.Output('overlay', Image, fail))
    wanted: Any = [overlay, mask]
    failures = outputs.publish_outputs(wanted, result(np.ones((2, 3), bool)))
    assert failures == {'overlay': 'ZeroDivisionError: no paint'}
    assert (mask.published, overlay.published) == (1, 0)


def test_one_message_serves_masks_of_every_size() -> None:
    message = outputs.OutputMessage(Image)
    for shape in ((2, 3), (2, 3), (4, 5)):
        mask = np.zeros(shape, bool)
        mask[1, 1] = True
        assert BY_TOPIC['mask'].write(message, result(mask))
        content = message.content
        assert (content.height, content.width, content.step, content.encoding) == (*shape, shape[1], 'mono8')
        assert (np.frombuffer(content.data, np.uint8).reshape(shape) == mask * 255).all()
        assert content.header.frame_id == 'cam'


def test_one_message_serves_every_encoding_of_the_parts() -> None:
    message = outputs.OutputMessage(Image)
    labels = np.array([[-1, 23]], np.int8)
    for encoding, dtype, expected in (
        ('8SC1', np.int8, [-1, 23]), ('8UC1', np.uint8, [255, 23]), ('32SC1', np.int32, [-1, 23]),
    ):  # fmt: skip
        settings = PictureSettings(parts_encoding=encoding)
        segmentation = Segmentation(labels >= 0, labels)
        one = outputs.Result(Header(), np.zeros((1, 2, 3), np.uint8), segmentation, 'bodypix1', settings)
        assert BY_TOPIC['parts'].write(message, one)
        assert message.content.encoding == encoding
        assert np.frombuffer(message.content.data, dtype).tolist() == expected


def test_without_camera_info_there_is_nothing_to_repeat() -> None:
    message = outputs.OutputMessage(CameraInfo)
    assert not BY_TOPIC['mask/camera_info'].write(message, result(np.ones((2, 3), bool)))
    info = CameraInfo(height=2, width=3, distortion_model='plumb_bob', k=[1.0] * 9)
    assert BY_TOPIC['mask/camera_info'].write(message, result(np.ones((2, 3), bool), camera_info=info))
    assert (message.content.header.frame_id, message.content.distortion_model) == ('cam', 'plumb_bob')
    assert message.content.k.tolist() == [1.0] * 9
