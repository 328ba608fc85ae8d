"""The cache of official checkpoints."""

from __future__ import annotations

import logging
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from threading import Event

import platformdirs
import pytest
from checkpoints import UNKNOWN, first_layer, put_on_server, serving

from bodypix_ros.errors import ModelError
from bodypix_ros.models.catalogue import CATALOGUE
from bodypix_ros.models.integrity import Fingerprint, Record, read_record
from bodypix_ros.models.store import Store, is_official, open_store
from bodypix_ros.settings import OFFICIAL_SERVER, NetworkSettings

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
    assert open_store(NetworkSettings()).root == Path(platformdirs.user_cache_dir('bodypix_ros'))
    assert open_store(NetworkSettings(model_dir='/srv/models')).root == Path('/srv/models')
    assert open_store(NetworkSettings(model_dir='~/models')).root == Path('/home/somebody/models')


def test_a_checkpoint_that_is_here_needs_no_server(store: Store, origin: Path) -> None:
    record = _obtain(store, origin)
    assert store.obtain(UNKNOWN, 'file:///nowhere', allow_download=False) == record


def test_an_absent_checkpoint_is_not_fetched_unasked(store: Store, origin: Path) -> None:
    with pytest.raises(ModelError) as raised:
        _obtain(store, origin, allow_download=False)
    assert str(raised.value) == (
        f'MobileNetV1 0.75, 4-byte weights is not in {store.root}; fetch it with `bodypix models fetch`, bring it with '
        '`bodypix models import DIR`, or set allow_download'
    )
    with pytest.raises(ModelError, match='fetch it with `bodypix models fetch --multiplier 0.5`, bring it with'):
        store.obtain(KNOWN, origin.as_uri(), allow_download=False)
    assert not store.root.exists()


def test_a_damaged_checkpoint_is_said_and_fetched_again(
    store: Store, origin: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = _obtain(store, origin)
    _spoil(store.folder(UNKNOWN))
    assert _obtain(store, origin) == record
    assert store.verify(UNKNOWN) == record
    (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert 'MobileNetV1 0.75, 4-byte weights in the cache is damaged: ' in warning.getMessage()
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
        f'MobileNetV1 0.75, 4-byte weights in the cache is damaged: {store.folder(UNKNOWN)}/{SHARD} cannot be read '
        '(No such file or directory); fetch it with `bodypix models fetch`, bring it with `bodypix models import DIR`, '
        'or set allow_download'
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


def test_a_folder_without_checkpoints_says_what_was_expected(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        store.import_from(str(tmp_path))
    assert str(raised.value) == (
        f'{tmp_path} holds no official checkpoint; expected files laid out like the server, such as '
        'savedmodel/bodypix/mobilenet/float/050/model-stride16.json'
    )


def test_the_sound_checkpoints_of_a_damaged_folder_are_imported(store: Store, origin: Path) -> None:
    put_on_server(origin, CATALOGUE[-1])
    put_on_server(origin, CATALOGUE[-2], first_layer(0.25))
    with pytest.raises(ModelError) as raised:
        store.import_from(str(origin))
    assert str(raised.value).startswith(
        'imported MobileNetV1 0.75, 4-byte weights; BodyPix 1 MobileNetV1 1.00, 4-byte weights; '
        'refused BodyPix 1 MobileNetV1 0.75, 4-byte weights: '
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
                assert line == f'waiting for another process that is busy in {store.folder(UNKNOWN)}\n'
                assert second.communicate(timeout=30)[0] == ''
        finally:
            go_on.set()
        assert first.communicate(timeout=30)[0] == f'fetching MobileNetV1 0.75, 4-byte weights from {server}\n'
    assert (first.returncode, second.returncode) == (0, 0)
    assert asked == ['model-stride16.json', 'group1-shard1of2.bin', SHARD]
    assert store.verify(UNKNOWN) == read_record(store.folder(UNKNOWN))


ROOT = Path(__file__).resolve().parents[2]
