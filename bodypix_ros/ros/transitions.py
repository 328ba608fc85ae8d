"""A lifecycle that bears wrong requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode

_ChangeState = Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response]


def state_of(node: LifecycleNode) -> str:
    """Return where a node is in its life: 'unconfigured', 'inactive', 'active' or 'finalized'."""
    label: str = node._state_machine.current_state[1]  # rclpy has no other way to ask
    return label


def guard_transitions(node: LifecycleNode) -> None:
    """Let a node refuse transitions that are not possible; rclpy raises an error instead, which would end it."""
    for service in node.services:
        if service.srv_type is ChangeState:
            service.callback = partial(_change_state, node, service.callback)


def _change_state(
    node: LifecycleNode, change: _ChangeState, request: ChangeState.Request, response: ChangeState.Response
) -> ChangeState.Response:
    try:
        return change(request, response)
    except RuntimeError:
        name = request.transition.label or request.transition.id
        node.get_logger().warning(f'transition {name} is not possible while the node is {state_of(node)}')
        response.success = False
        return response
