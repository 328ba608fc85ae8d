# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running node and a consumer that behaves as Nav2's semantic layer: a room, with and without a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS')

import yaml
from consumers.semantic_layer import Cell, SemanticLayer, room
from robot import BEST_EFFORT, Process, Robot

from bodypix_ros.ros.label_info import class_names

CONFIG = Path(__file__).resolve().parent.parent.parent / 'config' / 'nav2_people_layer.yaml'
TOPICS = ['semantic/mask', 'semantic/confidence']


class Nav2:
    """The layer with the parameters of our configuration, and the messages of a running node."""

    def __init__(self, robot: Robot) -> None:
        costmap = yaml.safe_load(CONFIG.read_text())['local_costmap']['local_costmap']['ros__parameters']
        self.layer = SemanticLayer(costmap['people_layer']['camera'])
        self.layer.label_info(class_names('bodypix1', 'person')['semantic/label_info'])
        self._robot = robot
        for topic in TOPICS:
            robot.subscribe(topic, profile=BEST_EFFORT)

    def look(self, *, person: bool, cloud: tuple[int, int] = (60, 80)) -> tuple[set[Cell], float]:
        """Let the camera see the room in 120x160 pixels, and a depth camera in those of the cloud.

        Returns:
            The cells in which points of the person are, and the time of the image.
        """
        _, red, _ = room(120, 160, person=person)
        image = np.full((120, 160, 3), 80, np.uint8)
        image[red.reshape(120, 160) == 1] = (0, 0, 255)
        found: dict[str, Any] = self._robot.answer(self._robot.message(image), TOPICS)
        points, labels, camera = room(*cloud, person=person)
        mask, confidence = found['semantic/mask'], found['semantic/confidence']
        stamp_s = mask.header.stamp.sec + mask.header.stamp.nanosec * 1e-9
        assert confidence.header.stamp == mask.header.stamp
        self.layer.observe(bytes(mask.data), bytes(confidence.data), points, camera, stamp_s)
        cells = np.floor(points[labels == 1, :2] / 0.05).astype(int)
        return {(int(x), int(y)) for x, y in cells}, stamp_s


@pytest.fixture
def nav2(robot: Robot, node: Process) -> Nav2:
    return Nav2(robot)


@pytest.mark.parametrize('cloud', [(120, 160), (60, 80)])
def test_the_costmap_gets_the_cells_of_the_person_and_nothing_else(
    robot: Robot, nav2: Nav2, cloud: tuple[int, int]
) -> None:
    assert robot.set('semantic_size', f'{cloud[1]}x{cloud[0]}') == ''
    person, stamp_s = nav2.look(person=True, cloud=cloud)
    costs = nav2.layer.costs(stamp_s)
    assert len(person) > 5
    assert nav2.layer.ignored_classes == []
    assert {cell for cell, cost in costs.items() if cost > 0} == person
    assert set(costs.values()) == {0, 200}


def test_an_empty_room_has_no_costs(robot: Robot, nav2: Nav2) -> None:
    assert robot.set('semantic_size', '80x60') == ''
    _, stamp_s = nav2.look(person=False)
    costs = nav2.layer.costs(stamp_s)
    assert len(costs) > 50
    assert set(costs.values()) == {0}


def test_a_mask_that_is_smaller_than_the_cloud_would_be_discarded(robot: Robot, nav2: Nav2) -> None:
    assert robot.set('semantic_size', '80x60') == ''
    with pytest.raises(AssertionError, match='smaller than the cloud'):
        nav2.look(person=True, cloud=(120, 160))
