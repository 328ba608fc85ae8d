"""What a network and its engine agree on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bodypix_ros.inference.engine import Provider, network_geometry
from bodypix_ros.models.network import load_network
from bodypix_ros.settings import NetworkSettings


@pytest.mark.parametrize(
    ('checkpoint', 'provider', 'size'),
    [
        ('official', 'cpu', (241, 321)),
        ('official', 'cuda', (481, 641)),
        ('builtin', 'cpu', (241, 321)),
        ('builtin', 'cuda', (241, 321)),
    ],
)
def test_auto_is_the_resolution_that_serves_network_and_provider(
    checkpoint: str, provider: Provider, size: tuple[int, int], tmp_path: Path
) -> None:
    network = load_network(NetworkSettings(checkpoint='builtin', model_dir=str(tmp_path)))
    geometry = network_geometry(dataclasses.replace(network, checkpoint=checkpoint), 'auto', provider, 480, 640)
    assert (geometry.input_height, geometry.input_width) == size


def test_a_resolution_that_was_asked_for_counts(tmp_path: Path) -> None:
    network = load_network(NetworkSettings(checkpoint='builtin', model_dir=str(tmp_path)))
    geometry = network_geometry(network, 'full', 'cuda', 480, 640)
    assert (geometry.input_height, geometry.input_width) == (481, 641)
