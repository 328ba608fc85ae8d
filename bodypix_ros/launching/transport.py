# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The environment of launched processes that transport images: Fast DDS profile and malloc settings."""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration

from ..errors import SettingError
from ..fast_dds import PROFILE_VARIABLES, missing_variables
from .share import share

_ARGUMENT = 'transport_profile'


def transport_actions() -> list[DeclareLaunchArgument | OpaqueFunction]:
    """Return the launch argument, and the action that sets the environment of what is started after it."""
    return [
        DeclareLaunchArgument(
            _ARGUMENT,
            default_value='auto',
            description='Transport of large images: auto uses config/fastdds_shm.xml of this package unless the '
            'environment sets a profile; none keeps the defaults of Fast DDS and malloc; or the path of a profile',
        ),
        OpaqueFunction(function=_set_environment),
    ]


def _set_environment(context: LaunchContext) -> list[SetEnvironmentVariable]:
    wanted = LaunchConfiguration(_ARGUMENT).perform(context)
    if wanted == 'none':
        return []
    profile = str(_profile(wanted))
    variables = missing_variables(context.environment, profile)
    if wanted != 'auto':
        variables.update(dict.fromkeys(PROFILE_VARIABLES, profile))
    return [SetEnvironmentVariable(name, value) for name, value in variables.items()]


def _profile(wanted: str) -> Path:
    profile = share('config', 'fastdds_shm.xml') if wanted == 'auto' else Path(wanted).expanduser().absolute()
    if not profile.is_file():
        raise SettingError(
            f'{_ARGUMENT} must be auto, none or the path of a Fast DDS profile; {profile} does not exist'
        )
    return profile
