# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""config/nav2_people_layer.yaml does what it promises, in a consumer that behaves as the semantic layer of Nav2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from consumers.semantic_layer import Cell, SemanticLayer, room

yaml = pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

CONFIG = Path(__file__).resolve().parent.parent.parent / 'config' / 'nav2_people_layer.yaml'
HEIGHT, WIDTH = 60, 80
LABELS = {0: 'background', 1: 'person'}


@pytest.fixture
def parameters() -> dict[str, Any]:
    costmap = yaml.safe_load(CONFIG.read_text())['local_costmap']['local_costmap']['ros__parameters']
    source: dict[str, Any] = costmap['people_layer'][costmap['people_layer']['observation_sources']]
    return source


@pytest.fixture
def layer(parameters: dict[str, Any]) -> SemanticLayer:
    layer = SemanticLayer(parameters)
    layer.label_info(LABELS)
    return layer


def look(layer: SemanticLayer, stamp_s: float, *, person: bool, confidence: int = 230) -> set[Cell]:
    """Let the layer see the room once; return the cells that the person stands in."""
    points, labels, camera = room(HEIGHT, WIDTH, person=person)
    layer.observe(labels.tobytes(), bytes([confidence]) * labels.size, points, camera, stamp_s)
    cells = np.floor(points[labels == 1, :2] / 0.05).astype(int)
    return {(int(x), int(y)) for x, y in cells}


def cells_of_cost(layer: SemanticLayer, now_s: float, cost: int) -> set[Cell]:
    return {cell for cell, one in layer.costs(now_s).items() if one == cost}


def test_the_plugin_is_in_the_list_of_layers_before_the_inflation() -> None:
    costmap = yaml.safe_load(CONFIG.read_text())['local_costmap']['local_costmap']['ros__parameters']
    assert costmap['plugins'].index('people_layer') < costmap['plugins'].index('inflation_layer')
    assert costmap['people_layer']['plugin'] == 'semantic_segmentation_layer::SemanticSegmentationLayer'


def test_all_topics_are_absolute(parameters: dict[str, Any]) -> None:
    topics = {name: value for name, value in parameters.items() if name.endswith('_topic')}
    assert topics == {
        'segmentation_topic': '/semantic/mask',
        'confidence_topic': '/semantic/confidence',
        'labels_topic': '/semantic/label_info',
        'pointcloud_topic': '/semantic/points',
    }


def test_every_class_of_the_label_info_has_a_cost(layer: SemanticLayer) -> None:
    assert layer.ignored_classes == []


def test_three_images_of_a_person_make_exactly_the_cells_of_the_person_lethal(layer: SemanticLayer) -> None:
    for number in range(3):
        person = look(layer, 10 + 0.1 * number, person=True)
    assert len(person) > 5
    assert cells_of_cost(layer, 10.3, 254) == person
    assert set(layer.costs(10.3).values()) == {0, 254}


def test_the_first_image_raises_the_cost_of_the_cells_at_once(layer: SemanticLayer) -> None:
    person = look(layer, 10.0, person=True)
    assert cells_of_cost(layer, 10.0, 200) == person


def test_an_uncertain_person_does_not_become_lethal(layer: SemanticLayer) -> None:
    for number in range(5):
        person = look(layer, 10 + 0.1 * number, person=True, confidence=140)
    assert cells_of_cost(layer, 10.5, 200) == person
    assert cells_of_cost(layer, 10.5, 254) == set()


def test_the_cells_are_free_soon_after_the_person_has_left(layer: SemanticLayer) -> None:
    for number in range(3):
        person = look(layer, 10 + 0.1 * number, person=True)
    assert cells_of_cost(layer, 10.3, 254) == person
    for number in range(12):
        look(layer, 10.3 + 0.1 * number, person=False)
    seen_now = {cell for cell, cost in layer.costs(11.5).items() if cost == 0}
    left = cells_of_cost(layer, 11.5, 254) | cells_of_cost(layer, 11.5, 200)
    points, _, _ = room(HEIGHT, WIDTH, person=False)
    visible = {(int(x), int(y)) for x, y in np.floor(points[:, :2] / 0.05).astype(int)}
    assert seen_now
    assert left & visible == set(), 'only cells in which nothing is visible keep their cost'


def test_without_the_class_background_a_person_would_stay_for_ever(parameters: dict[str, Any]) -> None:
    layer = SemanticLayer(parameters)
    layer.label_info({1: 'person'})
    for number in range(3):
        person = look(layer, 10 + 0.1 * number, person=True)
    assert cells_of_cost(layer, 10.3, 254) == person
    for number in range(50):
        look(layer, 10.3 + 0.1 * number, person=False)
    assert cells_of_cost(layer, 20.0, 254) == person
