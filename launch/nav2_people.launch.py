# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node and the point cloud that the semantic_segmentation_layer of Nav2 requires in addition to the labels.

The depth image must be registered to the colour image and have its stamp, like `aligned_depth_to_color` of a RealSense.
config/nav2_people_layer.yaml is the matching configuration of the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch_ros.actions import Node

from bodypix_ros.launching.arguments import NAMESPACE, USE_SIM_TIME, given_parameters
from bodypix_ros.launching.consumer import consumer_description
from bodypix_ros.launching.share import share
from bodypix_ros.launching.topics import beside
from bodypix_ros.setting import Setting

DEPTH = Setting(
    'depth',
    str,
    'depth/image_raw',
    'Topic of the depth images, registered to the colour images; camera_info is expected in the same namespace',
)


def generate_launch_description() -> LaunchDescription:
    return consumer_description(__file__, 'bodypix.launch.py', [NAMESPACE, DEPTH], start_point_cloud)


def start_point_cloud(_: LaunchContext, options: dict[str, Any], given: Mapping[str, str]) -> list[Action]:
    """Return the node that converts depth images into organised point clouds of the same height and width."""
    share(package='depth_image_proc')
    return [
        Node(
            package='depth_image_proc',
            executable='point_cloud_xyz_node',
            name='semantic_points',
            namespace=options['namespace'],
            parameters=[given_parameters([USE_SIM_TIME], given)],
            # image_transport expects camera_info next to the images, after remapping.
            remappings=[
                ('image_rect', options['depth']),
                ('camera_info', beside(options['depth'], 'camera_info')),
                ('points', 'semantic/points'),
            ],
            output='screen',
        )
    ]
