"""The network that comes with the package, and when it is taken."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from checkpoints import UNKNOWN, put_on_server, whole_network

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models import builtin
from bodypix_ros.models.bodypix.tfjs import parse_manifest
from bodypix_ros.models.network import load_network
from bodypix_ros.settings import NetworkSettings

TITLE = 'bodypix_ros 0.25'
NOBODY_LISTENS = 'http://127.0.0.1:9'


@pytest.fixture
def auto(tmp_path: Path) -> NetworkSettings:
    """Settings that leave the checkpoint open, with an empty cache and no server."""
    return NetworkSettings(checkpoint='auto', model_dir=str(tmp_path / 'cache'), model_url=NOBODY_LISTENS)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def test_it_has_at_most_one_megabyte_and_a_model_card() -> None:
    assert sum(path.stat().st_size for path in builtin.FOLDER.iterdir()) <= 1_000_000
    card = (builtin.FOLDER / 'MODEL_CARD.md').read_text()
    assert card.startswith(f'# {TITLE}')
    assert 'Apache-2.0' in card


def test_the_pictures_of_its_model_card_are_there() -> None:
    card = (builtin.FOLDER / 'MODEL_CARD.md').read_text()
    pictures = [piece.partition(')')[0] for piece in card.split('](')[1:]]
    local = [name for name in pictures if not name.startswith('http')]
    assert local
    assert [name for name in local if not (builtin.FOLDER / name).is_file()] == []


def test_its_weights_are_those_of_a_narrow_network_with_every_head() -> None:
    manifest = parse_manifest((builtin.FOLDER / builtin.MANIFEST).read_bytes(), 'builtin')
    assert manifest.shapes == {name: values.shape for name, values in whole_network(builtin.MULTIPLIER).items()}


def test_it_runs_without_cache_and_server_and_says_so(auto: NetworkSettings, caplog: pytest.LogCaptureFixture) -> None:
    network = load_network(auto)
    assert network.name == f'{TITLE}, stride 16'
    assert (network.checkpoint, network.version, network.architecture) == ('builtin', 2, 'mobilenet_v1')
    (warning,) = _warnings(caplog)
    assert warning.startswith('MobileNetV1 0.75, 4-byte weights is not in ')
    assert warning.endswith(f'or set allow_download. Going on with the built-in {TITLE}, which is less exact')


def test_a_server_that_does_not_answer_is_said(auto: NetworkSettings, caplog: pytest.LogCaptureFixture) -> None:
    assert load_network(dataclasses.replace(auto, allow_download=True)).name == f'{TITLE}, stride 16'
    (warning,) = _warnings(caplog)
    assert warning.startswith('127.0.0.1 refuses the connection; ')


def test_its_network_is_kept_for_the_next_start(auto: NetworkSettings) -> None:
    told: list[str] = []
    first = load_network(auto, progress=lambda task, *_: told.append(task))
    assert told == [f'building {TITLE}, stride 16'] * 2
    told.clear()
    assert load_network(auto, progress=lambda task, *_: told.append(task)) == first
    assert told == []


def test_the_official_network_goes_first_where_it_is_at_hand(
    auto: NetworkSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_on_server(tmp_path / 'server', UNKNOWN, whole_network(0.75))
    fetching = dataclasses.replace(auto, model_url=(tmp_path / 'server').as_uri(), allow_download=True)
    fetched = load_network(fetching)
    assert 'MobileNetV1 0.75, 4-byte weights' in fetched.name
    assert fetched.checkpoint == 'official'
    assert load_network(auto) == fetched, 'it is in the cache now'
    assert _warnings(caplog) == []


def test_damaged_official_weights_give_way_to_it(
    auto: NetworkSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_on_server(tmp_path / 'cache', UNKNOWN)
    (tmp_path / 'cache' / UNKNOWN.folder / 'group1-shard2of2.bin').write_bytes(b'')
    assert load_network(auto).name == f'{TITLE}, stride 16'
    assert any('is damaged' in warning for warning in _warnings(caplog))


@pytest.mark.parametrize('asked', [{'checkpoint': 'builtin'}, {'checkpoint': 'auto', 'multiplier': 0.25}])
def test_asked_for_it_is_taken_without_a_word(
    asked: dict[str, object], auto: NetworkSettings, caplog: pytest.LogCaptureFixture
) -> None:
    network = load_network(dataclasses.replace(auto, **asked))  # type: ignore[arg-type]
    assert network.name == f'{TITLE}, stride 16'
    assert _warnings(caplog) == []


def test_it_stands_in_for_networks_of_any_kind(auto: NetworkSettings) -> None:
    resnet = load_network(dataclasses.replace(auto, architecture='resnet50', stride=32))
    assert resnet.name == f'{TITLE}, stride 32'
    first = load_network(dataclasses.replace(auto, version=1))
    assert (first.version, first.part_ids) == (2, 'bodypix2')


def test_only_an_open_checkpoint_is_replaced(auto: NetworkSettings) -> None:
    with pytest.raises(ModelError, match='4-byte weights is not in'):
        load_network(dataclasses.replace(auto, checkpoint='official'))
    with pytest.raises(SettingError, match='multiplier must be 0.5, 0.75 or 1.0 with version 2, got 0.25'):
        load_network(dataclasses.replace(auto, checkpoint='official', multiplier=0.25))
    with pytest.raises(SettingError, match='stride must be 16 or 32 with resnet50, got 8'):
        load_network(dataclasses.replace(auto, checkpoint='builtin', architecture='resnet50', stride=8))


@pytest.mark.parametrize('stride', [8, 16, 32])
def test_it_runs_at_every_stride_with_every_head(stride: int, auto: NetworkSettings) -> None:
    network = load_network(dataclasses.replace(auto, checkpoint='builtin', stride=stride), people=True)
    session = onnxruntime.InferenceSession(network.onnx, providers=['CPUExecutionProvider'])
    planes = np.random.default_rng(0).uniform(-1, 1, (1, 3, 97, 129)).astype(np.float32)
    output = session.run(None, {'input': planes})[0]
    assert output.shape == (1, 174, 96 // stride + 1, 128 // stride + 1)
    assert np.isfinite(output).all()
