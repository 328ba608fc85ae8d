# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node for one or several cameras, and optionally RViz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, OpaqueFunction
from launch.logging import get_logger
from launch_ros.actions import Node

from bodypix_ros.launching.arguments import (
    USE_SIM_TIME,
    declare_arguments,
    full_node_name,
    given_parameters,
    node_options,
    note_given,
    read_options,
    warn_unknown,
)
from bodypix_ros.launching.params_file import cameras_of, other_node_warning
from bodypix_ros.launching.share import share
from bodypix_ros.launching.topics import image_topics, node_remappings, rviz_remappings
from bodypix_ros.launching.transport import transport_actions
from bodypix_ros.setting import Setting
from bodypix_ros.settings import all_settings

OPTIONS = (
    *node_options('bodypix', params_file=str(share('config', 'bodypix.yaml'))),
    Setting(
        'image',
        str,
        'image',
        'Topic of the images; camera_info is expected in the same namespace. With several cameras: a topic relative to '
        'the name of each camera, or a list of one topic per camera in their order',
    ),
    Setting('rviz', bool, False, 'Start RViz'),
    Setting('rviz_config', str, str(share('config', 'bodypix.rviz')), 'Configuration file of RViz'),
)
"""Arguments of the launch file that are not parameters of the node."""


def generate_launch_description() -> LaunchDescription:
    given: dict[str, str] = {}
    actions = [
        note_given(given),
        *declare_arguments([*OPTIONS, USE_SIM_TIME, *all_settings()]),
        *transport_actions(),
        OpaqueFunction(function=start, args=[given]),
    ]
    # In a group, so that declarations do not affect a launch file that is included later.
    return warn_unknown(LaunchDescription([GroupAction(actions)]), __file__)


def start(context: LaunchContext, given: dict[str, str]) -> list[Action]:
    """Return the node, and RViz if requested."""
    options = read_options(context, OPTIONS)
    params_file = Path(options['params_file']).expanduser().absolute()
    full_name = full_node_name(context, options['namespace'], options['name'])
    topics = image_topics(options['image'], cameras_of(params_file, full_name, given))
    warning = other_node_warning(full_name, params_file)
    if warning:
        get_logger('bodypix_ros').warning(warning)
    node = Node(
        package='bodypix_ros',
        executable='bodypix_node',
        name=options['name'],
        # Both names are always set, possibly to an empty string: launch then addresses the parameters to the full name
        # of the node, so that they override the file regardless of the names it contains.
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
    """Return RViz with the topics of its layout remapped to those of the node."""
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
