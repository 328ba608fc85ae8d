"""Values of settings as texts on the command line of a launch, and back."""

from __future__ import annotations

import json
from typing import cast

import yaml

from ..setting import Setting, Value


def read_value(setting: Setting, text: str) -> Value:
    """Return the value that a launch argument's text stands for. Texts are YAML, as in a file of parameters.

    Raises:
        SettingError: the setting cannot have this value; the text names both.
    """
    if setting.kind is str:
        return setting.check(text)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    return setting.check(cast(Value, tuple(value) if isinstance(value, list) else value))


def value_text(value: Value) -> str:
    """Return a value as the text of a launch argument: true, 0.5, medium, ["front", "rear"]."""
    return value if isinstance(value, str) else json.dumps(value)
