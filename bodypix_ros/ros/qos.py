"""Quality of service: what is offered, what is asked for, and both in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

_INPUT_DEPTH = 5
_OUTPUT_DEPTH = 5

SMALL_INPUT = QoSProfile(depth=_INPUT_DEPTH, reliability=QoSReliabilityPolicy.BEST_EFFORT)
"""Best effort, so that every publisher connects; small messages are hardly ever lost."""

LATCHED = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
"""For what is said once and meant for latecomers as well."""


@dataclass(frozen=True)
class Offer:
    """What one publisher offers: its node, the type of its messages, whether it is reliable."""

    node: str
    kind: str
    reliable: bool


def output_profile() -> QoSProfile:
    """Return the profile of what goes out: reliable, so that every subscriber connects."""
    return QoSProfile(depth=_OUTPUT_DEPTH, reliability=QoSReliabilityPolicy.RELIABLE)


def input_profile(reliable: bool) -> QoSProfile:
    """Return the profile of an image subscription."""
    policy = QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=_INPUT_DEPTH, reliability=policy)


def offers_of(node: Node, topic: str) -> list[Offer]:
    """Return what the publishers of a topic offer, as far as they are known."""
    return [
        Offer(
            f'{one.node_namespace.rstrip("/")}/{one.node_name}',
            one.topic_type,
            one.qos_profile.reliability == QoSReliabilityPolicy.RELIABLE,
        )
        for one in node.get_publishers_info_by_topic(topic)
    ]


def wants_reliable(qos: str, offers: Sequence[Offer]) -> bool:
    """Decide whether to subscribe reliably.

    Args:
        qos: the setting: auto, reliable or best_effort.
        offers: of the publishers that are known.

    Returns:
        With auto: whether there are publishers and all of them are reliable. Best effort connects with every
        publisher, but loses most large images on Fast DDS's default transport.
    """
    if qos != 'auto':
        return qos == 'reliable'
    return bool(offers) and all(offer.reliable for offer in offers)
