# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files of `depth_filter` share: its arguments, its topics, and the recipes that include it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, OpaqueFunction
from launch_ros.actions import Node

from ..setting import Setting
from ..settings import DepthSettings
from .arguments import (
    NAMESPACE,
    USE_SIM_TIME,
    declare_arguments,
    given_parameters,
    node_options,
    note_given,
    read_options,
    warn_unknown,
)
from .consumer import Start, consumer_description
from .topics import Remappings, beside
from .transport import transport_actions

_OUTPUT = 'depth/no_people'

TOPICS = (
    Setting('depth', str, 'depth/image', 'Topic of the depth images; camera_info is expected in the same namespace'),
    Setting('points', str, 'points', 'Topic of the organised point clouds'),
    Setting('mask', str, 'mask', 'Topic of the mask; people, instances and parts are expected in the same namespace'),
    Setting('camera_info', str, 'camera_info', 'Topic of the camera_info of the colour images, for depth_to_color'),
    Setting('depth_output', str, _OUTPUT, 'Topic of the depth images without people'),
    Setting('points_output', str, 'points/no_people', 'Topic of the point clouds without people'),
)
"""Arguments that name topics."""

OPTIONS = (*node_options('depth_filter', params_file=''), *TOPICS)
"""Arguments of depth_filter.launch.py that are not parameters of the node."""


def filter_description(file: str) -> LaunchDescription:
    """Return the launch description of `depth_filter`; `file` is the path of the launch file."""
    given: dict[str, str] = {}
    settings = [USE_SIM_TIME, *DepthSettings.describe()]

    def start(context: LaunchContext) -> list[Action]:
        options = read_options(context, OPTIONS)
        files = [options['params_file']] if options['params_file'] else []
        return [
            Node(
                package='bodypix_ros',
                executable='depth_filter',
                name=options['name'],
                namespace=options['namespace'],
                parameters=[*files, given_parameters(settings, given)],
                remappings=filter_remappings(options),
                ros_arguments=['--log-level', options['log_level']],
                respawn=options['respawn'],
                respawn_delay=2.0,
                output='screen',
            )
        ]

    actions = [
        note_given(given),
        *declare_arguments([*OPTIONS, *settings]),
        *transport_actions(),
        OpaqueFunction(function=start),
    ]
    return warn_unknown(LaunchDescription([GroupAction(actions)]), file)


def recipe_description(file: str, options: Sequence[Setting] = (), start: Start = lambda *_: []) -> LaunchDescription:
    """Return the launch description of `depth_filter` and the consumers of its results.

    Args:
        file: path of the launch file.
        options: its arguments in addition to TOPICS; an argument with the same name replaces that of TOPICS.
        start: see `Start`; by default, none are started: your own launch files start them.
    """
    own = {one.name: one for one in [NAMESPACE, *TOPICS, *options]}
    return consumer_description(file, 'depth_filter.launch.py', list(own.values()), start)


def filter_remappings(options: dict[str, Any]) -> Remappings:
    """Return the remappings of `depth_filter`.

    Images and their camera_info are in the same namespace, as consumers that use image_transport expect them.
    """
    output = options['depth_output']
    renamed = {
        'depth/image': options['depth'],
        'depth/camera_info': beside(options['depth'], 'camera_info'),
        'points': options['points'],
        'mask': options['mask'],
        **{name: beside(options['mask'], name) for name in ('people', 'instances', 'parts', 'people/pose')},
        'camera_info': options['camera_info'],
        _OUTPUT: output,
        f'{_OUTPUT}/camera_info': beside(output, 'camera_info') if output != _OUTPUT else f'{_OUTPUT}/camera_info',
        'points/no_people': options['points_output'],
    }
    return [(name, topic) for name, topic in renamed.items() if name != topic]
