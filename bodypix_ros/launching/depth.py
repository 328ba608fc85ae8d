# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files of `depth_filter` share: its arguments, its topics, and the recipes that include it."""

from __future__ import annotations

from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from ..setting import Setting
from ..settings import DepthSettings
from .arguments import NAMESPACE, declare_arguments, given_parameters, note_given, warn_unknown
from .share import share
from .texts import read_value
from .topics import Remappings, beside
from .transport import transport_actions

USE_SIM_TIME = Setting('use_sim_time', bool, False, 'Use the time of /clock')
_OUTPUT = 'depth/no_people'

TOPICS = (
    NAMESPACE,
    Setting('depth', str, 'depth/image', 'Topic of the depth images; camera_info is expected in the same namespace'),
    Setting('points', str, 'points', 'Topic of the organised point clouds'),
    Setting('mask', str, 'mask', 'Topic of the mask; people, instances and parts are expected in the same namespace'),
    Setting('camera_info', str, 'camera_info', 'Topic of the camera_info of the colour images, for depth_to_color'),
    Setting('depth_output', str, _OUTPUT, 'Topic of the depth images without people'),
    Setting('points_output', str, 'points/no_people', 'Topic of the point clouds without people'),
)
"""Arguments that name topics."""

OPTIONS = (
    *TOPICS,
    Setting('name', str, 'depth_filter', 'Name of the node'),
    Setting('params_file', str, '', 'YAML file of parameters; arguments that are given override it'),
    Setting('log_level', str, 'info', 'Minimum severity of log messages',
            choices=('debug', 'info', 'warn', 'error', 'fatal')),
    Setting('respawn', bool, False, 'Restart the node when it exits'),
)  # fmt: skip
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


def recipe_description(file: str, extra: list[Setting], start: Any) -> LaunchDescription:
    """Return the launch description of `depth_filter` with a node that consumes its results.

    Args:
        file: path of the launch file.
        extra: its own arguments; those of depth_filter.launch.py are added. A default of the same name wins.
        start: returns the actions that start the consumer, from the values of all arguments that name topics, of
            `extra`, and from the parameter `use_sim_time` where it was given.
    """
    given: dict[str, str] = {}
    own = {one.name: one for one in [*TOPICS, *extra]}

    def start_consumer(context: LaunchContext) -> list[Action]:
        options = read_options(context, tuple(own.values()))
        actions: list[Action] = start(options, given_parameters([USE_SIM_TIME], given))
        return actions

    source = PythonLaunchDescriptionSource(str(share('launch', 'depth_filter.launch.py')))
    actions = [
        note_given(given),
        *declare_arguments([*own.values(), USE_SIM_TIME]),
        OpaqueFunction(function=start_consumer),
        IncludeLaunchDescription(source),
    ]
    return warn_unknown(LaunchDescription([GroupAction(actions)]), file)


def read_options(context: LaunchContext, settings: tuple[Setting, ...]) -> dict[str, Any]:
    """Return the values of arguments by name.

    Raises:
        SettingError: a value is wrong; the text says which and why.
    """
    return {one.name: read_value(one, context.launch_configurations[one.name]) for one in settings}


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
