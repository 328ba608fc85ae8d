# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node over the real transport: a picture goes in here, results come back from another process."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from golden import Golden
from robot import Process, Robot, pixels

from bodypix_ros.msg import Stats
from bodypix_ros.palettes import BLACK, palette_colors
from bodypix_ros.parts import renumbering
from bodypix_ros.ros.image_msg import fill

TOPICS = ['mask', 'parts', 'parts_color', 'overlay']
THRESHOLD = 0.5


@pytest.fixture(scope='module')
def golden(shared: Path) -> Golden:
    return Golden.load(shared, 'karolina_640x480__s16__rmedium')


@pytest.fixture(scope='module')
def answers(robot: Robot, node: Process, golden: Golden) -> dict[str, object]:
    """What the node makes of one picture, and the picture itself."""
    for topic in TOPICS:
        robot.subscribe(topic)
    image = robot.message(golden.image)
    return {'image': image, **robot.answer(image, TOPICS)}


@pytest.mark.parametrize('topic', TOPICS)
def test_every_output_has_the_header_of_its_image(answers: dict[str, object], topic: str) -> None:
    assert answers[topic].header == answers['image'].header


@pytest.mark.parametrize(
    ('topic', 'encoding', 'pixel_bytes'),
    [('mask', 'mono8', 1), ('parts', '8SC1', 1), ('parts_color', 'rgb8', 3), ('overlay', 'bgr8', 3)],
)
def test_every_output_has_the_size_of_its_image(
    answers: dict[str, object], topic: str, encoding: str, pixel_bytes: int
) -> None:
    message = answers[topic]
    assert (message.width, message.height, message.encoding) == (640, 480, encoding)
    assert message.step == 640 * pixel_bytes
    assert len(message.data) == 480 * message.step


def test_the_mask_is_that_of_bodypix(answers: dict[str, object], golden: Golden) -> None:
    mask = pixels(answers['mask'])
    assert set(np.unique(mask)) == {0, 255}
    assert (mask == 255 * _golden_mask(golden)).mean() >= 0.9999


def test_the_parts_are_those_of_bodypix_by_the_numbers_of_version_1(answers: dict[str, object], golden: Golden) -> None:
    labels = renumbering('bodypix2', 'bodypix1')[_golden_parts(golden)]
    assert (pixels(answers['parts']) == labels).mean() >= 0.9999


def test_parts_are_coloured_by_the_palette(answers: dict[str, object]) -> None:
    labels = pixels(answers['parts'])
    assert (pixels(answers['parts_color']) == palette_colors('rainbow', 'bodypix1', background=BLACK)[labels]).all()


def test_the_overlay_leaves_the_background_as_it_is(answers: dict[str, object], golden: Golden) -> None:
    outside = pixels(answers['parts']) < 0
    overlay = pixels(answers['overlay'])
    assert (overlay[outside] == golden.image[outside]).all()
    assert np.abs(overlay[~outside].astype(int) - golden.image[~outside]).mean() > 20


@pytest.mark.parametrize('encoding', ['rgb8', 'bgra8', 'rgba8', 'bgr8 with padded rows'])
def test_the_mask_is_the_same_in_every_colour_encoding(
    robot: Robot, answers: dict[str, object], golden: Golden, encoding: str
) -> None:
    bgr = golden.image
    message = robot.message(bgr)
    if encoding.endswith('rows'):
        padded = np.zeros((480, 2000), np.uint8)
        padded[:, : 640 * 3] = bgr.reshape(480, -1)
        fill(message, message.header, padded, 'bgr8')
        message.width = 640
    else:
        conversion = {'rgb8': cv2.COLOR_BGR2RGB, 'bgra8': cv2.COLOR_BGR2BGRA, 'rgba8': cv2.COLOR_BGR2RGBA}[encoding]
        fill(message, message.header, cv2.cvtColor(bgr, conversion), encoding)
    mask = robot.answer(message, ['mask'])['mask']
    assert (pixels(mask) == pixels(answers['mask'])).all()


