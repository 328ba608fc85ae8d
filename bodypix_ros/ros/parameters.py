"""The node's parameters: declared from the settings, read back as settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gcd
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from ..errors import SettingError
from ..setting import Setting, Settings
from ..settings import NetworkSettings, NodeSettings, PictureSettings, SegmentSettings

Group = TypeVar('Group', bound=Settings)


@dataclass(frozen=True)
class Parameters:
    """All settings of the node at one moment."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    node: NodeSettings = field(default_factory=NodeSettings)

    @property
    def groups(self) -> tuple[Settings, ...]:
        """The settings by what they concern."""
        return self.network, self.segment, self.picture, self.node

    def describe(self) -> tuple[Setting, ...]:
        """Return what is known of every setting."""
        return tuple(one for group in self.groups for one in group.describe())

    def changed(self, values: Mapping[str, Any]) -> Parameters:
        """Return these parameters with some values replaced; names that are no settings are left out.

        Raises:
            SettingError: a value is wrong; the text says which and why.
        """
        return Parameters(
            _changed(self.network, values),
            _changed(self.segment, values),
            _changed(self.picture, values),
            _changed(self.node, values),
        )


def check_change(parameters: Parameters, values: Mapping[str, Any], configured: bool) -> None:
    """Check a change of the parameters while the node runs.

    Args:
        parameters: as they are.
        values: the change, by name.
        configured: topics are open, so that what they depend on must not change.

    Raises:
        SettingError: a value is wrong, or cannot change now; the text says what to do.
    """
    changed = parameters.changed(values)
    if not configured:
        return
    for one in changed.node.describe():
        if not one.live and getattr(changed.node, one.name) != getattr(parameters.node, one.name):
            raise SettingError(
                f'{one.name} cannot change while the topics are open: '
                'deactivate and clean up the node first (ros2 lifecycle set)'
            )


def declare(node: Node) -> Parameters:
    """Declare a parameter for each setting and return what they are, overrides of the command line included.

    Raises:
        SettingError: an override is wrong; the text says which and why.
    """
    for one in Parameters().describe():
        try:
            node.declare_parameter(one.name, _plain(one.default), descriptor(one))
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise SettingError(f'{one.name} must be {one.range_text}. {error.args[0]}') from error
    return Parameters().changed({one.name: node.get_parameter(one.name).value for one in Parameters().describe()})


def descriptor(setting: Setting) -> ParameterDescriptor:
    """Describe a setting to ROS: what it means, what it may be, when a change takes effect."""
    described = ParameterDescriptor(name=setting.name, description=setting.description)
    described.additional_constraints = f'Must be {setting.range_text}.' if setting.choices else ''
    # Numbers are typed dynamically: `threshold:=1` is an integer to ROS and should still be understood.
    described.dynamic_typing = setting.kind is float or setting.parse is not None
    lowest, highest = _bounds(setting)
    if lowest is None or highest is None:
        return described
    if setting.kind is float:
        described.floating_point_range = [FloatingPointRange(from_value=float(lowest), to_value=float(highest))]
    elif setting.kind is int:
        described.integer_range = [
            IntegerRange(from_value=int(lowest), to_value=int(highest), step=_step(setting.choices))
        ]
    return described


def plain_values(group: Settings) -> dict[str, Any]:
    """Return the values of some settings by name, as rclpy takes them."""
    return {one.name: _plain(getattr(group, one.name)) for one in group.describe()}


def _changed(group: Group, values: Mapping[str, Any]) -> Group:
    """Return a group of settings with those of the values that belong to it."""
    names = [one.name for one in group.describe()]
    return type(group)(**{name: values.get(name, getattr(group, name)) for name in names})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _bounds(setting: Setting) -> tuple[Any, Any]:
    """Return the least and the greatest value of a number, None where it has no such bound."""
    if setting.kind in (int, float) and setting.choices:
        return min(setting.choices), max(setting.choices)
    return setting.minimum, setting.maximum


def _step(choices: tuple[Any, ...]) -> int:
    """Return the distance that all choices keep: 8 for (8, 16, 32); 1 where there are none."""
    return gcd(*(choice - min(choices) for choice in choices)) if choices else 1
