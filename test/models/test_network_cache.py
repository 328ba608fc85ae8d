"""Finished networks kept on disk."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest

from bodypix_ros.models import network_cache
from bodypix_ros.models.network_cache import Recipe, keep_network, read_network

RECIPE = Recipe('digest', 2, 'mobilenet_v1', 0.5, 16, 'trained', ('segments', 'part_heatmaps'))


def test_a_network_is_read_as_it_was_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_network(tmp_path, RECIPE) is None
    keep_network(tmp_path, RECIPE, b'network')
    assert read_network(tmp_path, RECIPE) == b'network'
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'stride16-trained-2heads.json',
        'stride16-trained-2heads.onnx',
    ]
    assert caplog.records == []


@pytest.mark.parametrize(
    'change',
    [
        {'digest': 'other'},
        {'version': 1},
        {'architecture': 'resnet50'},
        {'multiplier': 0.75},
        {'stride': 8},
        {'dilation': 'tfjs'},
        {'heads': ('segments',)},
        {'heads': ('part_heatmaps', 'segments')},
    ],
)
def test_a_network_of_another_recipe_is_not_taken(change: dict[str, object], tmp_path: Path) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    assert read_network(tmp_path, dataclasses.replace(RECIPE, **change)) is None  # type: ignore[arg-type]


def test_a_change_of_the_building_code_makes_kept_networks_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    monkeypatch.setattr(network_cache, '__version__', 'next')
    assert read_network(tmp_path, RECIPE) is None


@pytest.mark.parametrize(
    ('name', 'data'),
    [
        ('stride16-trained-2heads.onnx', b'netw0rk'),
        ('stride16-trained-2heads.onnx', b''),
        ('stride16-trained-2heads.json', b'{'),
        ('stride16-trained-2heads.json', b'[]'),
        ('stride16-trained-2heads.json', b'\xff'),
    ],
)
def test_a_damaged_network_is_said(name: str, data: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    (tmp_path / name).write_bytes(data)
    assert read_network(tmp_path, RECIPE) is None
    (warning,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warning == (
        f'the network kept in {tmp_path}/stride16-trained-2heads.onnx is damaged; it is built again from the weights'
    )


def test_a_network_that_cannot_be_kept_is_said_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / 'file').write_text('')
    keep_network(tmp_path / 'file', RECIPE, b'network')
    (warning,) = [one.getMessage() for one in caplog.records]
    assert warning.startswith('the finished network is not kept, so that each start builds it again: ')
    assert warning.endswith('cannot be written (File exists); set model_dir to a folder that can be')
    assert read_network(tmp_path / 'file', RECIPE) is None
