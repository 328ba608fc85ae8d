# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files that start a node of this package together with nodes of other packages that use its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription, OpaqueFunction

from ..setting import Setting
from .arguments import USE_SIM_TIME, declare_arguments, note_given, read_options, warn_unknown
from .share import launch_file

Start = Callable[[LaunchContext, dict[str, Any], Mapping[str, str]], list[Action]]
"""Returns the actions that start the consumers; called with the launch context, the values of `options`, and the texts
of all arguments that were given, by name."""


def consumer_description(file: str, node: str, options: Sequence[Setting], start: Start) -> LaunchDescription:
    """Return the launch description of a node of this package and its consumers.

    Args:
        file: path of the launch file.
        node: name of the included launch file, which starts the node and declares its arguments.
        options: further arguments. A default here overrides that of the included file.
        start: see `Start`.
    """
    given: dict[str, str] = {}

    def start_consumer(context: LaunchContext) -> list[Action]:
        return start(context, read_options(context, options), given)

    actions = [
        note_given(given),
        *declare_arguments([*options, USE_SIM_TIME]),
        OpaqueFunction(function=start_consumer),
        IncludeLaunchDescription(launch_file(node)),
    ]
    # In a group, so that declarations do not affect a launch file that is included later.
    return warn_unknown(LaunchDescription([GroupAction(actions)]), file)
