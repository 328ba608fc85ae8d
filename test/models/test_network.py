# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From settings to a network."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from checkpoints import put_on_server, whole_network, write_checkpoint
from numpy.typing import NDArray

from bodypix_ros.errors import ModelError
from bodypix_ros.models.catalogue import find_checkpoint
from bodypix_ros.models.network import Head, Network, load_network
from bodypix_ros.settings import NetworkSettings

ROOT = Path(__file__).resolve().parents[2]
HALF = 'savedmodel/bodypix/mobilenet/float/050'
KEPT = 'stride16-trained-2heads.onnx'


@pytest.fixture
def settings(server: str, tmp_path: Path) -> NetworkSettings:
    """Settings of a network whose real weights are at hand, with an empty cache."""
    return NetworkSettings(
        model='bodypix', multiplier=0.5, model_url=server, model_dir=str(tmp_path / 'cache'), allow_download=True
    )


@pytest.fixture
def own(tmp_path: Path) -> NetworkSettings:
    """Settings of a made-up narrow network in a folder of its own."""
    write_checkpoint(tmp_path / 'own', 'model.json', whole_network(0.25))
    return NetworkSettings(
        model='bodypix', multiplier=0.25, checkpoint=str(tmp_path / 'own'), model_dir=str(tmp_path / 'cache')
    )


def _run(network: Network, height: int = 65, width: int = 97) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(network.onnx, providers=['CPUExecutionProvider'])
    planes = np.random.default_rng(0).uniform(-1, 1, (2, 3, height, width)).astype(np.float32)
    output: NDArray[np.float32] = session.run(None, {'input': planes})[0]
    return output


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def test_a_network_says_what_it_is_and_runs(settings: NetworkSettings) -> None:
    network = load_network(settings)
    assert network.name == 'official MobileNetV1 0.50, 4-byte weights, stride 16'
    assert network.heads == {'segments': Head('heads', slice(0, 1)), 'part_heatmaps': Head('heads', slice(1, 25))}
    assert (network.stride, network.version, network.architecture) == (16, 2, 'mobilenet_v1')
    assert network.part_ids == 'bodypix2'
    assert _run(network).shape == (2, 25, 5, 7)


def test_people_bring_their_heads(settings: NetworkSettings) -> None:
    network = load_network(settings, people=True)
    assert list(network.heads) == [
        'segments',
        'part_heatmaps',
        'heatmaps',
        'short_offsets',
        'displacement_fwd',
        'displacement_bwd',
        'long_offsets',
    ]
    output = _run(network)
    assert output.shape[1] == network.heads['long_offsets'].channels.stop == 174
    np.testing.assert_allclose(output[:, :25], _run(load_network(settings)), atol=1e-4)


def test_progress_tells_of_fetch_and_building_and_then_of_nothing(settings: NetworkSettings) -> None:
    told: list[tuple[str, int, int]] = []
    load_network(settings, progress=lambda *progress: told.append(progress))
    assert ('fetching MobileNetV1 0.50, 4-byte weights', 2419840, 2419840) in told
    assert told[-2:] == [('building official MobileNetV1 0.50, 4-byte weights, stride 16', n, 1) for n in (0, 1)]
    told.clear()
    load_network(settings, progress=lambda *progress: told.append(progress))
    assert told == []


