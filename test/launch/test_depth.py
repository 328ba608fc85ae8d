# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files of `depth_filter` and of the consumers of depth without people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch_ros', reason='needs launch_ros, which a ROS installation brings and wheels do not')

from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
from stubs import REPOSITORY, StubInstall

from bodypix_ros.launching.texts import value_text
from bodypix_ros.settings import DepthSettings

RECIPES = {
    'depth_filter': [],
    'depth_rtabmap': [('rtabmap_slam', 'rtabmap'), ('rtabmap_odom', 'rgbd_odometry')],
    'depth_octomap': [('octomap_server', 'octomap_server_node')],
    'depth_moveit': [],
    'depth_nav2': [],
}
FILTER_TOPICS = {
    'depth/image': '/cam/depth/image_raw',
    'depth/camera_info': '/cam/depth/camera_info',
    'points': '/cam/points',
    'mask': '/seg/mask',
    'people': '/seg/people',
    'instances': '/seg/instances',
    'parts': '/seg/parts',
    'people/pose': '/seg/people/pose',
    'camera_info': '/cam/color/camera_info',
    'depth/no_people': '/robot/depth/no_people',
    'depth/no_people/camera_info': '/robot/depth/no_people/camera_info',
    'points/no_people': '/robot/points/no_people',
    'people_3d': '/robot/people_3d',
}
GIVEN = (
    'namespace:=robot', 'depth:=/cam/depth/image_raw', 'points:=/cam/points', 'mask:=/seg/mask',
    'camera_info:=/cam/color/camera_info',
)  # fmt: skip
CONSUMER_TOPICS = ('rgb/image', 'rgb/camera_info', 'depth/image', 'cloud_in')


@pytest.fixture
def install(tmp_path: Path) -> StubInstall:
    install = StubInstall(tmp_path)
    install.add('bodypix_ros', 'depth_filter')
    for packages in RECIPES.values():
        for package, executable in packages:
            install.add(package, executable)
    return install


def launch(install: StubInstall, name: str, *arguments: str) -> dict[str, Any]:
    return install.launch(f'{name}.launch.py', *arguments, TOPICS=' '.join({*FILTER_TOPICS, *CONSUMER_TOPICS}))


@pytest.mark.parametrize('name', RECIPES)
def test_every_launch_file_has_every_parameter_and_connects_the_filter(name: str, install: StubInstall) -> None:
    node = launch(install, name, *GIVEN, 'dilate_px:=12', 'slop_s:=0.1')['depth_filter']
    assert node['name'] == '/robot/depth_filter'
    assert node['parameters']['dilate_px'] == 12
    assert node['parameters']['slop_s'] == 0.1
    assert 'on_missing' not in node['parameters'], 'only what was given wins over a parameter file'
    expected = dict(FILTER_TOPICS)
    if name == 'depth_moveit':
        expected['depth/no_people'] = '/robot/depth_no_people/image'
        expected['depth/no_people/camera_info'] = '/robot/depth_no_people/camera_info'
    assert {topic: node['topics'][topic] for topic in expected} == expected


def test_the_arguments_are_the_settings(monkeypatch: pytest.MonkeyPatch, install: StubInstall) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(install.prefix))
    path = REPOSITORY / 'launch' / 'depth_filter.launch.py'
    description = PythonLaunchDescriptionSource(str(path)).get_launch_description(LaunchContext())
    found = {one.name: one for one in description.get_launch_arguments()}
    for setting in DepthSettings.describe():
        assert found[setting.name].description.startswith(setting.description)
        default = ''.join(part.describe() for part in found[setting.name].default_value or [])
        assert default.strip("'") == value_text(setting.default)


def test_rtabmap_maps_the_depth_without_people_and_finds_no_features_on_them(install: StubInstall) -> None:
    started = launch(install, 'depth_rtabmap', *GIVEN, 'image:=/cam/color/image_raw', 'use_sim_time:=true')
    for executable in ('rtabmap', 'rgbd_odometry'):
        node = started[executable]
        assert node['topics']['rgb/image'] == '/cam/color/image_raw'
        assert node['topics']['rgb/camera_info'] == '/cam/color/camera_info'
        assert node['topics']['depth/image'] == '/robot/depth/no_people'
        assert node['parameters']['Vis/DepthAsMask'] == node['parameters']['Mem/DepthAsMask'] == 'true'
        assert node['parameters']['sync_queue_size'] == 30, 'colour images wait for depth, which is late by the mask'
        assert node['parameters']['use_sim_time'] is True


def test_octomap_server_receives_the_cloud_without_people(install: StubInstall) -> None:
    node = launch(install, 'depth_octomap', *GIVEN, 'frame_id:=odom', 'resolution:=0.1')['octomap_server_node']
    assert node['topics']['cloud_in'] == '/robot/points/no_people'
    assert node['parameters']['frame_id'] == 'odom'
    assert node['parameters']['resolution'] == 0.1
    assert node['parameters']['sensor_model.max_range'] == 5.0


@pytest.mark.parametrize('name', ['depth_rtabmap', 'depth_octomap'])
def test_a_consumer_that_is_not_installed_is_reported_in_a_sentence(name: str, tmp_path: Path) -> None:
    install = StubInstall(tmp_path)
    install.add('bodypix_ros', 'depth_filter')
    log = install.launch(f'{name}.launch.py')['log']
    package = RECIPES[name][0][0].replace('_', '-')
    assert f'is not installed, or its workspace is not sourced: sudo apt install ros-jazzy-{package}' in log
    assert 'Traceback' not in log
