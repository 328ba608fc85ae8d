# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a file of the cache, the next start repairs it or says in one sentence what is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from checkpoints import UNKNOWN, put_on_server

from bodypix_ros.errors import ModelError
from bodypix_ros.models.network import Network, load_network
from bodypix_ros.models.store import Store
from bodypix_ros.settings import NetworkSettings

FILES = (
    'model-stride16.json',
    'group1-shard1of2.bin',
    'group1-shard2of2.bin',
    'checkpoint.json',
    'stride16-trained-2heads.onnx',
    'stride16-trained-2heads.json',
)


def _overwrite(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _replace(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def _flip_one_bit(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGES = {
    'empty': _overwrite(lambda data: b''),
    'cut off': _overwrite(lambda data: data[: len(data) // 2]),
    'too long': _overwrite(lambda data: data + b'more'),
    'one bit': _overwrite(_flip_one_bit),
    'zeros': _overwrite(lambda data: bytes(len(data))),
    'deeply nested': _overwrite(lambda data: b'[' * 60_000),
    'a web page': _overwrite(lambda data: b'<html><body>Please log in</body></html>'),
    'missing': Path.unlink,
    'a folder': _replace(Path.mkdir),
    'a loop': _replace(lambda path: path.symlink_to(path.name)),
    'a pipe': _replace(os.mkfifo),
}


@pytest.fixture(scope='module')
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Network]:
    """A folder with a `server` and a `cache` that holds a checkpoint and a network, and that network."""
    folder = tmp_path_factory.mktemp('filled')
    put_on_server(folder / 'server', UNKNOWN)
    return folder, load_network(_settings(folder))


@pytest.fixture
def folder(filled: tuple[Path, Network], tmp_path: Path) -> Path:
    """A copy of the filled folder; records still name the first server."""
    shutil.copytree(filled[0], tmp_path / 'copy')
    return tmp_path / 'copy'


def _settings(folder: Path, server: Path | None = None, allow_download: bool = True) -> NetworkSettings:
    return NetworkSettings(
        model='bodypix',
        checkpoint='official',
        model_dir=str(folder / 'cache'),
        model_url=(server or folder / 'server').as_uri(),
        allow_download=allow_download,
    )


@pytest.mark.parametrize('file', FILES)
@pytest.mark.parametrize('damage', DAMAGES)
def test_every_damage_is_repaired_from_the_server(
    damage: str, file: str, folder: Path, filled: tuple[Path, Network]
) -> None:
    DAMAGES[damage](folder / 'cache' / UNKNOWN.folder / file)
    settings = _settings(folder, filled[0] / 'server')
    assert load_network(settings).onnx == filled[1].onnx
    assert Store(folder / 'cache').obtain(UNKNOWN, settings.model_url, allow_download=True)
    repaired = _settings(folder, filled[0] / 'nothing', allow_download=False)
    assert load_network(repaired).onnx == filled[1].onnx
    assert Store(folder / 'cache').verify(UNKNOWN)


@pytest.mark.parametrize('file', FILES)
@pytest.mark.parametrize('damage', DAMAGES)
def test_without_a_server_a_damaged_network_is_built_again_or_one_sentence_says_what_is_wrong(
    damage: str, file: str, folder: Path, filled: tuple[Path, Network]
) -> None:
    """The weights are looked at only where the network that was built of them is gone."""
    path = folder / 'cache' / UNKNOWN.folder / file
    DAMAGES[damage](path)
    settings = _settings(folder, allow_download=False)
    assert load_network(settings).onnx == filled[1].onnx
    if path.suffix == '.bin' or file == UNKNOWN.manifest:
        with pytest.raises(ModelError) as raised:
            load_network(replace(settings, stride=8))
        assert '\n' not in str(raised.value)
        assert str(raised.value).startswith('MobileNetV1 0.75, 4-byte weights ')
        assert str(raised.value).endswith('or set allow_download')
    else:
        assert load_network(replace(settings, stride=8)).stride == 8


@pytest.mark.parametrize('kind', ['file', 'loop'])
@pytest.mark.parametrize('name', ['.', 'savedmodel', UNKNOWN.folder])
def test_a_file_or_a_loop_in_the_place_of_a_folder_is_one_sentence(name: str, kind: str, folder: Path) -> None:
    path = folder / 'cache' / name
    shutil.rmtree(path)
    if kind == 'file':
        path.write_bytes(b'')
    else:
        path.symlink_to(path)
    with pytest.raises((ModelError, ValueError)) as raised:
        load_network(_settings(folder))
    assert '\n' not in str(raised.value)
    assert ('cannot be written' in str(raised.value)) or ('must be the path of a folder' in str(raised.value))
