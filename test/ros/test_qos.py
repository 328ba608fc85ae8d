# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a subscription requests of publishers."""

from __future__ import annotations

import pytest
from rclpy.qos import QoSDurabilityPolicy, QoSReliabilityPolicy

from bodypix_ros.ros.qos import Offer, Request, choose_request

RELIABLE = Offer('/a', 'sensor_msgs/msg/Image', reliable=True)
BEST_EFFORT = Offer('/b', 'sensor_msgs/msg/Image', reliable=False)
LATCHED = Offer('/c', 'sensor_msgs/msg/Image', reliable=True, latched=True)


@pytest.mark.parametrize(
    ('qos', 'offers', 'request_'),
    [
        ('auto', [], Request()),
        ('auto', [RELIABLE], Request(reliable=True)),
        ('auto', [RELIABLE, BEST_EFFORT], Request()),
        ('auto', [LATCHED], Request(reliable=True, latched=True)),
        ('auto', [LATCHED, RELIABLE], Request(reliable=True)),
        ('auto', [LATCHED, BEST_EFFORT], Request()),
        ('reliable', [], Request(reliable=True)),
        ('reliable', [BEST_EFFORT], Request(reliable=True)),
        ('reliable', [LATCHED], Request(reliable=True, latched=True)),
        ('best_effort', [RELIABLE], Request()),
        ('best_effort', [LATCHED], Request()),
    ],
)
def test_a_request_connects_with_the_publishers_there_are(qos: str, offers: list[Offer], request_: Request) -> None:
    assert choose_request(qos, offers) == request_


def test_a_request_is_a_profile_and_words() -> None:
    request = Request(reliable=True, latched=True)
    assert request.profile.reliability == QoSReliabilityPolicy.RELIABLE
    assert request.profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
    assert str(request) == 'reliable, transient local'
    assert str(Request()) == 'best effort, volatile'
