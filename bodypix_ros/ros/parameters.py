"""The node's parameters: declared from the settings, read back as settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import gcd
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ..errors import BodyPixError, SettingError
from ..setting import Setting, Settings
from ..settings import NetworkSettings, NodeSettings, PictureSettings, SegmentSettings, TrackingSettings

Group = TypeVar('Group', bound=Settings)


@dataclass(frozen=True)
class Parameters:
    """All settings of the node at one moment."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    node: NodeSettings = field(default_factory=NodeSettings)

    @property
    def groups(self) -> tuple[Settings, ...]:
        """The settings by what they concern."""
        return self.network, self.segment, self.picture, self.tracking, self.node

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
            _changed(self.tracking, values),
            _changed(self.node, values),
        )


class ParameterWatch:
    """Declares the parameters of a node, checks each change, and hands it on once it is made.

    Attributes:
        now: the parameters as they are.
        frozen: topics are open, so that what they depend on must not change.
    """

    def __init__(
        self, node: Node, on_change: Callable[[], None], check_network: Callable[[NetworkSettings], None]
    ) -> None:
        """Declare the parameters.

        Args:
            node: whose parameters they are.
            on_change: called after each change.
            check_network: raises a BodyPixError where such a network cannot be had while topics are open.

        Raises:
            SettingError: an override of the command line is wrong; the text says which and why.
        """
        self._node, self._on_change, self._check_network = node, on_change, check_network
        self.now = _declare(node)
        self.frozen = False
        node.add_on_set_parameters_callback(self._check if _has_post_set(node) else self._check_and_take)
        if _has_post_set(node):
            node.add_post_set_parameters_callback(self._take)

    def restore(self, group: Settings) -> None:
        """Set the parameters of one group back to what they were."""
        values = {one.name: _plain(getattr(group, one.name)) for one in group.describe()}
        self._node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])

    def _check(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            changed = self.now.changed(_values(changes))
            if self.frozen:
                _check_frozen(self.now.node, changed.node)
                if changed.network != self.now.network:
                    self._check_network(changed.network)
        except BodyPixError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _take(self, changes: list[Parameter]) -> None:
        self.now = self.now.changed(_values(changes))
        self._on_change()

    def _check_and_take(self, changes: list[Parameter]) -> SetParametersResult:
        result = self._check(changes)
        if result.successful:
            self._take(changes)
        return result


def _has_post_set(node: Node) -> bool:
    return hasattr(node, 'add_post_set_parameters_callback')  # not in Humble


def _check_frozen(before: NodeSettings, after: NodeSettings) -> None:
    for one in after.describe():
        if not one.live and getattr(before, one.name) != getattr(after, one.name):
            raise SettingError(
                f'{one.name} cannot change while the topics are open: '
                'deactivate and clean up the node first (ros2 lifecycle set)'
            )


def _values(changes: list[Parameter]) -> dict[str, Any]:
    return {change.name: change.value for change in changes}


def _declare(node: Node) -> Parameters:
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
