# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cache of official checkpoints."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from checkpoints import UNKNOWN, put_on_server, serving, whole_network

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models.bodypix import verify
from bodypix_ros.models.bodypix.verify import Fingerprint, Record, read_record, write_record
from bodypix_ros.models.catalogue import CATALOGUE
from bodypix_ros.models.disk import NO_CACHE
from bodypix_ros.models.store import Store, is_official, open_store
from bodypix_ros.settings import OFFICIAL_SERVER, NetworkSettings

ROOT = Path(__file__).resolve().parents[2]
KNOWN = CATALOGUE[0]
SHARD = 'group1-shard2of2.bin'


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A folder laid out like the server, with one checkpoint."""
    put_on_server(tmp_path / 'server', UNKNOWN)
    return tmp_path / 'server'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / 'cache')


def _obtain(store: Store, origin: Path, allow_download: bool = True) -> Record:
    return store.obtain(UNKNOWN, origin.as_uri(), allow_download=allow_download)


def _spoil(folder: Path) -> None:
    data = bytearray((folder / SHARD).read_bytes())
    data[100] ^= 1
    (folder / SHARD).write_bytes(data)


def test_the_cache_is_laid_out_like_the_server(store: Store, origin: Path) -> None:
    assert not store.has(UNKNOWN)
    _obtain(store, origin)
    assert store.has(UNKNOWN)
    assert (store.root / 'savedmodel/bodypix/mobilenet/float/075/model-stride16.json').is_file()


def test_the_cache_is_the_users_unless_model_dir_says_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/home/somebody')
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    assert open_store(NetworkSettings()).root == Path('/home/somebody/.cache/bodypix_ros')
    assert open_store(NetworkSettings(model_dir='/srv/models')).root == Path('/srv/models')
    assert open_store(NetworkSettings(model_dir='~/models')).root == Path('/home/somebody/models')


def test_a_checkpoint_that_is_here_needs_no_server(store: Store, origin: Path) -> None:
    record = _obtain(store, origin)
    assert store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False) == record


def test_an_absent_checkpoint_is_not_fetched_unasked(store: Store, origin: Path) -> None:
    with pytest.raises(ModelError) as raised:
        _obtain(store, origin, allow_download=False)
    assert str(raised.value) == (
        f'MobileNetV1 0.75, 4-byte weights are not in {store.root}; fetch them with `bodypix models fetch`, copy them '
        'from a folder with `bodypix models import DIR`, or set allow_download'
    )
    with pytest.raises(ModelError, match='fetch them with `bodypix models fetch --multiplier 0.5`, copy them from'):
        store.obtain(KNOWN, origin.as_uri(), allow_download=False)
    assert not store.root.exists()


def test_without_a_home_folder_the_remedy_is_a_folder() -> None:
    with pytest.raises(ModelError, match='are not available: there is no cache folder, set model_dir or HOME; '):
        Store(NO_CACHE).obtain(KNOWN, 'file:///nowhere', allow_download=False)


def test_a_damaged_checkpoint_is_logged_and_fetched_again(
    store: Store, origin: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = _obtain(store, origin)
    _spoil(store.folder(UNKNOWN))
    assert _obtain(store, origin) == record
    assert store.verify(UNKNOWN) == record
    (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert 'MobileNetV1 0.75, 4-byte weights in the cache cannot be used: ' in warning.getMessage()
    assert f'must have the SHA-256 {record.fingerprint.weights_sha256}, got ' in warning.getMessage()


def test_a_damaged_manifest_is_noticed(store: Store, origin: Path) -> None:
    record = _obtain(store, origin)
    path = store.folder(UNKNOWN) / UNKNOWN.manifest
    path.write_text(path.read_text().replace('graph-model', 'graph_model'))
    with pytest.raises(ModelError, match=f'must have the SHA-256 {record.fingerprint.manifest_sha256}, got '):
        store.verify(UNKNOWN)


def test_a_damaged_checkpoint_that_must_not_be_fetched_says_what_to_do(store: Store, origin: Path) -> None:
    _obtain(store, origin)
    (store.folder(UNKNOWN) / SHARD).unlink()
    with pytest.raises(ModelError) as raised:
        _obtain(store, origin, allow_download=False)
    assert str(raised.value) == (
        f'MobileNetV1 0.75, 4-byte weights in the cache cannot be used: {store.folder(UNKNOWN)}/{SHARD} cannot be read '
        '(No such file or directory); fetch them with `bodypix models fetch`, copy them from a folder with '
        '`bodypix models import DIR`, or set allow_download'
    )


def test_files_that_were_copied_by_hand_are_adopted(store: Store) -> None:
    put_on_server(store.root, UNKNOWN)
    record = store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False)
    assert record.source == 'found in the cache'
    assert read_record(store.folder(UNKNOWN)) == record


def test_a_folder_that_cannot_be_written_can_be_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_server(store.root, UNKNOWN)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, 'Read-only file system')

    monkeypatch.setattr('bodypix_ros.models.disk.tempfile.mkstemp', refuse)
    assert store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False).source == 'found in the cache'


def test_only_weights_that_are_surely_googles_are_official() -> None:
    fingerprint = Fingerprint('1', '2')
    assert is_official(KNOWN, Record(fingerprint, 'file:///mirror'))
    assert is_official(UNKNOWN, Record(fingerprint, f'{OFFICIAL_SERVER}/{UNKNOWN.folder}'))
    assert not is_official(UNKNOWN, Record(fingerprint, 'file:///mirror'))
    assert not is_official(UNKNOWN, Record(fingerprint, f'{OFFICIAL_SERVER}.example/'))


@pytest.mark.parametrize('form', ['{}', 'file://{}', '{}/savedmodel', '{}/savedmodel/bodypix/'])
def test_every_checkpoint_of_a_folder_is_imported(form: str, store: Store, origin: Path) -> None:
    put_on_server(origin, CATALOGUE[-1])
    assert store.import_from(form.format(origin)) == (UNKNOWN, CATALOGUE[-1])
    assert [one for one in CATALOGUE if store.has(one)] == [UNKNOWN, CATALOGUE[-1]]
    assert store.verify(UNKNOWN).source == f'{origin.as_uri()}/{UNKNOWN.folder}'


def test_all_official_files_are_imported(server: str, store: Store) -> None:
    titles = [checkpoint.title for checkpoint in store.import_from(server)]
    assert titles == [one.title for one in CATALOGUE if one.weights_sha256]


@pytest.mark.parametrize(
    ('files', 'got'),
    [
        ([], 'an empty folder'),
        (['mediapipe-0.10.21-cp311.whl'], 'mediapipe-0.10.21-cp311.whl'),
        (['d', 'c', 'b', 'a', 'e'], 'a, b, c and 2 more'),
    ],
)
def test_a_folder_without_checkpoints_is_refused_with_what_it_contains(
    store: Store, tmp_path: Path, files: list[str], got: str
) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(ModelError) as raised:
        store.import_from(str(tmp_path))
    assert str(raised.value) == (
        f'{tmp_path} must contain checkpoints in the layout of the server, such as '
        f'savedmodel/bodypix/mobilenet/float/050/model-stride16.json, or .tflite files of MediaPipe, got {got}; import '
        'a wheel or a .tgz file by its own path'
    )


def test_the_sound_checkpoints_of_a_damaged_folder_are_imported(store: Store, origin: Path) -> None:
    put_on_server(origin, CATALOGUE[-1])
    put_on_server(origin, CATALOGUE[-2], whole_network(0.25))
    with pytest.raises(ModelError) as raised:
        store.import_from(str(origin))
    assert str(raised.value).startswith(
        'imported MobileNetV1 0.75, 4-byte weights; BodyPix 1 MobileNetV1 1.00, 4-byte weights; '
        'rejected BodyPix 1 MobileNetV1 0.75, 4-byte weights: '
    )
    assert [one for one in CATALOGUE if store.has(one)] == [UNKNOWN, CATALOGUE[-1]]


RACER = """
import logging, sys
from pathlib import Path
from bodypix_ros.models.catalogue import find_checkpoint
from bodypix_ros.models.store import Store
from bodypix_ros.settings import NetworkSettings

logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
Store(Path(sys.argv[1])).obtain(find_checkpoint(NetworkSettings()), sys.argv[2], allow_download=True)
"""


def test_of_two_processes_one_fetches_and_the_other_waits_for_it(store: Store, origin: Path) -> None:
    asked: list[str] = []
    first_asks, go_on = Event(), Event()

    class Slow(SimpleHTTPRequestHandler):
        """Keeps the first process waiting until the second one is there."""

        def __init__(self, *details: object) -> None:
            super().__init__(*details, directory=str(origin))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            asked.append(self.path.rsplit('/', 1)[1])
            first_asks.set()
            go_on.wait(30)
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    def start(server: str) -> subprocess.Popen[str]:
        command = [sys.executable, '-c', RACER, str(store.root), server]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)

    with serving(Slow) as server, start(server) as first:
        try:
            assert first_asks.wait(30)
            with start(server) as second:
                assert second.stdout is not None
                line = second.stdout.readline()
                go_on.set()
                assert line == f'waiting for another process that is using {store.folder(UNKNOWN)}\n'
                assert second.communicate(timeout=30)[0] == ''
        finally:
            go_on.set()
        assert first.communicate(timeout=30)[0] == f'fetching MobileNetV1 0.75, 4-byte weights from {server}\n'
    assert (first.returncode, second.returncode) == (0, 0)
    assert asked == ['model-stride16.json', 'group1-shard1of2.bin', SHARD]
    assert store.verify(UNKNOWN) == read_record(store.folder(UNKNOWN))


@pytest.mark.parametrize('model_dir', ['~nosuchuser/x', 'a\0b', '{loop}/x', 'x' * 5000])
def test_a_model_dir_that_cannot_be_a_path_is_refused(model_dir: str, tmp_path: Path) -> None:
    (tmp_path / 'loop').symlink_to('loop')
    with pytest.raises(SettingError, match='^model_dir must be the path of a folder, got ') as raised:
        open_store(NetworkSettings(model_dir=model_dir.format(loop=tmp_path / 'loop')))
    assert len(str(raised.value)) < 300


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Record(Fingerprint('12', '34'), 'https://server/folder')
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


RECORDS = {
    'empty': b'',
    'cut off': b'{"manifest_sha256": "1',
    'of another kind': b'[]',
    'a number': b'3',
    'incomplete': b'{"weights_sha256": "1"}',
    'deeply nested': b'[' * 60_000,
    'deeply nested object': b'{"a":' * 10_000,
    'not text': bytes(range(256)),
    'another number': b'{"manifest_sha256": "1", "weights_sha256": "2", "source": "a", "sha256": "3"}',
    'endless': b' ' * 100_000,
    'a huge number': b'1' * 10_000,
}


def test_a_record_of_version_0_1_is_read(tmp_path: Path) -> None:
    fields = {'manifest_sha256': '1', 'weights_sha256': '2', 'source': 'somewhere'}
    (tmp_path / 'checkpoint.json').write_text(json.dumps(fields))
    assert read_record(tmp_path) == Record(Fingerprint('1', '2'), 'somewhere')


def test_a_record_that_no_log_could_print_is_made_printable(tmp_path: Path) -> None:
    fields = {'manifest_sha256': '1', 'weights_sha256': '2', 'source': '\ud800' + 'x' * 10_000}
    (tmp_path / 'checkpoint.json').write_text(json.dumps(fields))
    record = read_record(tmp_path)
    assert record is not None
    assert record.source == '\\ud800' + 'x' * 494


@pytest.mark.parametrize('name', RECORDS)
def test_an_unreadable_record_is_replaced(name: str, store: Store, origin: Path) -> None:
    _obtain(store, origin)
    path = store.folder(UNKNOWN) / 'checkpoint.json'
    path.write_bytes(RECORDS[name])
    assert store.record(UNKNOWN) is None
    record = store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False)
    assert record.source == 'found in the cache'
    assert json.loads(path.read_bytes())['weights_sha256'] == record.fingerprint.weights_sha256


@pytest.mark.parametrize('kind', ['folder', 'loop'])
def test_what_is_in_the_place_of_a_record_is_replaced(kind: str, store: Store, origin: Path) -> None:
    _obtain(store, origin)
    path = store.folder(UNKNOWN) / 'checkpoint.json'
    path.unlink()
    if kind == 'folder':
        (path / 'something').mkdir(parents=True)
    else:
        path.symlink_to(path)
    assert store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False) == store.record(UNKNOWN)


def test_a_wrong_record_of_the_official_weights_is_replaced(server: str, store: Store) -> None:
    right = store.obtain(KNOWN, server, allow_download=True)
    write_record(store.folder(KNOWN), Record(Fingerprint('0' * 64, '1' * 64), 'somewhere'))
    repaired = store.obtain(KNOWN, 'file:///nowhere', allow_download=False)
    assert repaired == store.record(KNOWN) == Record(right.fingerprint, 'found in the cache')


def test_a_wrong_record_of_other_weights_is_repaired_by_a_fetch(store: Store, origin: Path) -> None:
    right = _obtain(store, origin)
    write_record(store.folder(UNKNOWN), Record(Fingerprint('0' * 64, '1' * 64), 'somewhere'))
    with pytest.raises(ModelError, match=f'must have the SHA-256 {"1" * 64}, got {right.fingerprint.weights_sha256}'):
        _obtain(store, origin, allow_download=False)
    assert _obtain(store, origin) == right == store.record(UNKNOWN)


def test_a_recorded_checkpoint_that_cannot_be_built_is_fetched_again(store: Store, origin: Path) -> None:
    """Version 0.1 recorded what it had not built, and then took it for sound."""
    weights = {name: values * np.float32('nan') for name, values in whole_network(0.75).items()}
    folder = put_on_server(store.root, UNKNOWN, weights)
    bad = hashlib.sha256(b''.join(values.tobytes() for values in weights.values())).hexdigest()
    manifest = hashlib.sha256((folder / UNKNOWN.manifest).read_bytes()).hexdigest()
    write_record(folder, Record(Fingerprint(manifest, bad), 'somewhere'))
    with pytest.raises(ModelError, match='contain values that are not finite; fetch them with `bodypix models fetch`'):
        _obtain(store, origin, allow_download=False)
    assert _obtain(store, origin).source == f'{origin.as_uri()}/{UNKNOWN.folder}'
    assert store.verify(UNKNOWN) == store.record(UNKNOWN)


def test_files_copied_by_hand_that_cannot_be_built_are_not_recorded(store: Store) -> None:
    weights = dict(whole_network(0.75))
    del weights['MobilenetV1/Conv2d_5_pointwise/weights']
    put_on_server(store.root, UNKNOWN, weights)
    with pytest.raises(ModelError, match='has no weights named MobilenetV1/Conv2d_5_pointwise/weights'):
        store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False)
    assert store.record(UNKNOWN) is None


def test_any_exception_while_reading_the_cache_is_damage(
    store: Store, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _obtain(store, origin)
    calls: list[Path] = []
    real = verify.inspect_files

    def fail_once(folder: Path, manifest: str) -> object:
        calls.append(folder)
        if len(calls) <= 2:  # before and behind the lock
            raise RecursionError('too deep')
        return real(folder, manifest)

    monkeypatch.setattr(verify, 'inspect_files', fail_once)
    assert _obtain(store, origin).source == f'{origin.as_uri()}/{UNKNOWN.folder}'


def test_one_checkpoint_that_fails_in_an_unforeseen_way_does_not_end_an_import(
    store: Store, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_server(origin, CATALOGUE[-1])
    real = verify.check_fit

    def fail(shapes: object, architecture: str, multiplier: float, source: str) -> None:
        if multiplier == 0.75:
            raise UnicodeError('odd')
        real(shapes, architecture, multiplier, source)  # type: ignore[arg-type]

    monkeypatch.setattr(verify, 'check_fit', fail)
    with pytest.raises(ModelError, match='imported BodyPix 1 MobileNetV1 1.00, .*; rejected MobileNetV1 0.75'):
        store.import_from(str(origin))


@pytest.mark.parametrize(
    ('source', 'text'),
    [
        ('~nosuchuser/x', "the source must be the path of a folder, got '~nosuchuser/x'"),
        ('/nothing/there', '/nothing/there cannot be read (No such file or directory)'),
        ('{file}', '{file} cannot be read (Not a directory)'),
        ('file:///nothing%00/there', 'reading file:///nothing%00/there failed: ValueError: embedded null byte'),
    ],
)
def test_a_source_that_cannot_be_read_is_a_sentence(source: str, text: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(b'')
    with pytest.raises((ModelError, SettingError)) as raised:
        store.import_from(source.format(file=tmp_path / 'file'))
    assert str(raised.value).startswith(text.format(file=tmp_path / 'file'))
