# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A setting: a dataclass field with a range and a description."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar, cast, get_origin, get_type_hints

from .errors import SettingError, quoted

Value = bool | int | float | str | tuple[str, ...]
T = TypeVar('T')
S = TypeVar('S', bound='Settings')


_KIND_TEXTS = {bool: 'true or false', int: 'an integer', float: 'a number', str: 'a string', tuple: 'a list of strings'}


@dataclass(frozen=True)
class Setting:
    """One setting: its name, type, default, range and description.

    `live` settings take effect at the next frame; the others require a new network or a restart, `read_only` ones a
    restart. `kind` is bool, int, float, str or tuple (of strings); a setting of kind str with a `parse` function may
    accept numbers as well.
    """

    name: str
    kind: type
    default: Value
    description: str
    choices: tuple[Value, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    live: bool = False
    read_only: bool = False
    parse: Callable[[str, Value], Value] | None = None

    def check(self, value: Value) -> Value:
        """Return the value in the type of the setting.

        Raises:
            SettingError: the value has the wrong type or is out of range; the text contains the value and the range.
        """
        value = _plain_value(value)
        if self.parse is not None:
            return self.parse(self.name, value)
        typed = self._typed(value)
        if typed is None or not self._within(typed):
            raise SettingError(f'{self.name} must be {self.range_text}, got {quoted(value)}')
        return typed

    @property
    def range_text(self) -> str:
        """The range as text: '8, 16 or 32', 'between 0 and 1', 'true or false'."""
        if self.choices:
            *first, last = map(str, self.choices)
            return f'{", ".join(first)} or {last}' if first else last
        if self.minimum is not None and self.maximum is not None:
            return f'between {self.minimum:g} and {self.maximum:g}'
        if self.minimum is not None:
            return f'at least {self.minimum:g}'
        return _KIND_TEXTS[self.kind]

    def _within(self, value: Value) -> bool:
        if self.choices:
            return value in self.choices
        if not isinstance(value, (int, float)):
            return True
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def _typed(self, value: Value) -> Value | None:
        """Return the value in the type of the setting, None if it has another type."""
        if isinstance(value, bool) != (self.kind is bool):  # bool is a subclass of int
            return None
        if self.kind is float and isinstance(value, (int, float)):
            with suppress(OverflowError):  # an int that no float can hold
                return float(value) if math.isfinite(value) else None
        return value if isinstance(value, self.kind) else None


def setting(default: T, description: str, **details: Any) -> T:
    """Declare a dataclass field as a setting; `details` are the optional fields of `Setting`."""
    field: T = dataclasses.field(default=default, metadata={'description': description, **details})
    return field


class Settings:
    """Base class of frozen dataclasses whose fields are settings; values are checked on construction."""

    def __post_init__(self) -> None:
        for one in self.describe():
            object.__setattr__(self, one.name, one.check(getattr(self, one.name)))

    def changed(self: S, changes: Mapping[str, Any]) -> S:
        """Return these settings with some values replaced.

        Raises:
            SettingError: a setting does not exist, or a value is invalid.
        """
        names = [one.name for one in self.describe()]
        for name in changes:
            if name not in names:
                close = get_close_matches(name, names, 1)
                hint = f'did you mean {close[0]}?' if close else f'expected one of {", ".join(names)}'
                raise SettingError(f'setting {name} does not exist here; {hint}')
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]  # every subclass is a dataclass

    @classmethod
    @cache
    def describe(cls) -> tuple[Setting, ...]:
        """Return the settings of this class, in order."""
        kinds = get_type_hints(cls)
        return tuple(
            Setting(
                name=field.name,
                kind=_plain_kind(kinds[field.name]),
                default=cast(Value, field.default),
                **field.metadata,
            )
            for field in dataclasses.fields(cls)  # type: ignore[arg-type]  # every subclass is a dataclass
        )


def _plain_value(value: Any) -> Any:
    """Convert numpy scalars to Python numbers, and paths to strings."""
    if getattr(value, 'shape', None) == () and hasattr(value, 'item'):
        return value.item()
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _plain_kind(hint: Any) -> type:
    """Return the plain type of a field's type hint; str for unions and literals, which are parsed from strings."""
    if get_origin(hint) is tuple:
        return tuple
    return hint if isinstance(hint, type) else str
