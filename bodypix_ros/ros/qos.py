# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service offered by publishers and requested by our subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

_DEPTH = 5

LATCHED = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
"""For messages that are published once and also intended for later subscribers."""


@dataclass(frozen=True)
class Offer:
    """The quality of service that one publisher offers.

    Attributes:
        node: full name of its node.
        kind: type of its messages, 'sensor_msgs/msg/Image'.
        reliable: whether it is reliable rather than best effort.
        latched: whether it keeps messages for later subscribers (transient local) rather than being volatile.
    """

    node: str
    kind: str
    reliable: bool
    latched: bool = False


@dataclass(frozen=True)
class Request:
    """The quality of service that a subscription requests: reliable or best effort; transient local or volatile."""

    reliable: bool = False
    latched: bool = False

    def __str__(self) -> str:
        reliability = 'reliable' if self.reliable else 'best effort'
        return f'{reliability}, {"transient local" if self.latched else "volatile"}'

    @property
    def profile(self) -> QoSProfile:
        """The request as a QoS profile."""
        return QoSProfile(
            depth=_DEPTH,
            reliability=QoSReliabilityPolicy.RELIABLE if self.reliable else QoSReliabilityPolicy.BEST_EFFORT,
            durability=QoSDurabilityPolicy.TRANSIENT_LOCAL if self.latched else QoSDurabilityPolicy.VOLATILE,
        )


def output_profile() -> QoSProfile:
    """Return the profile of our topics: reliable, which is compatible with every subscriber."""
    return QoSProfile(depth=_DEPTH, reliability=QoSReliabilityPolicy.RELIABLE)


def offers_of(node: Node, topic: str) -> list[Offer]:
    """Return the offers of all discovered publishers of a topic."""
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
    """Choose the quality of service to request from the publishers of a topic.

    Args:
        qos: the setting: auto, reliable or best_effort.
        offers: offers of the discovered publishers.

    Returns:
        With auto, reliable if there are publishers and all of them are reliable: best effort is compatible with every
        publisher, but loses most large images on the default transport of Fast DDS. Latched if all publishers are, so
        that previously published images are received; this requires a reliable subscription.
    """
    all_reliable = bool(offers) and all(offer.reliable for offer in offers)
    reliable = all_reliable if qos == 'auto' else qos == 'reliable'
    return Request(reliable, reliable and all_reliable and all(offer.latched for offer in offers))
