# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why no results are published: in the log once, in the diagnostics as long as it lasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import BEST_EFFORT, Process, Robot, value_of
from sensor_msgs.msg import CompressedImage, Image

from bodypix_ros.msg import Stats
from bodypix_ros.ros.advice import CameraFacts, Level, ModelFacts, Status, StatusLog, camera_status, model_status
from bodypix_ros.ros.qos import Offer, Request

OK, WARN, ERROR = b'\0', b'\1', b'\2'


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], robot: Robot) -> Process:
    """A node that misses images after half a second; the tests below build on each other."""
    process = start_plain('-p', 'stale_after_s:=0.5')
    robot.subscribe('bodypix/stats', Stats)
    robot.next('bodypix/stats', lambda stats: stats.model)
    return process


def status_of_camera(robot: Robot, level: bytes, text: str) -> Any:
    """Wait until the diagnostics of the camera say something at a level."""
    return robot.diagnosis('camera', lambda status: status.level == level and text in status.message)


def test_a_camera_without_subscribers_is_idle(robot: Robot, node: Process) -> None:
    status = status_of_camera(robot, OK, 'the outputs for /image have no subscribers')
    assert value_of(status, 'outputs wanted') == ''
    robot.until_logged(node, 'the outputs for /image have no subscribers, so its images are not received; subscribe')


def test_a_missing_camera_is_reported_with_the_topics_that_carry_images(robot: Robot, node: Process) -> None:
    other = robot.node.create_publisher(Image, 'head/image_raw', 5)
    robot.subscribe('mask')
    status_of_camera(robot, ERROR, '/image has no publisher: start the camera, or remap the image topic')
    status_of_camera(robot, ERROR, '(images are on /head/image_raw): -r image:=/head/image_raw')
    robot.until_logged(node, '/image has no publisher: start the camera')
    assert robot.next('bodypix/stats').cameras[0].state == 'no publisher'
    robot.node.destroy_publisher(other)


def test_a_camera_that_sends_nothing_is_reported(robot: Robot, node: Process) -> None:
    robot.camera()
    status_of_camera(robot, ERROR, 'no image on /image yet: /robot does not publish; check the camera and its driver')


