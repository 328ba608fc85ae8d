# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

from bodypix_ros.errors import SettingError
from bodypix_ros.launching.topics import image_topics, node_remappings, nvblox_remappings, rviz_remappings


def test_one_camera_needs_no_remapping_by_default() -> None:
    assert node_remappings(image_topics('image', [''])) == []


def test_camera_info_is_taken_beside_the_images() -> None:
    assert node_remappings(image_topics('/cam/color/image_raw', [''])) == [
        ('image', '/cam/color/image_raw'),
        ('camera_info', '/cam/color/camera_info'),
    ]
    assert node_remappings(image_topics('image_raw', [''])) == [('image', 'image_raw')]
    assert node_remappings(image_topics('/image_raw', [''])) == [
        ('image', '/image_raw'),
        ('camera_info', '/camera_info'),
    ]


def test_a_relative_topic_stands_under_the_name_of_each_camera() -> None:
    assert node_remappings(image_topics('image_raw', ['front', 'rear'])) == [
        ('front/image', 'front/image_raw'),
        ('rear/image', 'rear/image_raw'),
    ]


def test_a_list_gives_one_topic_for_each_camera() -> None:
    assert node_remappings(image_topics('[/a/color/image_raw, /b/image]', ['front', 'rear'])) == [
        ('front/image', '/a/color/image_raw'),
        ('front/camera_info', '/a/color/camera_info'),
        ('rear/image', '/b/image'),
        ('rear/camera_info', '/b/camera_info'),
    ]


@pytest.mark.parametrize(
    ('image', 'cameras', 'sentence'),
    [
        ('[/a]', ['front', 'rear'], 'image must be a list of one topic per camera (front, rear), got [/a]'),
        ('[/a', ['front', 'rear'], 'image must be a list of one topic per camera (front, rear), got [/a'),
        (
            '[/a, /b]',
            [''],
            'image must be a list of one topic per camera (a single camera without a name), got [/a, /b]',
        ),
        (
            '/a',
            ['front', 'rear'],
            'image must be relative, or a list of one topic per camera (front, rear), got /a',
        ),
    ],
)
def test_topics_that_do_not_match_the_cameras_are_refused(image: str, cameras: list[str], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        image_topics(image, cameras)
    assert str(refused.value) == sentence


def test_rviz_shows_the_topics_in_the_namespace_of_the_node() -> None:
    assert rviz_remappings(image_topics('camera/image_raw', [''])) == [
        ('/image', 'camera/image_raw'),
        ('/overlay', 'overlay'),
        ('/parts_color', 'parts_color'),
        ('/mask', 'mask'),
    ]
    assert ('/rear/mask', 'rear/mask') in rviz_remappings(image_topics('image_raw', ['front', 'rear']))


def test_nvblox_numbers_its_cameras() -> None:
    cameras = ['front', 'rear']
    remappings = nvblox_remappings(image_topics('[/a/image, /b/image]', cameras), image_topics('depth/image', cameras))
    assert dict(remappings) == {
        'camera_0/color/image': '/a/image',
        'camera_0/color/camera_info': '/a/camera_info',
        'camera_0/depth/image': 'front/depth/image',
        'camera_0/depth/camera_info': 'front/depth/camera_info',
        'camera_0/mask/image': 'front/mask',
        'camera_0/mask/camera_info': 'front/mask/camera_info',
        'camera_1/color/image': '/b/image',
        'camera_1/color/camera_info': '/b/camera_info',
        'camera_1/depth/image': 'rear/depth/image',
        'camera_1/depth/camera_info': 'rear/depth/camera_info',
        'camera_1/mask/image': 'rear/mask',
        'camera_1/mask/camera_info': 'rear/mask/camera_info',
    }


def test_nvblox_has_inputs_for_four_cameras() -> None:
    topics = image_topics('image', list('abcde'))
    with pytest.raises(SettingError, match='cameras must be at most 4 for nvblox, got a, b, c, d, e'):
        nvblox_remappings(topics, topics)
