"""What a process needs in its environment so that images travel between processes without loss."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rclpy import get_rmw_implementation_identifier

from ..fast_dds import KEPT_MEMORY, PROFILE_VARIABLES

LARGE_IMAGE_BYTES = 500_000
"""From about here on, images do not fit into the shared memory that Fast DDS takes by default."""


def profile_path() -> Path:
    """Return the Fast DDS profile that this package ships: shared memory large enough for images."""
    return Path(get_package_share_directory('bodypix_ros')) / 'config' / 'fastdds_shm.xml'


def transport_environment() -> dict[str, str]:
    """Return the environment variables of a process that sends or receives images."""
    return dict.fromkeys(PROFILE_VARIABLES, str(profile_path())) | KEPT_MEMORY


class TransportWatch:
    """Notices once that images are too large for the transport that they come by."""

    def __init__(self) -> None:
        self._told = not self._is_plain()

    def advice(self, image_bytes: int) -> str:
        """Return what to do about images of this size; empty where nothing is wrong or it was told already."""
        if self._told or image_bytes < LARGE_IMAGE_BYTES:
            return ''
        self._told = True
        return (
            f"images of {image_bytes / 1e6:.1f} MB come by Fast DDS's default transport, which loses or delays many of "
            f'them: start the camera and this node with {PROFILE_VARIABLES[0]}={profile_path()}, or by the launch files'
        )

    @staticmethod
    def _is_plain() -> bool:
        """Return whether Fast DDS runs with its defaults."""
        fast_dds = get_rmw_implementation_identifier().startswith('rmw_fastrtps')
        chosen = [*PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS']
        return fast_dds and not any(os.environ.get(name) for name in chosen)


def complete_environment() -> None:
    """Let the ROS of PyPI's wheels find its packages; a sourced ROS already does."""
    os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)
