"""Start the node on the images of a camera, or of several; RViz too where it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, OpaqueFunction
from launch_ros.actions import Node

from bodypix_ros.launching.arguments import NAMESPACE, declare_arguments, given_parameters, note_given
from bodypix_ros.launching.params_file import cameras_of
from bodypix_ros.launching.share import share
from bodypix_ros.launching.texts import read_value
from bodypix_ros.launching.topics import image_topics, node_remappings, rviz_remappings
from bodypix_ros.launching.transport import transport_actions
from bodypix_ros.setting import Setting
from bodypix_ros.settings import all_settings

USE_SIM_TIME = Setting('use_sim_time', bool, False, 'Take the time from /clock')
OPTIONS = (
    NAMESPACE,
    Setting('name', str, 'bodypix', 'Name of the node'),
    Setting(
        'image',
        str,
        'image',
        'Topic of the images; camera_info is taken beside it. With several cameras a name under that of each, '
        'or a list: one topic for each, in their order',
    ),
    Setting(
        'params_file',
        str,
        str(share('config', 'bodypix.yaml')),
        'YAML file of parameters; an argument that is given wins over it',
    ),
    Setting(
        'log_level', str, 'info', 'Least level of what is logged', choices=('debug', 'info', 'warn', 'error', 'fatal')
    ),
    Setting('respawn', bool, False, 'Start the node again when it ends by itself'),
    Setting('rviz', bool, False, 'Open RViz'),
    Setting('rviz_config', str, str(share('config', 'bodypix.rviz')), 'Layout of RViz'),
)
"""What belongs to the launch, not to the node."""


def generate_launch_description() -> LaunchDescription:
    given: dict[str, str] = {}
    actions = [
        note_given(given),
        *declare_arguments([*OPTIONS, USE_SIM_TIME, *all_settings()]),
        *transport_actions(),
        OpaqueFunction(function=start, args=[given]),
    ]
    # A group of its own: what is declared here shall not reach another launch file that is included later.
    return LaunchDescription([GroupAction(actions)])


def start(context: LaunchContext, given: dict[str, str]) -> list[Action]:
    """Return the node, and RViz where it is asked for."""
    options: dict[str, Any] = {one.name: read_value(one, context.launch_configurations[one.name]) for one in OPTIONS}
    params_file = Path(options['params_file']).expanduser().absolute()
    topics = image_topics(options['image'], cameras_of(params_file, options['name'], given))
    node = Node(
        package='bodypix_ros',
        executable='bodypix_node',
        name=options['name'],
        # Both names are set, even to nothing: launch then addresses the parameters to the full name of the node,
        # and they win whatever names are in the file.
        namespace=options['namespace'],
        parameters=[str(params_file), given_parameters([USE_SIM_TIME, *all_settings()], given)],
        remappings=node_remappings(topics),
        ros_arguments=['--log-level', options['log_level']],
        respawn=options['respawn'],
        respawn_delay=2.0,
        output='screen',
    )
    return [node, rviz(options, topics, given)] if options['rviz'] else [node]


def rviz(options: dict[str, Any], topics: dict[str, str], given: dict[str, str]) -> Node:
    """Return RViz, with its layout connected to the topics of the node."""
    share(package='rviz2')
    return Node(
        package='rviz2',
        executable='rviz2',
        namespace=options['namespace'],
        arguments=['-d', options['rviz_config']],
        parameters=[given_parameters([USE_SIM_TIME], given)],
        remappings=rviz_remappings(topics),
        output='screen',
    )
