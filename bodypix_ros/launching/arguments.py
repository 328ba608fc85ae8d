"""Settings as launch arguments, and the arguments that were given as parameters of the node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import TextSubstitution
from launch_ros.parameter_descriptions import ParameterValue

from ..setting import Setting
from .texts import read_value, value_text

NAMESPACE = Setting('namespace', str, '', 'Namespace of all nodes and topics')
"""The one argument that every launch file has."""

_PARAMETER_TYPES: dict[type, Any] = {tuple: list[str]}


def declare_arguments(settings: Iterable[Setting]) -> list[DeclareLaunchArgument]:
    """Return one launch argument for each setting, as `ros2 launch --show-args` lists it."""
    return [
        DeclareLaunchArgument(one.name, default_value=value_text(one.default), description=_describe(one))
        for one in settings
    ]


def note_given(given: dict[str, str]) -> OpaqueFunction:
    """Return an action that notes the texts of the arguments which are given so far, by name.

    It stands before the declarations, which fill in the defaults of the others.
    """

    def note(context: LaunchContext) -> None:
        given.update(context.launch_configurations)

    return OpaqueFunction(function=note)


def given_parameters(settings: Iterable[Setting], given: Mapping[str, str]) -> dict[str, ParameterValue]:
    """Return the parameters that were given as launch arguments, each in the type that the node declares.

    Args:
        settings: of the node.
        given: texts of launch arguments by name; those that are no settings are left out.

    Raises:
        SettingError: a value is wrong; the text says which and why.
    """
    return {one.name: _parameter(one, given[one.name]) for one in settings if one.name in given}


def _describe(setting: Setting) -> str:
    has_range = setting.choices or setting.kind not in (str, tuple)
    return f'{setting.description} ({setting.range_text})' if has_range else setting.description


def _parameter(setting: Setting, text: str) -> ParameterValue:
    checked = value_text(read_value(setting, text))
    kind = _PARAMETER_TYPES.get(setting.kind, setting.kind)
    return ParameterValue([TextSubstitution(text=checked)], value_type=kind)
