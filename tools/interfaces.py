#!/usr/bin/env python3
# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""List the public interfaces, to which semantic versioning applies: `tools/interfaces.py --write` updates the list.

The list is test/data/interfaces.txt; a test compares it with the code, so that no interface changes by accident.
"""

from __future__ import annotations

import configparser
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import bodypix_ros  # noqa: E402  # from this checkout
from bodypix_ros import people, render, segmentation, tracking  # noqa: E402
from bodypix_ros.cli.main import VERBS  # noqa: E402
from bodypix_ros.setting import Setting  # noqa: E402
from bodypix_ros.settings import DepthSettings, all_settings  # noqa: E402

LIST = ROOT / 'test' / 'data' / 'interfaces.txt'
_MODULES = (bodypix_ros, segmentation, people, tracking, render)


def sections() -> dict[str, list[str]]:
    """Return the lines of each section; topics are listed only where rclpy is installed."""
    found = {
        **{f'python {module.__name__}': list(_names(module)) for module in _MODULES},
        'parameters of bodypix_node': [_parameter(one) for one in all_settings()],
        'parameters of depth_filter': [_parameter(one) for one in DepthSettings.describe()],
        'verbs of bodypix': list(VERBS),
        'executables': _executables(),
        **{f'{path.parent.name} {path.stem}': _fields(path) for path in _definitions()},
    }
    try:
        import rclpy  # noqa: F401
    except ImportError:
        return found
    return {**found, **_topics()}


def read_list() -> dict[str, list[str]]:
    """Return the sections of the list."""
    found: dict[str, list[str]] = {}
    for line in LIST.read_text(encoding='utf-8').splitlines():
        if line.startswith('# '):
            lines = found[line[2:]] = []
        elif line:
            lines.append(line)
    return found


def _names(module: ModuleType) -> Iterator[str]:
    """Yield the public functions and classes of a module, classes with their fields and methods."""
    listed = getattr(module, '__all__', None) or [
        name for name, value in vars(module).items() if getattr(value, '__module__', '') == module.__name__
    ]
    for name in sorted(name for name in listed if not name.startswith('_')):
        value = getattr(module, name)
        if inspect.isclass(value):
            yield from _members(name, value)
        elif inspect.isfunction(value):
            yield f'{name}{inspect.signature(value)}'
        else:
            yield name


def _members(name: str, kind: type) -> Iterator[str]:
    yield f'{name}{inspect.signature(kind)}'
    for member, value in sorted(vars(kind).items()):
        if not member.startswith('_') and not isinstance(value, property) and inspect.isroutine(getattr(kind, member)):
            yield f'{name}.{member}{inspect.signature(getattr(kind, member))}'
        elif isinstance(value, property):
            yield f'{name}.{member}'


def _parameter(setting: Setting) -> str:
    when = 'read-only' if setting.read_only else 'live' if setting.live else 'reloads'
    return f'{setting.name}: {setting.kind.__name__} = {setting.default!r} [{setting.range_text}] {when}'


def _executables() -> list[str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    lines = setup['options.entry_points']['console_scripts'].split('\n')
    return [line.partition('=')[0].strip() for line in lines if line]


def _definitions() -> list[Path]:
    return sorted([*(ROOT / 'msg').glob('*.msg'), *(ROOT / 'srv').glob('*.srv')])


def _fields(path: Path) -> list[str]:
    """Return the fields and constants of a message or service, without comments."""
    lines = (re.sub(r'\s+', ' ', line.partition('#')[0]).strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def _topics() -> dict[str, list[str]]:
    """Return the published topics with their types, except those of message packages that may be absent."""
    from bodypix_ros.ros import depth_outputs, outputs

    optional = ('vision_msgs', 'visualization_msgs')
    depth = (depth_outputs.DEPTH, depth_outputs.POINTS, depth_outputs.PEOPLE)
    groups = {'bodypix_node': outputs.OUTPUTS, 'depth_filter': tuple(one for group in depth for one in group)}
    return {
        f'topics of {node}': [
            f'{one.topic} {one.kind.__module__.partition(".")[0]}/{one.kind.__name__}'
            for one in group
            if not one.kind.__module__.startswith(optional)
        ]
        for node, group in groups.items()
    }


if __name__ == '__main__':
    text = '\n\n'.join('\n'.join([f'# {title}', *lines]) for title, lines in sections().items()) + '\n'
    if sys.argv[1:] == ['--write']:
        LIST.write_text(text, encoding='utf-8')
    else:
        print(text, end='')
