"""Values of settings as texts: launch arguments and ROS parameters."""

from __future__ import annotations

import json
from typing import cast

from ..setting import Setting, Value


def read_value(setting: Setting, text: str) -> Value:
    """Return the value of a launch argument, whose text is YAML as in a parameter file.

    Raises:
        SettingError: the setting does not accept this value; the text names both.
    """
    import yaml  # every ROS installation has it; writing values does not need it

    if setting.kind is str:
        return setting.check(text)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    return setting.check(cast(Value, tuple(value) if isinstance(value, list) else value))


def value_text(value: Value) -> str:
    """Return a value as the text of a launch argument: true, 0.5, medium, ["front", "rear"]."""
    return value if isinstance(value, str) else parameter_text(value)


def parameter_text(value: Value) -> str:
    """Return a value as YAML for a parameter file or `-p name:=value`: true, 0.5, "medium", ["front", "rear"].

    Texts are quoted, so that ROS does not read 123 or true as a number or a bool.
    """
    return json.dumps(value, ensure_ascii=False)
