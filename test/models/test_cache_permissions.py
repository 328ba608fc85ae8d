# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cache of users without a home folder, without permissions, and on read-only file systems."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkpoints import UNKNOWN, put_on_server, whole_network, write_checkpoint

from bodypix_ros.models.network import load_network
from bodypix_ros.models.store import Store
from bodypix_ros.settings import NetworkSettings

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 12345
"""A user that no machine knows, as in `docker run --user 12345`."""

SCRIPT = """
import json, logging, os, sys
import pooch, pwd, requests, tempfile  # all that is imported when it is needed: this user may not read Python's files
import bodypix_ros.models.bodypix.build
from bodypix_ros.errors import BodyPixError
from bodypix_ros.models.network import load_network
from bodypix_ros.settings import NetworkSettings

os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
logged = []
handler = logging.Handler()
handler.emit = lambda record: logged.append(record.getMessage())
logging.getLogger().addHandler(handler)
try:
    name = load_network(NetworkSettings(model='bodypix', **json.loads(sys.argv[1]))).name
except BodyPixError as error:
    name = f'{type(error).__name__}: {error}'
print(json.dumps({'name': name, 'logged': logged}))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can read, with a checkpoint `own` and an empty folder `here`."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    write_checkpoint(folder / 'own', 'model.json', whole_network(0.25))
    (folder / 'here').mkdir()
    yield folder
    shutil.rmtree(folder)


def _load(folder: Path, environment: dict[str, str], **settings: Any) -> tuple[str, list[str]]:
    """Load a network as a user without a name; return the network's name, or the error, and what was logged."""
    if os.geteuid() != 0:
        pytest.skip('needs root, which alone can become another user')
    done = subprocess.run(
        [sys.executable, '-B', '-c', SCRIPT, json.dumps(settings), str(NOBODY)],
        cwd=folder / 'here',
        env={'PYTHONPATH': os.pathsep.join([str(ROOT), *filter(None, sys.path)]), 'PATH': os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ''
    answer = json.loads(done.stdout)
    assert list((folder / 'here').iterdir()) == [], 'something was written into the current folder'
    return answer['name'], answer['logged']


def test_without_a_home_folder_networks_are_built_and_not_cached(folder: Path) -> None:
    name, logged = _load(folder, {}, checkpoint=str(folder / 'own'), multiplier=0.25)
    assert name == f'{folder}/own (MobileNetV1 0.25), stride 16'
    assert logged == [
        'the network cannot be cached and will be rebuilt at each start: there is no cache folder, because this user '
        'has no home folder; set model_dir or HOME'
    ]


def test_without_permission_to_write_in_the_home_folder_too(folder: Path) -> None:
    name, logged = _load(folder, {'HOME': '/'}, checkpoint=str(folder / 'own'), multiplier=0.25)
    assert name == f'{folder}/own (MobileNetV1 0.25), stride 16'
    (line,) = logged
    assert line.startswith(
        'the network cannot be cached and will be rebuilt at each start: no permission to write /.cache/'
    )
    assert line.endswith('(Permission denied); grant this user write permission or set model_dir to another folder')


def test_what_cannot_be_fetched_without_a_home_folder_is_one_sentence(folder: Path) -> None:
    put_on_server(folder / 'server', UNKNOWN)
    options = {'model_url': (folder / 'server').as_uri(), 'allow_download': True}
    name, logged = _load(folder, {}, **options)
    assert (name, logged) == (
        'ModelError: there is no cache folder, because this user has no home folder; set model_dir or HOME',
        [],
    )
    name, logged = _load(folder, {'HOME': '/'}, **options)
    assert name.startswith('ModelError: no permission to write /.cache/bodypix_ros/')
    assert logged == []


def test_a_cache_that_root_has_fetched_is_used(folder: Path) -> None:
    put_on_server(folder / 'server', UNKNOWN)
    Store(folder / 'cache').obtain(UNKNOWN, (folder / 'server').as_uri(), allow_download=True)
    name, logged = _load(folder, {}, model_dir=str(folder / 'cache'))
    assert name.endswith('MobileNetV1 0.75, 4-byte weights, stride 16')
    (line,) = logged
    assert line.startswith('the network cannot be cached and will be rebuilt at each start: no permission to write ')


def test_a_cache_whose_networks_root_has_built_is_used_without_a_word(folder: Path) -> None:
    put_on_server(folder / 'server', UNKNOWN)
    settings = {'model_dir': str(folder / 'cache'), 'model_url': (folder / 'server').as_uri(), 'allow_download': True}
    network = load_network(NetworkSettings(model='bodypix', **settings))  # type: ignore[arg-type]
    assert _load(folder, {}, model_dir=str(folder / 'cache')) == (network.name, [])


def test_a_network_that_may_not_be_read_is_built_again(folder: Path) -> None:
    settings = {'checkpoint': str(folder / 'own'), 'multiplier': 0.25, 'model_dir': str(folder / 'cache')}
    network = load_network(NetworkSettings(model='bodypix', **settings))  # type: ignore[arg-type]
    (kept,) = (folder / 'cache').rglob('*.onnx')
    kept.chmod(0o600)
    name, logged = _load(folder, {}, **settings)
    assert name == network.name
    assert logged[0] == (
        f'the cached network {kept} is damaged ({kept} cannot be read (Permission denied)); rebuilding it from '
        'the weights'
    )
    assert logged[1].startswith(
        'the network cannot be cached and will be rebuilt at each start: no permission to write '
    )


@pytest.mark.parametrize('name', ['.', 'savedmodel', UNKNOWN.folder])
def test_a_cache_that_may_not_be_read_is_one_sentence(name: str, folder: Path) -> None:
    put_on_server(folder / 'cache', UNKNOWN)
    (folder / 'cache' / name).chmod(0o700)
    error, logged = _load(folder, {}, model_dir=str(folder / 'cache'))
    assert error.startswith(
        f'ModelError: MobileNetV1 0.75, 4-byte weights cannot be read from {folder}/cache (Permission denied); fetch'
    )
    assert logged == []


def test_weights_that_may_not_be_read_are_named(folder: Path) -> None:
    put_on_server(folder / 'cache', UNKNOWN)
    (folder / 'cache' / UNKNOWN.folder / 'group1-shard1of2.bin').chmod(0o600)
    error, _ = _load(folder, {}, model_dir=str(folder / 'cache'))
    assert 'in the cache cannot be used: ' in error
    assert 'group1-shard1of2.bin cannot be read (Permission denied); fetch them with' in error


def test_a_checkpoint_folder_that_may_not_be_read_is_one_sentence(folder: Path) -> None:
    (folder / 'own').chmod(0o700)
    error, logged = _load(folder, {}, checkpoint=str(folder / 'own'), multiplier=0.25)
    assert error == (
        'SettingError: checkpoint must be official or the folder of a TensorFlow.js checkpoint, got '
        f"'{folder}/own', which contains none of model-stride16.json, model-stride8.json, model-stride32.json, "
        'model.json (Permission denied)'
    )
    assert logged == []


def test_a_model_dir_that_may_not_be_entered_leaves_the_network_uncached(folder: Path) -> None:
    (folder / 'cache').mkdir(mode=0o700)
    name, logged = _load(
        folder, {}, checkpoint=str(folder / 'own'), multiplier=0.25, model_dir=str(folder / 'cache' / 'x')
    )
    assert name == f'{folder}/own (MobileNetV1 0.25), stride 16'
    (line,) = logged
    assert line.startswith('the network cannot be cached and will be rebuilt at each start: no permission to write ')


def test_a_read_only_file_system_leaves_the_network_uncached(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, 'Read-only file system')

    put_on_server(folder / 'cache', UNKNOWN)
    monkeypatch.setattr(Path, 'mkdir', refuse)
    monkeypatch.setattr(tempfile, 'mkstemp', refuse)
    network = load_network(NetworkSettings(model='bodypix', model_dir=str(folder / 'cache')))
    assert network.name.endswith('MobileNetV1 0.75, 4-byte weights, stride 16')
    (line,) = [record.getMessage() for record in caplog.records]
    assert 'the network cannot be cached and will be rebuilt at each start: no permission to write ' in line
    assert '(Read-only file system)' in line
