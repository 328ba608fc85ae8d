# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What RViz, Foxglove and other nodes are configured to receive is what our nodes publish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bodypix_ros.ros.depth_outputs import DEPTH, PEOPLE, POINTS
from bodypix_ros.ros.outputs import OUTPUTS
from bodypix_ros.ros.qos import output_profile

yaml = pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

CONFIG = Path(__file__).resolve().parent.parent.parent / 'config'
TYPES = {output.topic: output.kind.__name__ for output in (*OUTPUTS, *DEPTH, *POINTS, *PEOPLE)}
"""Type of each topic that our nodes publish, without the names of cameras."""
TYPES.setdefault('people/markers', 'MarkerArray')  # absent without visualization_msgs
INPUTS = ('image', 'depth/image')
CAMERAS = ('front/', 'rear/')
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


def name_of(topic: str) -> str:
    """Return the name of a topic without the root namespace and the name of the camera."""
    assert topic.startswith('/'), 'the launch files remap absolute names'
    name = topic[1:]
    return next((name.removeprefix(camera) for camera in CAMERAS if name.startswith(camera)), name)


@pytest.mark.parametrize('file', ['bodypix', 'multi_camera', 'depth'])
def test_rviz_receives_what_is_published(file: str) -> None:
    layout = yaml.safe_load((CONFIG / f'{file}.rviz').read_text())
    displays = [one for one in layout['Visualization Manager']['Displays'] if 'Topic' in one]
    assert displays
    for display in displays:
        topic = display['Topic']
        name = name_of(topic['Value'])
        assert display['Class'] == f'rviz_default_plugins/{"Image" if name in INPUTS else TYPES[name]}'
        # Our topics are volatile, which is incompatible with a transient local subscription.
        assert topic['Durability Policy'] == 'Volatile'
        assert topic['Reliability Policy'] == ('Best Effort' if name in INPUTS else 'Reliable')
    assert output_profile().reliability.name == 'RELIABLE', 'compatible with a reliable subscription'


@pytest.mark.parametrize('file', ['bodypix', 'depth'])
def test_foxglove_receives_what_is_published(file: str) -> None:
    layout = json.loads((CONFIG / f'{file}.foxglove.json').read_text())
    images = [name_of(topic) for topic in values_of(layout, 'imageTopic')]
    clouds = [name_of(topic) for topics in values_of(layout, 'topics') for topic in topics]
    assert {TYPES[name] for name in images if name not in INPUTS} == {'Image'}
    assert {TYPES[name] for name in clouds} == ({'PointCloud2', 'MarkerArray'} if file == 'depth' else set())
    assert list(values_of(layout, 'topicToRender')) == ['/diagnostics']


def test_the_layouts_of_depth_show_all_results_for_maps_and_people() -> None:
    rviz = yaml.safe_load((CONFIG / 'depth.rviz').read_text())
    shown = ['/depth/no_people', '/points/no_people', '/people/points', '/people/markers']
    assert [one['Value'] for one in values_of(rviz, 'Topic')] == shown
    foxglove = json.loads((CONFIG / 'depth.foxglove.json').read_text())
    assert {topic for topics in values_of(foxglove, 'topics') for topic in topics} == set(shown[1:])
    assert set(values_of(foxglove, 'imageTopic')) == {'/depth/image', shown[0]}


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
