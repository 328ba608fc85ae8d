# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads the parameters of the node from ROS parameter files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import SettingError
from ..settings import NodeSettings
from .texts import read_value

_PARAMETERS = 'ros__parameters'
_ANY_NODE, _ANY_PART = '/**', '/*'


def cameras_of(file: Path, node: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the cameras from the launch argument, otherwise from a parameter file.

    Args:
        file: parameter file.
        node: full name of the node.
        given: texts of launch arguments by name.

    Raises:
        SettingError: the names or the file are invalid; the text says why.
    """
    (setting,) = (one for one in NodeSettings.describe() if one.name == 'cameras')
    in_file = parameters_of(node, file).get(setting.name, setting.default)
    cameras = read_value(setting, given[setting.name]) if setting.name in given else setting.check(in_file)
    return cameras if isinstance(cameras, tuple) and cameras else ('',)


def parameters_of(node: str, file: Path) -> dict[str, Any]:
    """Return the parameters of a node in a parameter file; later sections override earlier ones.

    Args:
        node: its full name, '/robot/bodypix'.
        file: parameter file. As in ROS, `*` in the name of a section matches one level of a name, `**` any number.

    Raises:
        SettingError: the file does not exist or is not a parameter file.
    """
    return {
        name: value
        for section, parameters in _sections(file).items()
        if _matches(section, node)
        for name, value in parameters.items()
    }


def other_node_warning(node: str, file: Path) -> str:
    """Return the warning for a file with parameters for other nodes only; empty if some are for this node.

    Args:
        node: its full name.
        file: parameter file.
    """
    sections = _sections(file)
    if not sections or any(_matches(section, node) for section in sections):
        return ''
    return (
        f'params_file {file} has no effect: it is for {", ".join(sections)}, but this node is {node}. Rename the '
        f'section to {_ANY_NODE} or {node}, or start the node with that name and namespace'
    )


def _sections(file: Path) -> dict[str, dict[str, Any]]:
    """Return the parameters of each section by the absolute name of the section."""
    if not file.is_file():
        raise SettingError(f'params_file must be the path of a YAML parameter file; {file} does not exist')
    try:
        return dict(_nested_sections(yaml.safe_load(file.read_text()), ''))
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, OSError) as error:
        raise SettingError(
            f'params_file must contain `{_ANY_NODE}: {{{_PARAMETERS}: {{…}}}}`, but {file} does not: {error}'
        ) from error


def _nested_sections(tree: Any, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and parameters of each section; namespaces may be nested levels of the YAML file."""
    for name, value in tree.items():
        if name == _PARAMETERS:
            yield prefix, dict(value or {})
        else:
            yield from _nested_sections(value, f'{prefix}/{str(name).strip("/")}')


def _matches(section: str, node: str) -> bool:
    pattern = re.escape(section).replace(re.escape(_ANY_NODE), '(/[^/]+)*').replace(re.escape(_ANY_PART), '/[^/]+')
    return re.fullmatch(pattern, node) is not None
