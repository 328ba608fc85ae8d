# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Camera drivers of other packages, started together with the node on their images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

from ..errors import SettingError
from .arguments import NAMESPACE, declare_arguments, note_given, warn_unknown
from .share import launch_file, share
from .transport import transport_actions


@dataclass(frozen=True)
class DriverArgument:
    """A parameter of a driver as a launch argument of the same name.

    `kind` is the ROS type: str, int, float, bool or a list of these. An argument without a default is required.
    """

    name: str
    kind: Any
    default: str | None
    description: str


@dataclass(frozen=True)
class Driver:
    """An executable of another package that publishes `image_raw` and `camera_info`."""

    package: str
    executable: str
    arguments: tuple[DriverArgument, ...]


def driver_with_bodypix(file: str, driver: Driver, *first: Action) -> LaunchDescription:
    """Start a driver in the namespace of its camera and the node on its images.

    Args:
        file: path of the launch file.
        driver: what publishes the images.
        first: actions that run before the driver starts, after the arguments are declared.
    """
    given: dict[str, str] = {}
    arguments = [
        DeclareLaunchArgument('camera', default_value='camera', description="Namespace of the driver's topics"),
        DeclareLaunchArgument(
            'driver_params_file',
            default_value='',
            description='YAML parameter file of the driver; empty for none',
        ),
        *(
            DeclareLaunchArgument(one.name, default_value=one.default, description=one.description)
            for one in driver.arguments
        ),
    ]
    start = OpaqueFunction(function=_start_driver, args=[driver, given])
    image = [LaunchConfiguration('camera'), '/image_raw']
    return warn_unknown(camera_with_bodypix([note_given(given), *arguments, *first], start, image), file)


def camera_with_bodypix(arguments: list[Action], camera: Action, image: list[Any]) -> LaunchDescription:
    """Start a camera and the node on its images.

    Args:
        arguments: actions that declare the launch arguments of the camera.
        camera: action that starts it, in the namespace of the node.
        image: its topic, as substitutions and strings.
    """
    wired = DeclareLaunchArgument(
        'image', default_value=image, description="Topic of the images that the node subscribes to: the driver's"
    )
    return LaunchDescription(
        [
            # In a group, so that declarations do not affect a launch file that is included later.
            GroupAction(
                [
                    *arguments,
                    *declare_arguments([NAMESPACE]),
                    wired,
                    *transport_actions(),
                    GroupAction([PushRosNamespace(LaunchConfiguration(NAMESPACE.name)), camera]),
                    IncludeLaunchDescription(launch_file('bodypix.launch.py')),
                ]
            )
        ]
    )


def _start_driver(context: LaunchContext, driver: Driver, given: Mapping[str, str]) -> list[Action]:
    share(package=driver.package)
    file = LaunchConfiguration('driver_params_file').perform(context)
    return [
        Node(
            package=driver.package,
            executable=driver.executable,
            name=driver.package,
            namespace=LaunchConfiguration('camera'),
            output='screen',
            parameters=_driver_parameters(driver, file, given),
        )
    ]


def _driver_parameters(driver: Driver, file: str, given: Mapping[str, str]) -> list[Any]:
    """Return the arguments as parameters; with a file only those that were given."""
    wanted = [one for one in driver.arguments if not file or one.name in given]
    files = [_existing(file)] if file else []
    return [*files, {one.name: ParameterValue(LaunchConfiguration(one.name), value_type=one.kind) for one in wanted}]


def _existing(file: str) -> str:
    path = Path(file).expanduser().absolute()
    if not path.is_file():
        raise SettingError(f'driver_params_file must be the path of a YAML file; {path} does not exist')
    return str(path)
