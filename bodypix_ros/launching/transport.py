"""The environment in which images travel whole: a profile for Fast DDS, and memory that is kept."""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration

from ..errors import SettingError
from ..fast_dds import KEPT_MEMORY, PROFILE_VARIABLES
from .share import share

_ARGUMENT = 'transport_profile'


def transport_actions() -> list[DeclareLaunchArgument | OpaqueFunction]:
    """Return the launch argument, and the action that sets the environment of what is started after it."""
    return [
        DeclareLaunchArgument(
            _ARGUMENT,
            default_value='auto',
            description='How large images travel: auto uses config/fastdds_shm.xml of this package, unless the '
            'environment names a profile; none leaves Fast DDS and malloc as they are; or the path of a profile',
        ),
        OpaqueFunction(function=_set_environment),
    ]


def _set_environment(context: LaunchContext) -> list[SetEnvironmentVariable]:
    wanted = LaunchConfiguration(_ARGUMENT).perform(context)
    if wanted == 'none':
        return []
    variables = {name: value for name, value in KEPT_MEMORY.items() if name not in context.environment}
    if wanted != 'auto' or not any(context.environment.get(name) for name in PROFILE_VARIABLES):
        variables.update(dict.fromkeys(PROFILE_VARIABLES, str(_profile(wanted))))
    return [SetEnvironmentVariable(name, value) for name, value in variables.items()]


def _profile(wanted: str) -> Path:
    profile = share('config', 'fastdds_shm.xml') if wanted == 'auto' else Path(wanted).expanduser().absolute()
    if not profile.is_file():
        raise SettingError(f'{_ARGUMENT} must be auto, none or the path of a Fast DDS profile; {profile} is not there')
    return profile
