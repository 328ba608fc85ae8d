# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of each output."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from bodypix_ros.ros import outputs
from bodypix_ros.ros.result import Result
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings


class Publisher:
    """A fake publisher of an output."""

    def __init__(self, output: outputs.Output) -> None:
        self.output, self.message = output, outputs.OutputMessage(output.kind)
        self.published = 0

    def publish(self) -> None:
        self.published += 1


def result(mask: Any, **changes: Any) -> Result:
    image = np.zeros((*mask.shape, 3), np.uint8)
    return Result(Header(frame_id='cam'), image, Segmentation(mask), 'bodypix1', PictureSettings(), **changes)


BY_TOPIC = {one.topic: one for one in outputs.OUTPUTS}


def test_a_drawing_that_fails_is_explained_and_affects_no_other() -> None:
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
        one = Result(Header(), np.zeros((1, 2, 3), np.uint8), segmentation, 'bodypix1', settings)
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


MASK = np.array([[0, 1, 1], [0, 0, 1]], bool)
PARTS = np.array([[-1, 0, 21], [-1, -1, 12]], np.int8)  # left_face, right_hand and torso_front of bodypix1
CONFIDENCE = np.array([[10, 200, 130], [0, 127, 255]], np.uint8)


def written(topic: str, **settings: Any) -> Any:
    """Return the message of a topic for an image of six pixels."""
    message = outputs.OutputMessage(BY_TOPIC[topic].kind)
    found = Segmentation(MASK, PARTS, confidence=CONFIDENCE)
    one = Result(Header(frame_id='cam'), np.zeros((2, 3, 3), np.uint8), found, 'bodypix1', PictureSettings(**settings))
    assert BY_TOPIC[topic].write(message, one)
    assert message.content.header.frame_id == 'cam'
    return message.content


def values(message: Image) -> list[list[int]]:
    """Return the pixels of an image of one byte each; rows are not padded."""
    assert (message.encoding, message.step) == ('mono8', message.width)
    return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width).tolist()


def test_the_confidence_is_that_of_a_person() -> None:
    assert values(written('confidence')) == CONFIDENCE.tolist()


def test_the_mask_covers_the_parts_that_are_set() -> None:
    assert values(written('mask')) == [[0, 255, 255], [0, 0, 255]]
    assert values(written('mask', mask_parts=('hands', 'left_face'))) == [[0, 255, 255], [0, 0, 0]]
    assert values(written('mask', mask_parts=['torso'])) == [[0, 0, 0], [0, 0, 255]]
    assert values(written('mask', mask_parts=('feet',))) == [[0, 0, 0], [0, 0, 0]]
    for topic in ('mask', 'mask/compressed'):
        assert BY_TOPIC[topic].needs(PictureSettings()) == set()
        assert BY_TOPIC[topic].needs(PictureSettings(mask_parts=('hands',))) == {'parts'}


def test_semantic_classes_are_one_byte_from_one() -> None:
    assert values(written('semantic/mask')) == [[0, 1, 1], [0, 0, 1]]
    assert values(written('semantic/mask', semantic_classes='parts')) == [[0, 1, 22], [0, 0, 13]]
    needs = BY_TOPIC['semantic/mask'].needs
    assert [needs(PictureSettings(semantic_classes=one)) for one in ('person', 'parts')] == [set(), {'parts'}]


def test_the_semantic_confidence_is_that_of_the_published_class() -> None:
    assert values(written('semantic/confidence')) == [[245, 200, 130], [255, 128, 255]]


def test_semantic_images_are_resized_without_new_values() -> None:
    assert values(written('semantic/mask', semantic_size='6x4')) == [
        [0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1],
    ]  # fmt: skip
    assert values(written('semantic/confidence', semantic_size='3x2')) == [[245, 200, 130], [255, 128, 255]]
    assert values(written('semantic/mask', semantic_size='1x1', semantic_classes='parts'))[0][0] in {0, 1, 13, 22}


def test_compressed_labels_are_lossless_png() -> None:
    mask, parts = written('mask/compressed'), written('parts/compressed', parts_encoding='32SC1')
    assert (mask.format, parts.format) == ('mono8; png compressed ', '8UC1; png compressed ')
    for message, expected in ((mask, MASK * 255), (parts, PARTS.view(np.uint8))):
        assert bytes(message.data[:4]) == b'\x89PNG'
        assert (cv2.imdecode(np.array(message.data, np.uint8), cv2.IMREAD_UNCHANGED) == expected).all()


def test_a_compressed_overlay_is_a_jpeg_of_the_overlay() -> None:
    overlay, message = written('overlay'), written('overlay/compressed')
    assert message.format == 'bgr8; jpeg compressed bgr8'
    picture = cv2.imdecode(np.array(message.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert bytes(message.data[:2]) == b'\xff\xd8'
    assert picture.shape == (overlay.height, overlay.width, 3)
    assert np.abs(picture.astype(int) - np.frombuffer(overlay.data, np.uint8).reshape(picture.shape)).mean() < 20


def topics_that_need(need: outputs.Need, **settings: Any) -> set[str]:
    return {topic for topic, output in BY_TOPIC.items() if need in output.needs(PictureSettings(**settings))}


def test_only_what_shows_confidence_asks_for_it() -> None:
    assert topics_that_need('confidence') == {'confidence', 'semantic/confidence'}
    assert topics_that_need('confidence', overlay_effect='cutout') == {
        'confidence', 'semantic/confidence', 'overlay', 'overlay/compressed',
    }  # fmt: skip


def test_outputs_that_show_parts_require_them() -> None:
    require = topics_that_need('parts')
    assert require == {'parts', 'parts/compressed', 'parts_color'}
    assert topics_that_need('parts', mask_parts=('faces',)) == require | {'mask', 'mask/compressed'}
    assert topics_that_need('parts', overlay_effect='blur_faces') == require | {'overlay', 'overlay/compressed'}
    assert topics_that_need('parts', semantic_classes='parts') == require | {'semantic/mask'}


def test_outputs_that_are_published_without_parts_use_them_if_there_are_any() -> None:
    people = {'people', 'people/pose'}
    assert topics_that_need('parts_if_any') == people | {'overlay', 'overlay/compressed'}
    assert topics_that_need('parts_if_any', overlay_effect='bokeh') == people


def test_the_overlay_of_a_model_without_parts_darkens_the_background() -> None:
    mask = np.array([[True, False]])
    image = np.full((1, 2, 3), 100, np.uint8)
    one = Result(Header(), image, Segmentation(mask), 'bodypix1', PictureSettings(overlay_opacity=0.7))
    message = outputs.OutputMessage(Image)
    assert BY_TOPIC['overlay'].write(message, one)
    assert list(message.content.data) == [100, 100, 100, 30, 30, 30]


def test_where_anonymising_failed_no_image_is_published() -> None:
    failed = result(np.ones((2, 3), bool), anonymized=ValueError('no memory'))
    publishers: Any = [Publisher(BY_TOPIC[topic]) for topic in ('anonymized', 'anonymized/compressed')]
    failures = outputs.publish_outputs(publishers, failed)
    assert failures == {topic: 'ValueError: no memory' for topic in ('anonymized', 'anonymized/compressed')}
    assert [one.published for one in publishers] == [0, 0]
    assert not any(len(one.message.content.data) for one in publishers)
