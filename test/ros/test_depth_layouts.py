# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What RViz, Foxglove and other nodes are configured to receive is what `depth_filter` publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bodypix_ros.ros.depth_outputs import DEPTH, PEOPLE, POINTS

yaml = pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

CONFIG = Path(__file__).resolve().parent.parent.parent / 'config'
PUBLISHED = {f'/{output.topic}' for output in (*DEPTH, *POINTS, *PEOPLE)} | {'/people/markers'}
WARNING = 'must receive the unfiltered'


def values_of(tree: Any, key: str) -> Iterator[Any]:
    """Yield the values of a key, wherever in a tree."""
    if isinstance(tree, dict):
        yield from [tree[key]] if key in tree else []
        for one in tree.values():
            yield from values_of(one, key)
    elif isinstance(tree, list):
        for one in tree:
            yield from values_of(one, key)


def test_rviz_shows_what_is_published() -> None:
    layout = yaml.safe_load((CONFIG / 'depth.rviz').read_text())
    topics = [one['Value'] for one in values_of(layout, 'Topic')]
    assert topics == ['/depth/no_people', '/points/no_people', '/people/points', '/people/markers']
    assert set(topics) <= PUBLISHED


def test_foxglove_shows_what_is_published() -> None:
    layout = json.loads((CONFIG / 'depth.foxglove.json').read_text())
    clouds = {topic for topics in values_of(layout, 'topics') for topic in topics}
    images = set(values_of(layout, 'imageTopic'))
    assert clouds == {'/points/no_people', '/people/points', '/people/markers'}
    assert images == {'/depth/image', '/depth/no_people'}


@pytest.mark.parametrize('name', ['depth', 'bodypix'])
def test_every_panel_of_foxglove_is_placed(name: str) -> None:
    layout = json.loads((CONFIG / f'{name}.foxglove.json').read_text())
    placed = {one for side in ('first', 'second') for one in values_of(layout['layout'], side) if isinstance(one, str)}
    assert placed == set(layout['configById'])


def test_nav2_marks_the_global_costmap_without_people_and_the_local_one_with_them() -> None:
    layers = yaml.safe_load((CONFIG / 'nav2_depth_layers.yaml').read_text())
    assert set(values_of(layers['global_costmap'], 'topic')) == {'/points/no_people'}
    local = layers['local_costmap']['local_costmap']['ros__parameters']['voxel_layer']
    assert local['observation_sources'].split()[0] == 'unfiltered'
    assert (local['unfiltered']['topic'], local['people']['topic']) == ('/points', '/people/points')
    stvl = layers['global_costmap']['global_costmap']['ros__parameters']['stvl_layer']
    assert stvl['no_people']['filter'] in ('passthrough', 'voxel')  # with others, NaN reaches the layer


def test_moveit_finds_every_parameter_in_the_order_in_which_it_reads_them() -> None:
    sensor = yaml.safe_load((CONFIG / 'moveit_sensors_3d.yaml').read_text())['people_removed']
    assert list(sensor) == [
        'sensor_plugin', 'image_topic', 'queue_size', 'near_clipping_plane_distance', 'far_clipping_plane_distance',
        'shadow_threshold', 'padding_scale', 'padding_offset', 'max_update_rate', 'skip_vertical_pixels',
        'skip_horizontal_pixels', 'filtered_cloud_topic', 'ns',
    ]  # fmt: skip
    floats = {'distance', 'threshold', 'scale', 'offset', 'rate'}
    for name, value in sensor.items():
        assert name.rpartition('_')[2] not in floats or isinstance(value, float)


@pytest.mark.parametrize(
    'file',
    [
        'config/nav2_depth_layers.yaml',
        'docs/nodes/depth_filter.md',
        'docs/tutorials/maps.md',
        *(f'launch/depth_{one}.launch.py' for one in ('filter', 'rtabmap', 'octomap', 'nav2')),
    ],
)
def test_the_files_say_in_bold_that_what_stops_for_people_gets_unfiltered_data(file: str) -> None:
    text = ' '.join((CONFIG.parent / file).read_text().replace('>', ' ').replace('#', ' ').split())
    bold = [piece for number, piece in enumerate(text.split('**')) if number % 2]
    assert [piece for piece in bold if WARNING in piece and 'collision_monitor' in piece], file


@pytest.mark.parametrize('file', ['config/moveit_sensors_3d.yaml', 'launch/depth_moveit.launch.py'])
def test_the_files_for_moveit_say_in_bold_that_people_are_not_avoided(file: str) -> None:
    text = ' '.join((CONFIG.parent / file).read_text().replace('#', ' ').split())
    assert '**MoveIt then plans as if people were not present:' in text
