"""What a file of ROS parameters says to the node."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import SettingError
from ..settings import NodeSettings
from .texts import read_value


def cameras_of(file: Path, node: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the cameras: as given as an argument, else as in a file of parameters.

    Raises:
        SettingError: the names, or the file, cannot be; the text says why.
    """
    (setting,) = (one for one in NodeSettings.describe() if one.name == 'cameras')
    in_file = parameters_of(node, file).get(setting.name, setting.default)
    cameras = read_value(setting, given[setting.name]) if setting.name in given else setting.check(in_file)
    return cameras if isinstance(cameras, tuple) else ()


def parameters_of(node: str, file: Path) -> dict[str, Any]:
    """Return the parameters that a file has for a node, whatever its namespace.

    Raises:
        SettingError: the file is not there, or is no file of parameters.
    """
    if not file.is_file():
        raise SettingError(f'params_file must be the path of a YAML file of parameters; {file} is not there')
    try:
        document = yaml.safe_load(file.read_text())
        rules = {name.split('/')[-1]: rule['ros__parameters'] for name, rule in document.items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise SettingError(f'params_file must say `/**: ros__parameters: …`; {file} does not: {error!r}') from error
    return {**(rules.get('**') or {}), **(rules.get(node) or {})}