def test_a_grey_picture_gives_a_mask_too(robot: Robot, answers: dict[str, object], golden: Golden) -> None:
    grey = cv2.cvtColor(golden.image, cv2.COLOR_BGR2GRAY)
    mask = robot.answer(robot.message(grey, 'mono8'), ['mask'])['mask']
    assert (pixels(mask) == pixels(answers['mask'])).mean() > 0.95


def test_pictures_of_another_size_are_answered_in_their_size(robot: Robot, answers: dict[str, object]) -> None:
    narrow = np.zeros((97, 33, 3), np.uint8)
    found = robot.answer(robot.message(narrow), TOPICS)
    assert {(one.width, one.height) for one in found.values()} == {(33, 97)}
    assert (pixels(found['parts']) == -1).all()


BAD = {
    'encoding': ({'encoding': 'jpeg9'}, "encoding 'jpeg9' is not supported; "),
    'step': ({'step': 100}, "encoding 'bgr8' with step 100 cannot hold 640 pixels of 3 bytes"),
    'data': ({'height': 481}, 'got 921600 bytes of data, expected 481 rows of 1920 bytes'),
    'zero size': ({'width': 0}, 'an image of 0x480 has no pixels'),
    'huge size': ({'width': 100_000, 'height': 100_000}, 'a size of 100000x100000 exceeds the limit'),
    'odd size': ({'encoding': 'yuv422', 'width': 639}, "encoding 'yuv422' requires an even size, got 639x480"),
}


@pytest.mark.parametrize('kind', BAD)
def test_a_malformed_image_is_dropped_and_reported(
    robot: Robot, node: Process, answers: dict[str, object], golden: Golden, kind: str
) -> None:
    changes, text = BAD[kind]
    message = robot.message(golden.image)
    for name, value in changes.items():
        setattr(message, name, value)
    robot.show(message)
    robot.until_logged(node, f'/image: {text}')
    assert robot.answer(robot.message(golden.image), ['mask'])


def test_malformed_images_are_counted_and_reported_once_per_kind(
    robot: Robot, node: Process, answers: dict[str, object], golden: Golden
) -> None:
    robot.subscribe('bodypix/stats', Stats)
    before = robot.next('bodypix/stats').cameras[0].frames_bad
    bad = robot.message(golden.image, 'secret')
    for expected in range(before + 1, before + 4):
        robot.show(bad)
        robot.next('bodypix/stats', lambda stats, bad=expected: stats.cameras[0].frames_bad == bad)
    robot.answer(robot.message(golden.image), ['mask'])
    stats = robot.next('bodypix/stats').cameras[0]
    assert stats.frames_in == stats.frames_out + stats.frames_dropped + stats.frames_bad
    reports = [
        line for line in node.log.splitlines() if 'is not supported; cv_bridge' in line and 'frame dropped' in line
    ]
    assert len(reports) == 1, node.log  # what the health of the camera says of it is another matter


def test_stats_name_the_network_and_time_its_stages(robot: Robot, answers: dict[str, object], golden: Golden) -> None:
    robot.subscribe('bodypix/stats', Stats)
    robot.answer(robot.message(golden.image), TOPICS)
    stats = robot.until(
        lambda: [one for one in robot.received['bodypix/stats'] if one.cameras[0].inference.p50_ms > 0]
    )[-1]
    assert stats.model == 'official MobileNetV1 0.50, 4-byte weights, stride 16'
    assert stats.provider == 'cpu'
    camera = stats.cameras[0]
    for stage in ('receive', 'wait', 'preprocess', 'inference', 'postprocess', 'publish'):
        assert 0 < getattr(camera, stage).p50_ms <= getattr(camera, stage).p95_ms, stage


def _golden_mask(golden: Golden) -> np.ndarray:
    return golden.outputs[f'person_t{THRESHOLD}']


def _golden_parts(golden: Golden) -> np.ndarray:
    return golden.outputs[f'parts_t{THRESHOLD}']
