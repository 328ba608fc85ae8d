"""Quality of service: what publishers offer, and what our subscriptions request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

_DEPTH = 5

LATCHED = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
"""For what is published once and meant for later subscribers as well."""


@dataclass(frozen=True)
class Offer:
    """What one publisher offers.

    Attributes:
        node: full name of its node.
        kind: type of its messages, 'sensor_msgs/msg/Image'.
        reliable: whether it is reliable; best effort otherwise.
        latched: whether it keeps messages for later subscribers (transient local); volatile otherwise.
    """

    node: str
    kind: str
    reliable: bool
    latched: bool = False


@dataclass(frozen=True)
class Request:
    """What a subscription requests: reliable or best effort; transient local (latched) or volatile."""

    reliable: bool = False
    latched: bool = False

    def __str__(self) -> str:
        reliability = 'reliable' if self.reliable else 'best effort'
        return f'{reliability}, {"transient local" if self.latched else "volatile"}'

    @property
    def profile(self) -> QoSProfile:
        """The same as a profile."""
        return QoSProfile(
            depth=_DEPTH,
            reliability=QoSReliabilityPolicy.RELIABLE if self.reliable else QoSReliabilityPolicy.BEST_EFFORT,
            durability=QoSDurabilityPolicy.TRANSIENT_LOCAL if self.latched else QoSDurabilityPolicy.VOLATILE,
        )


def output_profile() -> QoSProfile:
    """Return the profile of our topics: reliable, so that every subscriber connects."""
    return QoSProfile(depth=_DEPTH, reliability=QoSReliabilityPolicy.RELIABLE)


def offers_of(node: Node, topic: str) -> list[Offer]:
    """Return what the publishers of a topic offer, as far as they have been discovered."""
    return [
        Offer(
            f'{one.node_namespace.rstrip("/")}/{one.node_name}',
            one.topic_type,
            one.qos_profile.reliability == QoSReliabilityPolicy.RELIABLE,
            one.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL,
        )
        for one in node.get_publishers_info_by_topic(topic)
    ]


def choose_request(qos: str, offers: Sequence[Offer]) -> Request:
    """Choose what to request from the publishers of a topic.

    Args:
        qos: the setting: auto, reliable or best_effort.
        offers: of the publishers that have been discovered.

    Returns:
        With auto, reliable where there are publishers and all of them are: best effort connects with every publisher,
        but loses most large images on Fast DDS's default transport. Latched where all publishers are, so that an image
        that was published once before is received; only reliable subscriptions receive it.
    """
    all_reliable = bool(offers) and all(offer.reliable for offer in offers)
    reliable = all_reliable if qos == 'auto' else qos == 'reliable'
    return Request(reliable, reliable and all_reliable and all(offer.latched for offer in offers))
