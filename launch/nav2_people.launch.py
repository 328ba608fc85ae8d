# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node and the point cloud that the semantic_segmentation_layer of Nav2 requires in addition to the labels.

The depth image must be registered to the colour image and have its stamp, like `aligned_depth_to_color` of a RealSense.
config/nav2_people_layer.yaml is the matching configuration of the layer.
"""

from __future__ import annotations

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from bodypix_ros.launching.arguments import NAMESPACE, declare_arguments, given_parameters, note_given, warn_unknown
from bodypix_ros.launching.share import share
from bodypix_ros.launching.topics import beside
from bodypix_ros.setting import Setting

DEPTH = Setting(
    'depth',
    str,
    'depth/image_raw',
    'Topic of the depth images, registered to the colour images; camera_info is expected in the same namespace',
)
USE_SIM_TIME = Setting('use_sim_time', bool, False, 'Use the time of /clock')


def generate_launch_description() -> LaunchDescription:
    given: dict[str, str] = {}
    actions = [
        note_given(given),
        *declare_arguments([NAMESPACE, DEPTH]),
        OpaqueFunction(function=start_point_cloud, args=[given]),
        IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share('launch', 'bodypix.launch.py')))),
    ]
    # In a group, so that declarations do not affect a launch file that is included later.
    return warn_unknown(LaunchDescription([GroupAction(actions)]), __file__)


def start_point_cloud(context: LaunchContext, given: dict[str, str]) -> list[Action]:
    """Return the node that converts depth images into organised point clouds of the same height and width."""
    share(package='depth_image_proc')
    depth = context.launch_configurations[DEPTH.name]
    return [
        Node(
            package='depth_image_proc',
            executable='point_cloud_xyz_node',
            name='semantic_points',
            namespace=context.launch_configurations[NAMESPACE.name],
            parameters=[given_parameters([USE_SIM_TIME], given)],
            # image_transport expects camera_info next to the images, after remapping.
            remappings=[
                ('image_rect', depth),
                ('camera_info', beside(depth, 'camera_info')),
                ('points', 'semantic/points'),
            ],
            output='screen',
        )
    ]