def test_a_kept_network_needs_neither_onnx_nor_the_weights(settings: NetworkSettings, tmp_path: Path) -> None:
    first = load_network(settings)
    (tmp_path / 'cache' / HALF / 'group1-shard1of1.bin').unlink()
    (tmp_path / 'cache' / HALF / 'model-stride16.json').unlink()
    assert load_network(settings) == first
    script = (
        'import sys\n'
        'from bodypix_ros.models.network import load_network\n'
        'from bodypix_ros.settings import NetworkSettings\n'
        f'network = load_network(NetworkSettings(model="bodypix", multiplier=0.5, model_dir={settings.model_dir!r}))\n'
        "print(len(network.onnx), 'onnx' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == (f'{len(first.onnx)} False\n', '')


def test_each_stride_dilation_and_set_of_heads_is_kept_by_itself(own: NetworkSettings, tmp_path: Path) -> None:
    variants = [(8, 'trained'), (8, 'tfjs'), (16, 'trained'), (32, 'trained')]
    networks = [load_network(dataclasses.replace(own, stride=stride, dilation=rule)) for stride, rule in variants]
    networks.append(load_network(own, people=True))
    assert len({network.onnx for network in networks}) == 5
    assert [network.stride for network in networks] == [8, 8, 16, 32, 16]
    assert len(list((tmp_path / 'cache').rglob('*.onnx'))) == 5


def test_a_damaged_network_is_said_and_built_again(
    settings: NetworkSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = load_network(settings)
    kept = tmp_path / 'cache' / HALF / KEPT
    kept.write_bytes(first.onnx[:-1] + b'\x00')
    assert load_network(settings) == first
    assert _warnings(caplog) == [
        f'the cached network {kept} is damaged (its content has changed); rebuilding it from the weights'
    ]
    assert kept.read_bytes() == first.onnx


def test_damaged_weights_under_a_damaged_network_are_fetched_again(
    settings: NetworkSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = load_network(settings)
    folder = tmp_path / 'cache' / HALF
    (folder / KEPT).write_bytes(b'')
    (folder / 'group1-shard1of1.bin').write_bytes(bytes(2419840))
    assert load_network(settings) == first
    assert len(_warnings(caplog)) == 2
    assert 'MobileNetV1 0.50, 4-byte weights in the cache cannot be used' in _warnings(caplog)[1]


def test_missing_weights_are_not_fetched_unasked(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match='4-byte weights are not in .*; fetch them with `bodypix models fetch`, copy them'
    ):
        load_network(NetworkSettings(model='bodypix', model_dir=str(tmp_path)))


def test_a_checkpoint_of_ones_own_is_built_and_left_alone(own: NetworkSettings, tmp_path: Path) -> None:
    before = sorted((tmp_path / 'own').iterdir())
    network = load_network(own)
    assert network.name == f'{tmp_path}/own (MobileNetV1 0.25), stride 16'
    assert 'official' not in network.name
    assert _run(network).shape == (2, 25, 5, 7)
    assert sorted((tmp_path / 'own').iterdir()) == before
    assert load_network(own) == network


def test_new_weights_of_ones_own_give_a_new_network(own: NetworkSettings, tmp_path: Path) -> None:
    first = load_network(own)
    write_checkpoint(tmp_path / 'own', 'model.json', whole_network(0.25, seed=1))
    assert load_network(own).onnx != first.onnx


def test_the_derived_full_width_checkpoint_is_not_official(shared: Path, tmp_path: Path) -> None:
    folder = shared.resolve() / 'tfjs-models' / 'derived' / 'mobilenet-100-mixed-float32'
    network = load_network(
        NetworkSettings(model='bodypix', multiplier=1.0, checkpoint=str(folder), model_dir=str(tmp_path))
    )
    assert network.name == f'{folder} (MobileNetV1 1.00), stride 16'
    assert _run(network).shape == (2, 25, 5, 7)


def test_version_1_numbers_its_parts_in_its_own_way(tmp_path: Path) -> None:
    settings = NetworkSettings(
        model='bodypix',
        version=1,
        multiplier=0.25,
        model_dir=str(tmp_path / 'cache'),
        model_url=(tmp_path / 'server').as_uri(),
        allow_download=True,
    )
    put_on_server(tmp_path / 'server', find_checkpoint(settings), whole_network(0.25))
    network = load_network(settings)
    assert (network.version, network.part_ids) == (1, 'bodypix1')
    assert network.name == (
        f'unverified ({tmp_path.as_uri()}/server/savedmodel/posenet_mobilenet_025_partmap) BodyPix 1 MobileNetV1 0.25, '
        '4-byte weights, stride 16'
    )
    with pytest.raises(ModelError, match='people require version 2, got 1'):
        load_network(settings, people=True)
    coarse = load_network(dataclasses.replace(settings, stride=32))
    assert coarse.stride == 16, 'narrow networks of version 1 run stride 16 where 32 is asked for'
    assert coarse.name.endswith('stride 16')


def test_weights_without_a_head_are_refused_by_its_name(own: NetworkSettings, tmp_path: Path) -> None:
    weights = {name: values for name, values in whole_network(0.25).items() if 'embedding' not in name}
    write_checkpoint(tmp_path / 'own', 'model.json', weights)
    assert load_network(own).heads['segments'].channels == slice(0, 1)
    with pytest.raises(ModelError, match='the checkpoint has no .*(long_offsets|embedding_2)'):
        load_network(own, people=True)


def test_bodypix_1_runs_stride_16_where_a_narrow_network_is_asked_for_32(own: NetworkSettings) -> None:
    own = dataclasses.replace(own, version=1)
    network = load_network(dataclasses.replace(own, stride=32))
    assert network == load_network(dataclasses.replace(own, stride=16))
    assert network.stride == 16
    assert _run(network).shape == (2, 25, 5, 7)


def test_people_of_bodypix_1_are_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='people require version 2, got 1'):
        load_network(NetworkSettings(model='bodypix', version=1, model_dir=str(tmp_path)), people=True)
