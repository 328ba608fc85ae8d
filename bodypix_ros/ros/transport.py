"""What a process needs in its environment so that images travel between processes without loss."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory

PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Where Fast DDS looks for a profile: the first up to Jazzy, both from Kilted on."""

# glibc otherwise maps and unmaps every large message, which is half of an image's latency.
_KEEP_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(2**30), 'MALLOC_TRIM_THRESHOLD_': str(2**30)}


def profile_path() -> Path:
    """Return the Fast DDS profile that this package ships: shared memory large enough for images."""
    return Path(get_package_share_directory('bodypix_ros')) / 'config' / 'fastdds_shm.xml'


def transport_environment() -> dict[str, str]:
    """Return the environment variables of a process that sends or receives images."""
    return dict.fromkeys(PROFILE_VARIABLES, str(profile_path())) | _KEEP_MEMORY


def complete_environment() -> None:
    """Let the ROS of PyPI's wheels find its packages; a sourced ROS already does."""
    os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)
