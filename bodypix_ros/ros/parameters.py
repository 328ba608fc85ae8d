# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the node: declared from the settings, checked, and converted to settings."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from math import gcd
from pathlib import Path
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ..errors import SettingError, describe_error, log_error, shorten
from ..launching.params_file import other_node_warning
from ..setting import Setting, Settings, Value
from ..settings import (
    BODYPIX_ONLY,
    AnonymizeSettings,
    NetworkSettings,
    NodeSettings,
    PictureSettings,
    SegmentSettings,
    TrackingSettings,
)
from .compat import has_post_set_callbacks, parameter_overrides
from .model_loader import ModelRequest

Group = TypeVar('Group', bound=Settings)

_LOG = logging.getLogger(__name__)
_OF_ROS = ('use_sim_time', 'qos_overrides.', 'diagnostic_updater.', 'start_type_description_service')
"""Names or prefixes of parameters of ROS itself, some of which are declared after the node has been created."""


@dataclass(frozen=True)
class Parameters:
    """A snapshot of all settings of the node, and the names of those that were given explicitly."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    anonymize: AnonymizeSettings = field(default_factory=AnonymizeSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    node: NodeSettings = field(default_factory=NodeSettings)
    given: frozenset[str] = frozenset()

    @property
    def groups(self) -> tuple[Settings, ...]:
        """The settings by class."""
        return self.network, self.segment, self.picture, self.anonymize, self.tracking, self.node

    @property
    def model_request(self) -> ModelRequest:
        """The model that these parameters select."""
        given = frozenset() if self._are_dumped else self.given.intersection(BODYPIX_ONLY)
        return ModelRequest(self.network, given, self.node.fallback)

    @property
    def _are_dumped(self) -> bool:
        """Whether the parameters come from `ros2 param dump`, which also writes those that were not set explicitly.

        Parameter files of version 0.1 list all settings of BodyPix as well and select BodyPix, but have no `model`.
        """
        return (
            self.given.issuperset({'model', *BODYPIX_ONLY})
            and self.network.model == 'auto'
            and all(getattr(self.network, name) == getattr(NetworkSettings, name) for name in BODYPIX_ONLY)
        )

    def describe(self) -> tuple[Setting, ...]:
        """Return the descriptions of all settings."""
        return tuple(one for group in self.groups for one in group.describe())

    def changed(self, values: Mapping[str, Any]) -> Parameters:
        """Return these parameters with some values replaced; names that are not settings are ignored.

        Raises:
            SettingError: a value is invalid; the text says which and why.
        """
        return Parameters(
            _changed(self.network, values),
            _changed(self.segment, values),
            _changed(self.picture, values),
            _changed(self.anonymize, values),
            _changed(self.tracking, values),
            _changed(self.node, values),
            self.given | values.keys(),
        )


class NodeParameters:
    """Declares the parameters of a node, checks each change, and reports it after it is made.

    Attributes:
        now: the current parameters.
        topics_open: whether topics are open, so that parameters on which they depend cannot change.
    """

    def __init__(
        self,
        node: Node,
        on_change: Callable[[], None],
        check_model: Callable[[ModelRequest, ModelRequest], None],
    ) -> None:
        """Declare the parameters.

        Args:
            node: the node that declares them.
            on_change: called after each change.
            check_model: raises an error if the model cannot change from one request to another.

        Raises:
            SettingError: a value from the command line or a parameter file is invalid; the text says which and why.
        """
        self._node, self._on_change, self._check_model = node, on_change, check_model
        self._restoring = False
        self.now = _declare(node)
        self.topics_open = False
        if has_post_set_callbacks(node):
            node.add_on_set_parameters_callback(self._check)
            node.add_post_set_parameters_callback(self._take)
        else:
            node.add_on_set_parameters_callback(self._check_and_take)

    def restore_model(self, request: ModelRequest) -> None:
        """Reset the parameters of the model to those of a request."""
        settings = request.settings
        changed = [
            _parameter(one, getattr(settings, one.name))
            for one in settings.describe()
            if getattr(settings, one.name) != getattr(self.now.network, one.name)
        ]
        given = self.now.given.difference(BODYPIX_ONLY) | request.given
        self._restoring = True
        try:
            result = self._node.set_parameters_atomically(changed)
        finally:
            self._restoring = False
        if not result.successful:
            _LOG.error('failed to restore the parameters of the model: %s', result.reason)
        self.now = dataclasses.replace(self.now, network=settings, given=given)

    def _check(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            changed = self.now.changed(self._new_values(changes))
            if self.topics_open and not self._restoring:
                _check_fixed(self.now.node, changed.node)
                if changed.model_request != self.now.model_request:
                    self._check_model(self.now.model_request, changed.model_request)
        except Exception as error:  # any exception rejects this change and must not end the node
            _LOG.debug('a parameter was rejected', exc_info=error)
            return SetParametersResult(successful=False, reason=describe_error(error))
        return SetParametersResult(successful=True)

    def _take(self, changes: list[Parameter]) -> None:
        if self._restoring:
            return
        self.now = self.now.changed(self._new_values(changes))
        try:
            self._on_change()
        except Exception as error:  # the parameter is already set; the failure is logged and must not end the node
            names = ', '.join(change.name for change in changes)
            log_error(_LOG, f'failed to apply {shorten(names)}', error)

    def _new_values(self, changes: list[Parameter]) -> dict[str, Any]:
        """Return the values that differ from the current ones.

        `ros2 param load` sets every parameter of its file. Unchanged ones must not count as given: they would select
        BodyPix.
        """
        now = {one.name: getattr(group, one.name) for group in self.now.groups for one in group.describe()}
        values = {change.name: change.value for change in changes if change.name in now}
        return {name: value for name, value in values.items() if not _is_same(value, now[name])}

    def _check_and_take(self, changes: list[Parameter]) -> SetParametersResult:
        result = self._check(changes)
        if result.successful:
            self._take(changes)
        return result


def unknown_overrides(node: Node, settings: Sequence[Setting] | None = None) -> Iterator[str]:
    """Yield a warning for each parameter that was given but does not exist, such as a misspelled one.

    Args:
        node: that was given the parameters.
        settings: of the node; None for those of the segmentation node.
    """
    known = [one.name for one in settings or Parameters().describe()]
    for name in parameter_overrides(node):
        if not node.has_parameter(name) and not name.startswith(_OF_ROS):
            close = get_close_matches(name, known, 1)
            hint = f'; did you mean {close[0]}?' if close else ''
            yield f'parameter {shorten(name)} does not exist and has no effect{hint}'


def unmatched_files(arguments: Sequence[str], node_name: str) -> Iterator[str]:
    """Yield a warning for each parameter file that only contains parameters for other nodes.

    Args:
        arguments: command line arguments; files follow `--params-file`.
        node_name: full name of the node.
    """
    files = [Path(value) for option, value in pairwise(arguments) if option == '--params-file']
    for file in files:
        with suppress(SettingError):  # rcl has already reported files that cannot be read
            warning = other_node_warning(node_name, file)
            if warning:
                yield warning


def _check_fixed(before: NodeSettings, after: NodeSettings) -> None:
    for one in after.describe():
        if not one.live and getattr(before, one.name) != getattr(after, one.name):
            raise SettingError(
                f'{one.name} cannot change while the topics are open: '
                'deactivate and clean up the node first (ros2 lifecycle set)'
            )


def _is_same(value: Any, now: Value) -> bool:
    """Return whether the value of a ROS parameter equals that of a setting; true does not equal 1."""
    plain = value if isinstance(value, (bool, int, float, str)) else tuple(value or ())
    return plain == now and isinstance(plain, bool) == isinstance(now, bool)


def _parameter(setting: Setting, value: Any) -> Parameter:
    """Return a ROS parameter for a setting; rclpy would declare an empty list as a list of bytes."""
    if setting.kind is tuple:
        return Parameter(setting.name, Parameter.Type.STRING_ARRAY, list(value))
    return Parameter(setting.name, value=value)


def _declare(node: Node) -> Parameters:
    """Declare a parameter for each setting and return their values, including overrides.

    Raises:
        SettingError: an override is invalid; the text says which and why.
    """
    values = declare_settings(node, Parameters().describe())
    try:
        parameters = Parameters().changed(values)
    except Exception as error:
        raise SettingError(describe_error(error)) from error
    return dataclasses.replace(parameters, given=frozenset(_overrides(node)) & values.keys())


def declare_settings(node: Node, settings: Sequence[Setting]) -> dict[str, Any]:
    """Declare a parameter for each setting and return their values by name, overrides included.

    Raises:
        SettingError: an override has the wrong type or is out of range; the text says which and why.
    """
    overrides = _overrides(node)
    for one in settings:
        default = _parameter(one, one.default)
        value = default.value or [''] if one.kind is tuple else default.value
        try:
            node.declare_parameter(one.name, value, descriptor(one), ignore_override=one.name not in overrides)
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise SettingError(f'{one.name} must be {one.range_text}. {shorten(str(error.args[0]), 500)}') from error
        if one.kind is tuple and one.name not in overrides:
            node.set_parameters([default])
    return {one.name: node.get_parameter(one.name).value for one in settings}


def _overrides(node: Node) -> dict[str, Parameter]:
    return {name: one for name, one in parameter_overrides(node).items() if one.value is not None}


def descriptor(setting: Setting) -> ParameterDescriptor:
    """Return the ROS descriptor of a setting: description, range, and whether it is read-only."""
    described = ParameterDescriptor(name=setting.name, description=setting.description)
    described.additional_constraints = f'Must be {setting.range_text}.' if setting.choices else ''
    described.read_only = setting.read_only
    # Numbers are dynamically typed, because `threshold:=1` is an integer in ROS but should be accepted.
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
    """Return a group of settings with the values that belong to it replaced."""
    names = [one.name for one in group.describe()]
    return type(group)(**{name: values.get(name, getattr(group, name)) for name in names})


def _bounds(setting: Setting) -> tuple[Any, Any]:
    """Return the minimum and the maximum of a number; None if it has no such bound."""
    if setting.kind in (int, float) and setting.choices:
        return min(setting.choices), max(setting.choices)
    return setting.minimum, setting.maximum


def _step(choices: tuple[Any, ...]) -> int:
    """Return the step size of the choices: 8 for (8, 16, 32); 1 if there are no choices."""
    return gcd(*(choice - min(choices) for choice in choices)) if choices else 1
