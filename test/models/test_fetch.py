"""Bringing a whole checkpoint from a server."""

from __future__ import annotations

import errno
import json
import os
from functools import partial
from pathlib import Path

import pytest
from checkpoints import UNKNOWN, QuietFiles, first_layer, put_on_server, serving

from bodypix_ros.errors import BodyPixError, ModelError, SettingError
from bodypix_ros.models import fetch
from bodypix_ros.models.catalogue import CATALOGUE, Checkpoint
from bodypix_ros.models.download import AbsentError
from bodypix_ros.models.fetch import checkpoints_at, fetch_checkpoint
from bodypix_ros.models.integrity import Record, read_record
from bodypix_ros.models.progress import no_progress

KNOWN = CATALOGUE[0]
FILES = ['checkpoint.json', 'group1-shard1of2.bin', 'group1-shard2of2.bin', 'model-stride16.json']


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of a cache."""
    folder = tmp_path / 'cache'
    folder.mkdir()
    return folder


def _fetch(server: Path | str, folder: Path, checkpoint: Checkpoint = UNKNOWN) -> Record:
    address = server.as_uri() if isinstance(server, Path) else server
    return fetch_checkpoint(checkpoint, address, folder, no_progress)


def _message(server: Path | str, folder: Path, checkpoint: Checkpoint = UNKNOWN) -> str:
    with pytest.raises(BodyPixError) as raised:
        _fetch(server, folder, checkpoint)
    assert list(folder.iterdir()) == [], 'something was left behind'
    return str(raised.value)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('scheme', ['file', 'http'])
def test_a_checkpoint_arrives_with_a_record_of_where_it_came_from(scheme: str, tmp_path: Path, folder: Path) -> None:
    source = put_on_server(tmp_path / 'server', UNKNOWN)
    with serving(partial(QuietFiles, directory=str(tmp_path / 'server'))) as http:
        server = http if scheme == 'http' else (tmp_path / 'server').as_uri()
        record = _fetch(server, folder)
    assert _names(folder) == FILES
    assert all((folder / name).read_bytes() == (source / name).read_bytes() for name in FILES[1:])
    assert record.source == f'{server}/savedmodel/bodypix/mobilenet/float/075'
    assert read_record(folder) == record


def test_progress_counts_the_bytes_of_all_files(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN)
    told: list[tuple[str, int, int]] = []
    fetch_checkpoint(UNKNOWN, tmp_path.as_uri(), folder, lambda *progress: told.append(progress))
    task = 'fetching MobileNetV1 0.75, 4-byte weights'
    assert told == [(task, 1000, 2592), (task, 2592, 2592)]


def test_official_weights_are_accepted(server: str, folder: Path) -> None:
    assert _fetch(server, folder, KNOWN).fingerprint.weights_sha256 == KNOWN.weights_sha256


def test_other_bytes_than_the_official_ones_are_refused_with_both_sums(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, KNOWN)
    text = _message(tmp_path, folder, KNOWN)
    assert f'group1-shard1of2.bin + group1-shard2of2.bin must have the SHA-256 {KNOWN.weights_sha256}, got ' in text


def test_one_flipped_bit_is_refused(shared: Path, tmp_path: Path, folder: Path) -> None:
    source, copy = shared / 'tfjs-models' / KNOWN.folder, tmp_path / KNOWN.folder
    copy.mkdir(parents=True)
    (copy / KNOWN.manifest).write_bytes((source / KNOWN.manifest).read_bytes())
    data = bytearray((source / 'group1-shard1of1.bin').read_bytes())
    data[1_000_000] ^= 1
    (copy / 'group1-shard1of1.bin').write_bytes(data)
    assert f'must have the SHA-256 {KNOWN.weights_sha256}, got ' in _message(tmp_path, folder, KNOWN)


def test_weights_shorter_than_the_manifest_says_are_refused(tmp_path: Path, folder: Path) -> None:
    (put_on_server(tmp_path, UNKNOWN) / 'group1-shard2of2.bin').write_bytes(bytes(92))
    assert 'must have 2592 bytes by the shapes in model-stride16.json, got 1092' in _message(tmp_path, folder)


def test_weights_longer_than_the_manifest_says_are_refused(tmp_path: Path, folder: Path) -> None:
    (put_on_server(tmp_path, UNKNOWN) / 'group1-shard2of2.bin').write_bytes(bytes(5000))
    assert 'group1-shard2of2.bin is longer than the 1592 bytes that were expected' in _message(tmp_path, folder)


def test_weights_of_another_width_are_refused(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN, first_layer(0.5))
    with pytest.raises(
        SettingError, match='holds weights of MobileNetV1 0.50, but the settings ask for MobileNetV1 0.75'
    ):
        _fetch(tmp_path, folder)


def test_a_folder_without_the_checkpoint_tells_what_it_has(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, KNOWN)
    put_on_server(tmp_path, CATALOGUE[-1])
    with pytest.raises(AbsentError, match='MobileNetV1 0.75, 4-byte weights is not on the server'):
        _fetch(tmp_path, folder)
    assert _message(tmp_path, folder).endswith(
        'model-stride16.json: there is no such file); it has: MobileNetV1 0.50, 4-byte weights; '
        'BodyPix 1 MobileNetV1 1.00, 4-byte weights'
    )
    assert _message(tmp_path / 'nothing', folder).endswith('it has: no checkpoint at all')


def test_a_server_without_the_checkpoint_tells_which_is_missing(tmp_path: Path, folder: Path) -> None:
    with serving(partial(QuietFiles, directory=str(tmp_path))) as server:
        address = f'{server}/savedmodel/bodypix/mobilenet/float/075/model-stride16.json'
        assert _message(server, folder) == (
            f'MobileNetV1 0.75, 4-byte weights is not on the server ({address}: the server answers 404 File not '
            'found); try another quant_bytes or multiplier, or another server'
        )


def test_a_server_without_one_of_the_weight_files_is_refused(tmp_path: Path, folder: Path) -> None:
    (put_on_server(tmp_path, UNKNOWN) / 'group1-shard2of2.bin').unlink()
    assert _message(tmp_path, folder).endswith('group1-shard2of2.bin: there is no such file')


def test_a_hostile_manifest_writes_nothing_outside(tmp_path: Path, folder: Path) -> None:
    source = put_on_server(tmp_path / 'server', UNKNOWN)
    manifest = json.loads((source / UNKNOWN.manifest).read_text())
    manifest['weightsManifest'][0]['paths'] = ['../../outside.bin']
    (source / UNKNOWN.manifest).write_text(json.dumps(manifest))
    (source / '../../outside.bin').resolve().write_bytes(bytes(2592))
    assert "names the weight file '../../outside.bin'; expected a plain" in _message(tmp_path / 'server', folder)
    assert [path.name for path in tmp_path.rglob('outside.bin')] == ['outside.bin']


def test_a_manifest_without_end_is_refused(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_server(tmp_path, UNKNOWN)
    monkeypatch.setattr(fetch, 'MANIFEST_LIMIT_BYTES', 100)
    assert 'model-stride16.json is longer than the 100 bytes that were expected' in _message(tmp_path, folder)


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    put_on_server(tmp_path, UNKNOWN)
    monkeypatch.setattr(os, 'replace', fail)
    assert _message(tmp_path, folder) == (
        f'the disk is full: {folder} cannot be written; make room or set model_dir to a folder on another disk'
    )


def test_a_failed_fetch_leaves_the_old_files(tmp_path: Path, folder: Path) -> None:
    source = put_on_server(tmp_path, UNKNOWN)
    _fetch(tmp_path, folder)
    before = {name: (folder / name).read_bytes() for name in FILES}
    (source / 'group1-shard2of2.bin').write_bytes(bytes(10))
    with pytest.raises(ModelError):
        _fetch(tmp_path, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN)
    (folder / '.fetch-old').mkdir()
    (folder / '.fetch-old' / 'half.bin').write_bytes(bytes(10))
    _fetch(tmp_path, folder)
    assert _names(folder) == FILES


def test_a_cache_as_a_source_passes_on_its_record_and_is_checked_against_it(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path / 'server', UNKNOWN)
    first = tmp_path / 'first' / UNKNOWN.folder
    first.mkdir(parents=True)
    record = _fetch(tmp_path / 'server', first)
    (first / 'group1-shard1of2.bin').write_bytes(bytes(1000))
    assert f'must have the SHA-256 {record.fingerprint.weights_sha256}, got ' in _message(tmp_path / 'first', folder)
    _fetch(tmp_path / 'server', first)
    assert _fetch(tmp_path / 'first', folder) == record


def test_only_folders_can_be_listed(tmp_path: Path) -> None:
    put_on_server(tmp_path, UNKNOWN)
    assert checkpoints_at(tmp_path.as_uri()) == (UNKNOWN,)
    assert checkpoints_at('https://server.example') == ()
