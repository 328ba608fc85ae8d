"""The environment in which images travel whole: a profile for Fast DDS, and memory that is kept."""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration

from ..errors import SettingError
from .share import share

PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""What Fast DDS calls its profile: until Jazzy the first, from Kilted on both."""

# glibc otherwise maps and unmaps every large message anew, which is half of an image's latency.
_KEPT_MEMORY = {'MALLOC_MMAP_THRESHOLD_': '1073741824', 'MALLOC_TRIM_THRESHOLD_': '1073741824'}

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
    variables = {name: value for name, value in _KEPT_MEMORY.items() if name not in context.environment}
    if wanted != 'auto' or not any(context.environment.get(name) for name in PROFILE_VARIABLES):
        variables.update(dict.fromkeys(PROFILE_VARIABLES, str(_profile(wanted))))
    return [SetEnvironmentVariable(name, value) for name, value in variables.items()]


def _profile(wanted: str) -> Path:
    profile = share('config', 'fastdds_shm.xml') if wanted == 'auto' else Path(wanted).expanduser().absolute()
    if not profile.is_file():
        raise SettingError(f'{_ARGUMENT} must be auto, none or the path of a Fast DDS profile; {profile} is not there')
    return profile
