# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""People as messages, and their pixels as an image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import write_checkpoint
from golden import Golden
from official_shapes import mobilenet_shapes, noise
from robot import Process, Robot, pixels

from bodypix_ros.msg import Hand, PersonArray
from bodypix_ros.parts import KEYPOINTS, part_names
from bodypix_ros.people import SIDES, Z_KINDS

TOPICS = ['people', 'instances', 'parts', 'mask']


@pytest.fixture(scope='module')
def golden(shared: object) -> Golden:
    return Golden.load(shared, 'three_people_1049x861__s16__rmedium')  # type: ignore[arg-type]


@pytest.fixture(scope='module')
def node(start: Callable[..., Process]) -> Process:
    return start('-p', 'threshold:=0.7', '-p', 'instances:=cpu')


@pytest.fixture(scope='module')
def answers(robot: Robot, node: Process, golden: Golden) -> dict[str, Any]:
    robot.subscribe('people', PersonArray)
    for topic in ('instances', 'parts', 'mask'):
        robot.subscribe(topic)
    image = robot.message(golden.image)
    return {'image': image, **robot.answer(image, TOPICS)}


def test_numbers_are_the_constants_of_the_messages() -> None:
    assert Z_KINDS == {'coco17': PersonArray.Z_NONE, 'blazepose33': PersonArray.Z_HIP_RELATIVE}
    assert SIDES == {'left': Hand.LEFT, 'right': Hand.RIGHT}


@pytest.mark.parametrize('topic', TOPICS)
def test_everything_has_the_header_of_its_image(answers: dict[str, Any], topic: str) -> None:
    assert answers[topic].header == answers['image'].header


def test_each_person_of_the_picture_is_there(answers: dict[str, Any], golden: Golden) -> None:
    people = answers['people']
    assert (people.width, people.height, people.part_ids) == (1049, 861, 'bodypix1')
    strong = [pose for pose in golden.poses['allPoses'] if pose['score'] >= 0.4]
    assert len(people.people) == len(strong)
    for person, pose in zip(people.people, strong, strict=True):
        assert person.score == pytest.approx(pose['score'], abs=1e-4)
        assert [point.name for point in person.keypoints] == list(KEYPOINTS)
        for point, wanted in zip(person.keypoints, pose['keypoints'], strict=True):
            assert (point.x, point.y) == pytest.approx((wanted['position']['x'], wanted['position']['y']), abs=0.01)
            assert point.score == pytest.approx(wanted['score'], abs=1e-5)
        assert (person.track_id > 0) == (person.score >= 0.5)


def test_the_instances_are_those_of_bodypix(answers: dict[str, Any], golden: Golden) -> None:
    instances = pixels(answers['instances'])
    truth = golden.outputs['multi_id_t0.7'].astype(int) + 1
    assert answers['instances'].encoding == '8UC1'
    assert (instances == truth).mean() >= 0.999
    assert set(np.unique(instances)) == {0, *(person.id for person in answers['people'].people)}


def test_boxes_and_areas_fit_the_instances(answers: dict[str, Any]) -> None:
    instances = pixels(answers['instances'])
    for person in answers['people'].people:
        rows, columns = np.nonzero(instances == person.id)
        assert person.area_px == len(rows)
        box = person.box
        assert (box.x_offset, box.y_offset) == (columns.min(), rows.min())
        assert (box.width, box.height) == (np.ptp(columns) + 1, np.ptp(rows) + 1)


def test_parts_of_a_person_fit_the_parts_image(answers: dict[str, Any]) -> None:
    instances, parts = pixels(answers['instances']), pixels(answers['parts'])
    names = part_names('bodypix1')
    for person in answers['people'].people:
        own = np.where(instances == person.id, parts, -1)
        assert [part.id for part in person.parts] == [part for part in np.unique(own) if part >= 0]
        for part in person.parts:
            rows, columns = np.nonzero(own == part.id)
            assert part.name == names[part.id]
            assert part.area_px == len(rows)
            assert (part.x, part.y) == pytest.approx((columns.mean(), rows.mean()), abs=1e-3)
            assert part.box.width == np.ptp(columns) + 1


def test_nobody_is_an_empty_list(robot: Robot, answers: dict[str, Any], golden: Golden) -> None:
    found = robot.answer(robot.message(np.zeros_like(golden.image)), TOPICS)
    assert found['people'].people == []
    assert not pixels(found['instances']).any()


def test_a_network_without_poses_publishes_the_mask(
    robot: Robot, start: Callable[..., Process], golden: Golden, tmp_path: Path
) -> None:
    folder = write_checkpoint(tmp_path / 'first', 'model.json', noise(mobilenet_shapes(0.25, version=1)))
    values = {'version': 1, 'multiplier': 0.25, 'checkpoint': folder.parent if folder.is_file() else folder}
    node = start('-r', '__ns:=/first', *(word for item in values.items() for word in ('-p', '{}:={}'.format(*item))))
    robot.subscribe('first/people', PersonArray)
    robot.subscribe('first/mask')
    assert robot.answer(robot.message(golden.image), ['first/mask'], 'first/image')
    robot.until_logged(node, 'people and instances are not published: ')
    assert robot.received['first/people'] == []
