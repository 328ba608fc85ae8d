# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Packages that stand for the real ones when launch files are tested: executables that report how they were started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent

_REPORTER = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
import rclpy
from rclpy.node import Node

rclpy.init(args=sys.argv)
node = Node('unnamed')  # declaring its parameters would fail for `cameras: []`, which has no type
report = {{
    'name': node.get_fully_qualified_name(),
    'parameters': {{name: one.value for name, one in node._parameter_overrides.items()}},
    'topics': {{name: node.resolve_topic_name(name) for name in os.environ['TOPICS'].split()}},
    'arguments': rclpy.utilities.remove_ros_args(sys.argv)[1:],
    'environment': dict(os.environ),
}}
report['parameters'] = {{
    name: list(value) if hasattr(value, 'tolist') else [] if value is None else value
    for name, value in report['parameters'].items()
}}
report['executable'] = Path(sys.argv[0]).name
Path(os.environ['REPORTS'], report['name'].replace('/', '.')).write_text(json.dumps(report))
"""

_LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

arguments = [argument.split(':=', 1) for argument in sys.argv[2:]]
service = LaunchService(noninteractive=True)
source = PythonLaunchDescriptionSource(sys.argv[1])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)]))
sys.exit(service.run())
"""

_NODE = f"""#!{sys.executable}
import sys
from bodypix_ros.ros.main import main

sys.exit(main())
"""

TOPICS = 'image camera_info mask image_raw /image /mask front/image front/mask rear/image rear/mask'
"""Names of which a report says what they are remapped to."""


class StubInstall:
    """An install prefix with this checkout's launch and config folders, and executables that are stubs.

    With `real_node`, bodypix_node is the one of this checkout.
    """

    def __init__(self, folder: Path, real_node: bool = False) -> None:
        self.prefix, self.reports = folder / 'install', folder / 'reports'
        self.reports.mkdir()
        self.add('bodypix_ros', 'bodypix_node', _NODE if real_node else _REPORTER)
        for data in ('launch', 'config'):
            (self.share('bodypix_ros') / data).symlink_to(REPOSITORY / data)

    def share(self, package: str) -> Path:
        return self.prefix / 'share' / package

    def add(self, package: str, executable: str, program: str = _REPORTER) -> None:
        """Install a package with one executable."""
        marker = self.prefix / 'share' / 'ament_index' / 'resource_index' / 'packages' / package
        script = self.prefix / 'lib' / package / executable
        for path in (marker, script, self.share(package) / 'package.xml'):
            path.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        script.write_text(program)
        script.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """Return an environment in which ROS finds this prefix, and nothing is said about transports."""
        said = ('FASTRTPS_', 'FASTDDS_', 'MALLOC_')
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(said)},
            'AMENT_PREFIX_PATH': f'{self.prefix}:{os.environ.get("AMENT_PREFIX_PATH", sys.prefix)}',
            'PYTHONPATH': f'{REPOSITORY}:{os.environ.get("PYTHONPATH", "")}',
            'ROS_LOG_DIR': str(self.reports.parent / 'log'),
            'ROS_DISTRO': 'jazzy',
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF',
            'REPORTS': str(self.reports),
            'TOPICS': TOPICS,
        }

    def launch(self, file: str, *arguments: str, **environment: str) -> dict[str, Any]:
        """Run a launch file to its end; return the `log` and what each node reports, by executable and full name."""
        path = self.share('bodypix_ros') / 'launch' / file
        done = subprocess.run(
            [sys.executable, '-c', _LAUNCH, str(path), *arguments],
            env={**self.environment(), **environment}, cwd=self.reports.parent,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        reports = [json.loads(report.read_text()) for report in self.reports.iterdir()]
        named = {report[key]: report for report in reports for key in ('executable', 'name')}
        return {**named, 'log': done.stdout + done.stderr}
