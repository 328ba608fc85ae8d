# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that packages have installed."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ..errors import BodyPixError


class PackageMissingError(BodyPixError, RuntimeError):
    """A package that a launch file requires is not installed."""


def share(*path: str, package: str = 'bodypix_ros') -> Path:
    """Return the path of a file in the share folder of a package.

    Raises:
        PackageMissingError: the package is not installed; the text says how to install it.
    """
    try:
        return Path(get_package_share_directory(package), *path)
    except PackageNotFoundError as error:
        distribution = os.environ.get('ROS_DISTRO', '$ROS_DISTRO')
        raise PackageMissingError(
            f'{package} is not installed, or its workspace is not sourced: '
            f'sudo apt install ros-{distribution}-{package.replace("_", "-")}'
        ) from error


def launch_file(name: str, package: str = 'bodypix_ros') -> PythonLaunchDescriptionSource:
    """Return a launch file of a package, to be included.

    Raises:
        PackageMissingError: the package is not installed.
    """
    return PythonLaunchDescriptionSource(str(share('launch', name, package=package)))
