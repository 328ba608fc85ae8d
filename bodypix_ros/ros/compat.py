# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compatibility with different versions of rclpy, and access to its private attributes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter

from ..errors import describe_error, log_error, shorten

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

_LOG = logging.getLogger(__name__)
_MAX_REASON = 1000
"""Maximum length of the reason for rejecting a parameter, characters."""


def publisher_events(on_change: Callable[[], None]) -> PublisherEventCallbacks:
    """Return event callbacks that are called when a subscriber connects or disconnects."""
    return _events(PublisherEventCallbacks, {'matched': on_change})


def subscription_events(on_change: Callable[[], None]) -> SubscriptionEventCallbacks:
    """Return event callbacks that are called when a publisher, compatible or not, connects or disconnects."""
    return _events(
        SubscriptionEventCallbacks,
        {'matched': on_change, 'incompatible_qos': on_change, 'incompatible_type': on_change},
    )


def has_matched_events() -> bool:
    """Return whether this rclpy reports matched publishers and subscribers, as it does since Jazzy."""
    return hasattr(PublisherEventCallbacks(), 'matched')


def has_post_set_callbacks(node: Node) -> bool:
    """Return whether this rclpy supports callbacks after parameters were set, unlike Humble."""
    return hasattr(node, 'add_post_set_parameters_callback')


def parameter_overrides(node: Node) -> Mapping[str, Parameter]:
    """Return the parameters from the command line and parameter files, including undeclared ones."""
    overrides: Mapping[str, Parameter] = node._parameter_overrides  # rclpy has no public access
    return overrides


def state_of(node: LifecycleNode) -> str:
    """Return the lifecycle state of a node: 'unconfigured', 'inactive', 'active' or 'finalized'."""
    label: str = node._state_machine.current_state[1]  # rclpy has no public access
    return label


def guard_services(node: LifecycleNode) -> None:
    """Make all services of a node respond even if their callbacks raise exceptions.

    In rclpy an exception in a service callback leaves the caller waiting and ends the spinning of the executor. Invalid
    transitions and parameter values of unknown types raise such exceptions.
    """
    for service in node.services:
        service.callback = partial(_call, node, service.callback)


def _call(node: LifecycleNode, callback: Callable[[Any, Any], Any], request: Any, response: Any) -> Any:
    try:
        answer = callback(request, response)
    except Exception as error:
        answer = _refuse(node, error, request, response)
    for result in _results(answer):
        result.reason = shorten(result.reason, _MAX_REASON)
    return answer


def _refuse(node: LifecycleNode, error: Exception, request: Any, response: Any) -> Any:
    """Return the response to a failed request, and log the reason if the response cannot contain it."""
    refusal = SetParametersResult(successful=False, reason=describe_error(error))
    if isinstance(response, SetParameters.Response):
        missing = len(request.parameters) - len(response.results)
        response.results = [*response.results, *[refusal] * missing]
    elif isinstance(response, SetParametersAtomically.Response):
        response.result = refusal
    elif isinstance(response, ChangeState.Response):
        response.success = False
        name = shorten(request.transition.label) or request.transition.id
        node.get_logger().warning(f'transition {name} is not possible while the node is {state_of(node)}')
    else:
        log_error(_LOG, f'a call of {type(request).__qualname__} failed', error)
    return response


def _results(response: Any) -> list[SetParametersResult]:
    if isinstance(response, SetParametersAtomically.Response):
        return [response.result]
    return list(response.results) if isinstance(response, SetParameters.Response) else []


def _events(kind: Any, callbacks: dict[str, Callable[[], None]]) -> Any:
    """Return the event callbacks for the events that this rclpy supports."""
    # Each event takes time whenever the executor wakes, so other events are not used; subscribers of our topics report
    # an incompatible quality of service themselves.
    events = kind(use_default_callbacks=False)
    for name, callback in callbacks.items():
        if hasattr(events, name):
            setattr(events, name, lambda _, callback=callback: callback())
    return events
