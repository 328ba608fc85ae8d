# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node and Isaac ROS nvblox, which uses the masks of the node to separate people from the static scene."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch_ros.actions import Node

from bodypix_ros.launching.arguments import NAMESPACE, USE_SIM_TIME, full_node_name, given_parameters
from bodypix_ros.launching.consumer import consumer_description
from bodypix_ros.launching.params_file import cameras_of
from bodypix_ros.launching.share import share
from bodypix_ros.launching.topics import image_topics, nvblox_remappings
from bodypix_ros.setting import Setting

OPTIONS = (
    NAMESPACE,
    Setting('name', str, 'bodypix', 'Name of the node'),
    Setting('image', str, 'color/image_raw', 'Topic of the colour images, rgb8 or bgra8, as in bodypix.launch.py'),
    Setting('depth', str, 'depth/image_rect_raw', 'Topic of the depth images, in the same form as image'),
    Setting('params_file', str, str(share('config', 'bodypix.yaml')), 'YAML parameter file of bodypix'),
    Setting('global_frame', str, 'odom', 'Frame of the map; TF must connect it with the cameras'),
    Setting(
        'min_person_pixels',
        int,
        500,
        'Minimum size of connected regions in nvblox, pixels; its default of 2000 can exclude distant people',
        minimum=0,
    ),
    Setting('nvblox_params_file', str, '', 'YAML file with additional parameters of nvblox; empty for none'),
)
"""Arguments of this launch file; all others are those of bodypix.launch.py."""


def generate_launch_description() -> LaunchDescription:
    return consumer_description(__file__, 'bodypix.launch.py', OPTIONS, start_nvblox)


def start_nvblox(context: LaunchContext, options: dict[str, Any], given: Mapping[str, str]) -> list[Action]:
    """Return nvblox with the parameters of its people segmentation, on the topics of the cameras and the node."""
    share(package='nvblox_ros')
    params_file = Path(options['params_file']).expanduser().absolute()
    node = full_node_name(context, options['namespace'], options['name'])
    cameras = cameras_of(params_file, node, given)
    remappings = nvblox_remappings(image_topics(options['image'], cameras), image_topics(options['depth'], cameras))
    config = share('config', 'nvblox', package='nvblox_examples_bringup')
    files = [config / 'nvblox_base.yaml', config / 'specializations' / 'nvblox_segmentation.yaml']
    if options['nvblox_params_file']:
        files.append(Path(options['nvblox_params_file']).expanduser().absolute())
    return [
        Node(
            package='nvblox_ros',
            executable='nvblox_node',
            name='nvblox_node',
            namespace=options['namespace'],
            parameters=[
                *map(str, files),
                {
                    'num_cameras': len(cameras),
                    'use_segmentation': True,
                    'global_frame': options['global_frame'],
                    'multi_mapper.connected_mask_component_size_threshold': options['min_person_pixels'],
                },
                given_parameters([USE_SIM_TIME], given),
            ],
            remappings=remappings,
            output='screen',
        )
    ]
