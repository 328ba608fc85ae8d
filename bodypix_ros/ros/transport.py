"""How images are transported between processes: what this process lacks for it, and advice where images get lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rclpy import get_rmw_implementation_identifier

from ..fast_dds import PROFILE_VARIABLES, missing_variables

LARGE_IMAGE_BYTES = 500_000
"""Larger images do not fit into the shared memory that Fast DDS uses by default."""


def profile_path() -> Path:
    """Return the path of this package's Fast DDS profile, with shared memory that is large enough for images."""
    return Path(get_package_share_directory('bodypix_ros')) / 'config' / 'fastdds_shm.xml'


def transport_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the environment of a process lacks for sending or receiving images."""
    return missing_variables(environment, str(profile_path()))


class TransportWatch:
    """Reports once that images are too large for the transport that is in use."""

    def __init__(self) -> None:
        self._reported = not self._is_default()

    def advice(self, image_bytes: int) -> str:
        """Return what to do about images of this size; empty if nothing is wrong or it has been reported before."""
        if self._reported or image_bytes < LARGE_IMAGE_BYTES:
            return ''
        self._reported = True
        return (
            f"images of {image_bytes / 1e6:.1f} MB arrive over Fast DDS's default transport, which loses or delays "
            f'many of them: start the camera and this node with {PROFILE_VARIABLES[0]}={profile_path()}, or use the '
            'launch files'
        )

    @staticmethod
    def _is_default() -> bool:
        """Return whether Fast DDS runs without a profile."""
        fast_dds = get_rmw_implementation_identifier().startswith('rmw_fastrtps')
        chosen = [*PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS']
        return fast_dds and not any(os.environ.get(name) for name in chosen)


def complete_environment() -> None:
    """Let ROS find its packages if it was installed from PyPI wheels; a sourced ROS needs nothing."""
    os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)
