# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The resolution of the network input."""

from __future__ import annotations

import pytest

from bodypix_ros.inference.engine import Provider, network_geometry
from bodypix_ros.models.network import Network


def _network(model: str) -> Network:
    stride = 4 if model == 'bodypix_ros' else 16
    return Network('made up', model, b'', {}, stride, 2, 'mobilenet_v1', 'bodypix2', '')


@pytest.mark.parametrize(
    ('model', 'provider', 'size'),
    [
        ('bodypix', 'cpu', (241, 321)),
        ('bodypix', 'cuda', (481, 641)),
        ('bodypix_ros', 'cpu', (321, 449)),
        ('bodypix_ros', 'cuda', (321, 449)),
    ],
)
def test_auto_is_the_resolution_that_serves_network_and_provider(
    model: str, provider: Provider, size: tuple[int, int]
) -> None:
    geometry = network_geometry(_network(model), 'auto', provider, 480, 640)
    assert (geometry.input_height, geometry.input_width) == size


@pytest.mark.parametrize('model', ['bodypix', 'bodypix_ros'])
def test_a_resolution_that_was_asked_for_counts(model: str) -> None:
    geometry = network_geometry(_network(model), 'full', 'cuda', 480, 640)
    assert (geometry.input_height, geometry.input_width) == (481, 641)
