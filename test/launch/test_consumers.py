# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files that connect the node to nodes of other packages which consume its labels."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('launch_ros', reason='needs launch_ros, which a ROS installation brings and wheels do not')

from stubs import StubInstall

NVBLOX_TOPICS = [f'camera_{i}/{kind}/{name}' for i in (0, 1) for kind in ('color', 'depth', 'mask')
                 for name in ('image', 'camera_info')]  # fmt: skip


@pytest.fixture
def install(tmp_path: Path) -> StubInstall:
    return StubInstall(tmp_path)


@pytest.fixture
def nvblox(install: StubInstall) -> StubInstall:
    install.add('nvblox_ros', 'nvblox_node')
    install.add('nvblox_examples_bringup', 'none')
    config = install.share('nvblox_examples_bringup') / 'config' / 'nvblox'
    (config / 'specializations').mkdir(parents=True)
    (config / 'nvblox_base.yaml').write_text('/**: {ros__parameters: {voxel_size: 0.05, use_segmentation: false}}')
    (config / 'specializations' / 'nvblox_segmentation.yaml').write_text(
        '/**: {ros__parameters: {mapping_type: human_with_static_tsdf}}'
    )
    return install


def test_nvblox_gets_the_mask_and_its_camera_info_beside_the_images_of_the_camera(nvblox: StubInstall) -> None:
    started = nvblox.launch(
        'nvblox.launch.py', 'namespace:=robot', 'image:=/cam/color/image_raw', 'depth:=/cam/depth/image_rect_raw',
        'threshold:=0.7', TOPICS=' '.join([*NVBLOX_TOPICS, 'mask', 'mask/camera_info', 'image']),
    )  # fmt: skip
    topics, node = started['nvblox_node']['topics'], started['bodypix_node']
    assert {name: topics[f'camera_0/{name}'] for name in ('color/image', 'color/camera_info')} == {
        'color/image': '/cam/color/image_raw', 'color/camera_info': '/cam/color/camera_info',
    }  # fmt: skip
    assert topics['camera_0/depth/image'] == '/cam/depth/image_rect_raw'
    assert topics['camera_0/depth/camera_info'] == '/cam/depth/camera_info'
    assert topics['camera_0/mask/image'] == node['topics']['mask'] == '/robot/mask'
    assert topics['camera_0/mask/camera_info'] == node['topics']['mask/camera_info'] == '/robot/mask/camera_info'
    assert node['topics']['image'] == '/cam/color/image_raw'
    assert node['parameters']['threshold'] == 0.7


def test_nvblox_runs_its_people_segmentation(nvblox: StubInstall) -> None:
    parameters = nvblox.launch('nvblox.launch.py', 'global_frame:=map')['nvblox_node']['parameters']
    expected = {
        'num_cameras': 1, 'use_segmentation': True, 'mapping_type': 'human_with_static_tsdf', 'global_frame': 'map',
        'voxel_size': 0.05, 'multi_mapper.connected_mask_component_size_threshold': 500,
    }  # fmt: skip
    assert {name: parameters[name] for name in expected} == expected


def test_nvblox_numbers_the_cameras_of_the_node(nvblox: StubInstall) -> None:
    started = nvblox.launch(
        'nvblox.launch.py', 'cameras:=[front, rear]', 'depth:=depth/image_raw', TOPICS=' '.join(NVBLOX_TOPICS)
    )
    topics = started['nvblox_node']['topics']
    assert started['nvblox_node']['parameters']['num_cameras'] == 2
    assert topics['camera_0/mask/image'] == '/front/mask'
    assert topics['camera_1/mask/image'] == '/rear/mask'
    assert topics['camera_1/mask/camera_info'] == '/rear/mask/camera_info'
    assert topics['camera_1/color/image'] == '/rear/color/image_raw'
    assert topics['camera_1/depth/image'] == '/rear/depth/image_raw'


def test_the_semantic_layer_gets_a_cloud_of_the_depth_image(install: StubInstall) -> None:
    install.add('depth_image_proc', 'point_cloud_xyz_node')
    started = install.launch(
        'nav2_people.launch.py', 'image:=/cam/color/image_raw', 'depth:=/cam/aligned_depth_to_color/image_raw',
        TOPICS='image image_rect camera_info points',
    )  # fmt: skip
    assert started['point_cloud_xyz_node']['topics'] == {
        'image': '/image',
        'image_rect': '/cam/aligned_depth_to_color/image_raw',
        'camera_info': '/cam/aligned_depth_to_color/camera_info',
        'points': '/semantic/points',
    }
    assert started['bodypix_node']['topics']['image'] == '/cam/color/image_raw'


@pytest.mark.parametrize(('name', 'package'), [('nvblox', 'nvblox-ros'), ('nav2_people', 'depth-image-proc')])
def test_a_consumer_that_is_not_installed_is_reported_in_a_sentence(
    name: str, package: str, install: StubInstall
) -> None:
    log = install.launch(f'{name}.launch.py')['log']
    assert f'is not installed, or its workspace is not sourced: sudo apt install ros-jazzy-{package}' in log
    assert 'Traceback' not in log
