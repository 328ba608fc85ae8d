# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts values of settings from and to the text of launch arguments and ROS parameters."""

from __future__ import annotations

import json
from typing import cast

from ..setting import Setting, Value


def read_value(setting: Setting, text: str) -> Value:
    """Return the value of a launch argument, which is YAML as in a parameter file.

    Raises:
        SettingError: the value is invalid; the text contains the value and the range.
    """
    import yaml  # part of every ROS installation; not required for writing values

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

    Strings are quoted, so that ROS does not read 123 or true as a number or a bool.
    """
    return json.dumps(value, ensure_ascii=False)
