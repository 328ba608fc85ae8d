"""Quality of service: what is offered, what is asked for, and both in words."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

_INPUT_DEPTH = 5
_OUTPUT_DEPTH = 5

OUTPUT = QoSProfile(depth=_OUTPUT_DEPTH, reliability=QoSReliabilityPolicy.RELIABLE)
"""Reliable, so that every subscriber connects."""

LATCHED = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
"""For what is said once and meant for latecomers as well."""


def input_profile(reliable: bool) -> QoSProfile:
    """Return the profile of an image subscription."""
    policy = QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=_INPUT_DEPTH, reliability=policy)


def wants_reliable(qos: str, publishers: Sequence[TopicEndpointInfo]) -> bool:
    """Decide whether to subscribe reliably.

    Args:
        qos: the setting: auto, reliable or best_effort.
        publishers: those of the topic that are known.

    Returns:
        With auto: whether there are publishers and all of them offer it. Best effort connects with every publisher,
        but loses most large images on Fast DDS's default transport.
    """
    if qos != 'auto':
        return qos == 'reliable'
    offered = [one.qos_profile.reliability for one in publishers]
    return bool(offered) and all(reliability == QoSReliabilityPolicy.RELIABLE for reliability in offered)
