# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node with BlazePose: its results equal those of the API, and missing parts are explained."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot, pixels

import bodypix_ros
from bodypix_ros.msg import PersonArray, Stats
from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS
from bodypix_ros.srv import Segment

WARN = b'\1'


def first_answers(robot: Robot, image: Any, topics: list[str]) -> dict[str, Any]:
    """Publish an image and return the first messages with its stamp: later ones depend on the previous image."""
    robot.answer(image, topics)
    return {
        topic: next(one for one in robot.received[topic] if one.header.stamp == image.header.stamp) for topic in topics
    }


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], mediapipe_dir: str) -> Process:
    return start_plain('-p', 'model:=blazepose_full', '-p', f'model_dir:={mediapipe_dir}')


@pytest.fixture(scope='module')
def answers(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> dict[str, Any]:
    robot.subscribe('bodypix/stats', Stats)
    robot.next('bodypix/stats', lambda stats: stats.model)
    robot.subscribe('people', PersonArray)
    for topic in ('mask', 'instances', 'confidence', 'overlay'):
        robot.subscribe(topic)
    image = robot.message(astronaut)
    topics = ['mask', 'instances', 'confidence', 'overlay', 'people']
    return {'image': image, **first_answers(robot, image, topics)}


@pytest.fixture(scope='module')
def expected(mediapipe_dir: str, astronaut: NDArray[np.uint8]) -> bodypix_ros.Segmentation:
    net = bodypix_ros.load(model='blazepose_full', model_dir=mediapipe_dir, provider='cpu')
    return net.segment(astronaut, people=True, confidence=True)


def test_every_message_has_the_header_of_its_image(answers: dict[str, Any]) -> None:
    for topic in ('mask', 'instances', 'confidence', 'overlay', 'people'):
        assert answers[topic].header == answers['image'].header


def test_pixels_equal_those_of_the_api(answers: dict[str, Any], expected: bodypix_ros.Segmentation) -> None:
    assert expected.people is not None
    np.testing.assert_array_equal(pixels(answers['mask']) > 0, expected.mask)
    np.testing.assert_array_equal(pixels(answers['instances']), expected.people.labels)
    np.testing.assert_array_equal(pixels(answers['confidence']), expected.confidence)
    assert expected.mask.mean() > 0.3


def test_people_have_33_keypoints_in_pixels_and_in_metres(
    answers: dict[str, Any], expected: bodypix_ros.Segmentation
) -> None:
    people = answers['people']
    assert (people.model, people.part_ids, people.keypoint_set) == ('blazepose_full', '', 'blazepose33')
    assert people.z_kind == PersonArray.Z_HIP_RELATIVE
    (person,) = people.people
    assert expected.people is not None
    (wanted,) = expected.people.persons
    assert person.track_id == 1
    assert person.parts == []
    for points, others in (
        (person.keypoints, wanted.keypoints),
        (person.world_keypoints, wanted.world_keypoints),
    ):
        assert [point.name for point in points] == list(BLAZEPOSE_KEYPOINTS)
        for point, other in zip(points, others, strict=True):
            found = point.x, point.y, point.z, point.score, point.presence
            assert found == pytest.approx((other.x, other.y, other.z, other.score, other.presence), rel=1e-6)
    hips = [point for point in person.world_keypoints if point.name.endswith('_hip')]
    assert abs(sum(point.x for point in hips)) < 0.02  # metres; the origin is midway between the hips


def test_topics_of_parts_are_explained(robot: Robot, answers: dict[str, Any], node: Process) -> None:
    robot.subscribe('parts')
    text = 'parts is not published: MediaPipe BlazePose full has no body parts; set model to bodypix_ros or bodypix'
    image = answers['image']
    robot.answer(image, ['mask'])

    def shown(status: Any) -> bool:
        robot.show(image)
        return bool(status.level == WARN and status.message == text)

    robot.diagnosis('network', shown)
    robot.until_logged(node, text)
    robot.unsubscribe('parts')


def test_the_service_returns_people_and_explains_missing_parts(robot: Robot, answers: dict[str, Any]) -> None:
    answer = robot.call(Segment, 'bodypix/segment', Segment.Request(image=answers['image'], people=True))
    assert (answer.success, answer.message) == (True, 'MediaPipe BlazePose full has no body parts')
    assert answer.mask == answers['mask']
    assert list(answer.parts.data) == []
    assert [len(person.keypoints) for person in answer.people.people] == [33]


def test_the_model_can_change_at_run_time(robot: Robot, answers: dict[str, Any]) -> None:
    assert robot.set('model', 'selfie_general') == ''
    robot.next('bodypix/stats', lambda stats: stats.model == 'MediaPipe selfie_general')
    assert robot.set('model', 'bodypix_ros') == ''
    robot.next('bodypix/stats', lambda stats: stats.model.startswith('bodypix_ros'))
    people = first_answers(robot, robot.message(pixels(answers['image'])), ['people'])['people']
    assert (people.keypoint_set, people.part_ids, people.z_kind) == ('coco17', 'bodypix1', PersonArray.Z_NONE)
    assert math.isnan(people.people[0].keypoints[0].z)
    assert people.people[0].track_id == 1  # tracks continue
