# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts settings to launch arguments, and launch arguments to parameters of the node."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.logging import get_logger
from launch.substitutions import TextSubstitution
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

from ..setting import Setting
from .texts import read_value, value_text

NAMESPACE = Setting('namespace', str, '', 'Namespace of all nodes and topics')
"""The argument that every launch file has."""

USE_SIM_TIME = Setting('use_sim_time', bool, False, 'Use the time of /clock')
"""The parameter that every node has."""

_PARAMETER_TYPES: dict[type, Any] = {tuple: list[str]}


def declare_arguments(settings: Iterable[Setting]) -> list[DeclareLaunchArgument]:
    """Return one launch argument per setting, as `ros2 launch --show-args` lists it."""
    return [
        DeclareLaunchArgument(one.name, default_value=value_text(one.default), description=_describe(one))
        for one in settings
    ]


def node_options(name: str, params_file: str) -> tuple[Setting, ...]:
    """Return the arguments of a node's launch file that are not parameters of the node."""
    return (
        NAMESPACE,
        Setting('name', str, name, 'Name of the node'),
        Setting('params_file', str, params_file, 'YAML parameter file; launch arguments override it'),
        Setting(
            'log_level',
            str,
            'info',
            'Minimum severity of log messages',
            choices=('debug', 'info', 'warn', 'error', 'fatal'),
        ),
        Setting('respawn', bool, False, 'Restart the node when it exits'),
    )


def read_options(context: LaunchContext, options: Iterable[Setting]) -> dict[str, Any]:
    """Return the values of launch arguments by name.

    Raises:
        SettingError: a value is invalid; the text says which and why.
    """
    return {one.name: read_value(one, context.launch_configurations[one.name]) for one in options}


def note_given(given: dict[str, str]) -> OpaqueFunction:
    """Return an action that collects the texts of explicitly given launch arguments by name.

    It must precede the declarations, which fill in the defaults of the others.
    """

    def note(context: LaunchContext) -> None:
        given.update(context.launch_configurations)

    return OpaqueFunction(function=note)


def given_parameters(settings: Iterable[Setting], given: Mapping[str, str]) -> dict[str, ParameterValue]:
    """Return the parameters that were given as launch arguments, in the types declared by the node.

    All others are set by the parameter file and the node, because `model: auto` depends on what is given explicitly.

    Args:
        settings: of the node.
        given: texts of launch arguments by name; those that are not settings are ignored.

    Raises:
        SettingError: a value is invalid; the text says which and why.
    """
    return {one.name: _parameter(one, given[one.name]) for one in settings if one.name in given}


def full_node_name(context: LaunchContext, namespace: str, name: str) -> str:
    """Return the full name of a node as launch resolves it: in the namespaces of the surrounding groups."""
    pushed = context.launch_configurations.get('ros_namespace')
    return f'{make_namespace_absolute(prefix_namespace(pushed, namespace)).rstrip("/")}/{name}'


def warn_unknown(description: LaunchDescription, file: str, *, forwards: bool = False) -> LaunchDescription:
    """Add a warning for each argument of `ros2 launch` that the launch file does not declare and launch ignores.

    Args:
        description: of the launch file, with all of its declarations.
        file: path of the launch file. If another launch file includes it, the arguments belong to the other one.
        forwards: whether it forwards arguments to a launch file of another package. If so, only arguments similar to
            its own are reported.
    """

    def warn(context: LaunchContext) -> None:
        if Path(file).name in {Path(word).name for word in sys.argv}:
            declared = [argument.name for argument in description.get_launch_arguments()]
            for name in _command_line_arguments():
                warning = unknown_argument_warning(name, declared, forwards=forwards)
                if warning:
                    get_logger('bodypix_ros').warning(warning)

    description.add_action(OpaqueFunction(function=warn))
    return description


def unknown_argument_warning(name: str, declared: Collection[str], *, forwards: bool = False) -> str:
    """Return the warning for an argument that is not declared; empty if no warning is needed."""
    if name in declared:
        return ''
    similar = difflib.get_close_matches(name, declared, n=1, cutoff=0.75)
    if similar:
        return f'launch argument {name!r} does not exist and is ignored; did you mean {similar[0]!r}?'
    return '' if forwards else f'launch argument {name!r} does not exist and is ignored; --show-args lists all of them'


def _command_line_arguments() -> list[str]:
    return [word.split(':=')[0] for word in sys.argv[1:] if ':=' in word]


def _describe(setting: Setting) -> str:
    has_range = setting.choices or setting.kind not in (str, tuple)
    return f'{setting.description} ({setting.range_text})' if has_range else setting.description


def _parameter(setting: Setting, text: str) -> ParameterValue:
    checked = value_text(read_value(setting, text))
    kind = _PARAMETER_TYPES.get(setting.kind, setting.kind)
    return ParameterValue([TextSubstitution(text=checked)], value_type=kind)
