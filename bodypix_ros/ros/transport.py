# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image transport between processes: the required environment, and advice if images are lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rclpy import get_rmw_implementation_identifier

from ..fast_dds import PROFILE_VARIABLES, missing_variables

LARGE_IMAGE_BYTES = 500_000
"""Larger images exceed the shared memory that Fast DDS uses by default."""


def profile_path() -> Path:
    """Return the path of the Fast DDS profile of this package, with sufficient shared memory for images."""
    return Path(get_package_share_directory('bodypix_ros')) / 'config' / 'fastdds_shm.xml'


def transport_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that a process lacks for sending or receiving images."""
    return missing_variables(environment, str(profile_path()))


class TransportWatch:
    """Reports once if images are too large for the current transport."""

    def __init__(self) -> None:
        self._reported = not self._is_default()

    def advice(self, image_bytes: int) -> str:
        """Return advice for images of this size; empty if there is no problem or it has already been reported."""
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
    """Set the environment for a ROS that was installed from PyPI wheels; a sourced ROS already has it."""
    os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)