def test_images_that_arrive_are_reported(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    robot.until_seen()
    robot.answer(robot.message(astronaut), ['mask'])
    status = show_until(robot, astronaut, OK, 'receiving images on /image')
    assert value_of(status, 'subscription') == 'reliable, volatile'
    assert float(value_of(status, 'rate out (Hz)')) > 0
    assert float(value_of(status, 'inference p50 (ms)')) > 0
    network = robot.diagnosis('network')
    assert (network.level, network.hardware_id) == (OK, 'cpu')
    assert value_of(network, 'model') == 'bodypix_ros 1.0'


def test_a_camera_that_stopped_is_reported(robot: Robot, node: Process) -> None:
    status_of_camera(robot, ERROR, '/robot has stopped publishing; check the camera and its driver')
    robot.until_logged(node, 'no image on /image for ')


def test_unreadable_images_are_reported(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    text = "failed to read images on /image: encoding 'jpeg9' is not supported"
    status = show_until(robot, astronaut, ERROR, text, 'jpeg9')
    assert int(value_of(status, 'images bad')) > 0


def test_a_topic_of_another_type_is_reported(robot: Robot, node: Process) -> None:
    robot.remove_camera()
    robot.camera(kind=CompressedImage)
    status_of_camera(
        robot,
        ERROR,
        '/image has type sensor_msgs/msg/CompressedImage (published by /robot), expected sensor_msgs/msg/Image: '
        'set image_transport to compressed and remap the image topic: -r image/compressed:=/image',
    )
    robot.remove_camera()


def test_incompatible_quality_of_service_is_reported_with_both_profiles(robot: Robot, node: Process) -> None:
    assert robot.set('qos', 'reliable') == ''
    robot.camera(profile=BEST_EFFORT)
    status_of_camera(
        robot,
        ERROR,
        '/image is published as best effort, volatile (by /robot), but requested as reliable, volatile: '
        'set qos to auto or best_effort',
    )
    robot.until_logged(node, '/image is published as best effort')


def test_following_the_advice_helps(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    assert robot.set('qos', 'auto') == ''
    robot.until_seen()
    show_until(robot, astronaut, OK, 'receiving images on /image')


def test_each_problem_was_logged_once(node: Process) -> None:
    for text in (
        '/image has no publisher',
        'no image on /image yet',
        'no image on /image for ',
        'failed to read images on /image',
        '/image has type sensor_msgs/msg/CompressedImage',
        '/image is published as best effort',
    ):
        assert node.log.count(text) <= 1, text
    assert node.log.count('frame dropped') == 1


def show_until(robot: Robot, picture: NDArray[np.uint8], level: bytes, text: str, encoding: str = 'bgr8') -> Any:
    """Publish a picture again and again until the diagnostics of the camera say something."""
    image = robot.message(picture)
    image.encoding = encoding
    timer = robot.node.create_timer(0.05, lambda: robot.show(image))
    try:
        return status_of_camera(robot, level, text)
    finally:
        robot.node.destroy_timer(timer)


def facts(**changes: Any) -> CameraFacts:
    """What is known about a camera that does well, but for the changes."""
    known: dict[str, Any] = {
        'topic': '/image',
        'unmapped_topic': 'image',
        'kind': 'sensor_msgs/msg/Image',
        'active': True,
        'wanted': True,
        'offers': [Offer('/driver', 'sensor_msgs/msg/Image', reliable=True)],
        'request': Request(reliable=True),
        'received': True,
        'silent_s': 0.1,
        'stale_after_s': 2.0,
        'unanswered_s': 0.0,
        'defect': '',
        'all_bad': False,
        'elsewhere': [],
    }
    return CameraFacts(**{**known, **changes})


@pytest.mark.parametrize(
    ('changes', 'level', 'kind'),
    [
        ({}, Level.OK, 'ok'),
        ({'active': False, 'silent_s': 9.0}, Level.OK, 'inactive'),
        ({'wanted': False, 'silent_s': 9.0}, Level.OK, 'idle'),
        ({'received': False}, Level.OK, 'waiting'),
        ({'offers': []}, Level.OK, 'ok'),
        ({'offers': [], 'silent_s': 2.1}, Level.ERROR, 'no publisher'),
        ({'silent_s': 2.0}, Level.OK, 'ok'),
        ({'unanswered_s': 2.0}, Level.OK, 'ok'),
        ({'unanswered_s': 2.1}, Level.ERROR, 'no results'),
        ({'silent_s': 2.1}, Level.ERROR, 'stale'),
        ({'silent_s': 2.1, 'received': False}, Level.ERROR, 'no images'),
        ({'defect': 'short'}, Level.WARN, 'bad images'),
        ({'defect': 'short', 'all_bad': True}, Level.ERROR, 'bad images'),
        ({'offers': [Offer('/x', 'std_msgs/msg/String', reliable=True)], 'silent_s': 3.0}, Level.ERROR, 'wrong type'),
        ({'offers': [Offer('/x', 'sensor_msgs/msg/Image', reliable=False)]}, Level.ERROR, 'incompatible QoS'),
        (
            {'offers': [Offer('/x', 'sensor_msgs/msg/Image', reliable=one) for one in (True, False)]},
            Level.OK,
            'ok',
        ),
    ],
)
def test_facts_are_judged(changes: dict[str, Any], level: Level, kind: str) -> None:
    status = camera_status(facts(**changes))
    assert (status.level, status.kind) == (level, kind)


@pytest.mark.parametrize(
    ('changes', 'level', 'kind', 'text'),
    [
        ({}, Level.OK, 'ok', 'small on cpu'),
        (
            {'name': ''},
            Level.OK,
            'unconfigured',
            'no model is loaded: configure the node, or call its service ~/enable',
        ),
        ({'name': '', 'loading': 'building (50%)'}, Level.WARN, 'loading', 'building (50%)'),
        ({'name': '', 'error': 'no file'}, Level.ERROR, 'no model', 'failed to load the model: no file'),
        ({'failure': 'no paint'}, Level.ERROR, 'failing', 'failed to process images: no paint'),
        ({'busy_s': 5.0}, Level.OK, 'ok', 'small on cpu'),
        (
            {'busy_s': 7.4, 'failure': 'no paint'},
            Level.ERROR,
            'stalled',
            'small on cpu has been running for 7 s on one image; if this persists, restart the node',
        ),
        (
            {'abandoned': 1},
            Level.ERROR,
            'stalled',
            'small on cpu has not stopped on one image; if this persists, restart the node',
        ),
        (
            {'topics_without_parts': ['parts', 'parts_color']},
            Level.WARN,
            'no parts',
            'parts, parts_color are not published: small has no body parts; set model to bodypix_ros or bodypix',
        ),
        ({'hands_error': 'no files'}, Level.WARN, 'no hands', 'hands are not found: no files'),
        ({'people_error': 'no heads'}, Level.WARN, 'no people', 'people and instances are not published: no heads'),
        (
            {'error': 'no file'},
            Level.WARN,
            'previous model',
            'failed to load the model: no file; keeping the previous model, small, and its parameters',
        ),
        (
            {'fallback_reason': 'no weights'},
            Level.WARN,
            'fallback',
            'running small instead of the requested model: no weights',
        ),
        (
            {'requested_provider': 'cuda'},
            Level.WARN,
            'other provider',
            'running on cpu instead of cuda: no GPU',
        ),
        ({'requested_provider': 'cpu'}, Level.OK, 'ok', 'small on cpu'),
    ],
)
def test_the_model_is_judged(changes: dict[str, Any], level: Level, kind: str, text: str) -> None:
    known: dict[str, Any] = {'name': 'small', 'provider': 'cpu', 'provider_reason': 'no GPU'}
    assert model_status(ModelFacts(**{**known, **changes})) == Status(level, kind, text)


RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'


@pytest.mark.parametrize(
    ('kind', 'name', 'found', 'advice'),
    [
        (RAW, 'image', ('/cam/jpg', COMPRESSED),
         'set image_transport to compressed and remap the image topic: -r image/compressed:=/cam/jpg'),
        (RAW, 'front/image', ('/cam/raw/compressed', COMPRESSED),
         'set image_transport to compressed and remap the image topic: -r front/image:=/cam/raw'),
        (COMPRESSED, 'image/compressed', ('/cam/raw', RAW),
         'set image_transport to raw and remap the image topic: -r image:=/cam/raw'),
        (COMPRESSED, 'image/compressed', ('/cam/jpg', COMPRESSED),
         'remap the image topic (images are on /cam/jpg): -r image/compressed:=/cam/jpg'),
        (RAW, 'image', ('/cam/raw', RAW), 'remap the image topic (images are on /cam/raw): -r image:=/cam/raw'),
    ],
)  # fmt: skip
def test_images_elsewhere_come_with_the_remapping_that_works(
    kind: str, name: str, found: tuple[str, str], advice: str
) -> None:
    status = camera_status(facts(kind=kind, unmapped_topic=name, offers=[], silent_s=3.0, elsewhere=[found]))
    assert status.text == f'/image has no publisher: start the camera, or {advice}'


def status(kind: str, level: Level = Level.ERROR) -> Status:
    return Status(level, kind, kind)


def test_a_change_is_logged_and_a_lasting_problem_again_after_a_minute() -> None:
    status_log = StatusLog(repeat_s=60.0, pause_s=2.0)
    logged = [second for second in range(130) if status_log.is_news('camera', status('stale'), float(second))]
    assert logged == [0, 60, 120]


def test_a_lasting_good_state_is_logged_once() -> None:
    status_log = StatusLog(repeat_s=60.0, pause_s=2.0)
    assert status_log.is_news('camera', status('stale'), 0.0)
    logged = [second for second in range(3, 130) if status_log.is_news('camera', status('ok', Level.OK), float(second))]
    assert logged == [3]


@pytest.mark.parametrize('kind', ['ok', 'waiting', 'loading'])
def test_a_good_start_is_not_worth_a_line(kind: str) -> None:
    assert not StatusLog().is_news('camera', status(kind, Level.OK), 0.0)


def test_states_that_alternate_quickly_do_not_flood_the_log() -> None:
    status_log = StatusLog(repeat_s=60.0, pause_s=2.0)
    kinds = [status('stale'), status('ok', Level.OK)]
    logged = sum(status_log.is_news('camera', kinds[step % 2], step * 0.5) for step in range(40))
    assert logged <= 11
