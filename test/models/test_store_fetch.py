# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fetching a whole checkpoint into the cache."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from checkpoints import UNKNOWN, QuietFiles, Weights, put_on_server, serving, whole_network

from bodypix_ros.errors import BodyPixError, ModelError, SettingError
from bodypix_ros.models import store
from bodypix_ros.models.bodypix.verify import Record, read_record
from bodypix_ros.models.catalogue import CATALOGUE, Checkpoint
from bodypix_ros.models.download import AbsentError
from bodypix_ros.models.progress import no_progress
from bodypix_ros.models.store import checkpoints_at, fetch_checkpoint

KNOWN = CATALOGUE[0]
SIZE = sum(values.nbytes for values in whole_network(0.75).values())
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


def test_a_password_in_the_address_is_not_recorded(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path / 'server', UNKNOWN)
    with serving(partial(QuietFiles, directory=str(tmp_path / 'server'))) as server:
        record = _fetch(server.replace('http://', 'http://me:secret@'), folder)
    assert record.source == f'{server}/savedmodel/bodypix/mobilenet/float/075'
    assert b'secret' not in (folder / 'checkpoint.json').read_bytes()


def test_progress_counts_the_bytes_of_all_files(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN)
    reports: list[tuple[str, int, int]] = []
    fetch_checkpoint(UNKNOWN, tmp_path.as_uri(), folder, lambda *progress: reports.append(progress))
    task = 'fetching MobileNetV1 0.75, 4-byte weights'
    assert reports[0] == (task, 1000, SIZE)
    assert reports[-1] == (task, SIZE, SIZE)
    assert reports == sorted(reports)


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
    assert f'must have {SIZE} bytes according to the shapes in model-stride16.json, got 1092' in _message(
        tmp_path, folder
    )


def test_weights_longer_than_the_manifest_says_are_refused(tmp_path: Path, folder: Path) -> None:
    (put_on_server(tmp_path, UNKNOWN) / 'group1-shard2of2.bin').write_bytes(bytes(SIZE))
    assert f'group1-shard2of2.bin is longer than the expected {SIZE - 1000} bytes' in _message(tmp_path, folder)


def test_weights_of_another_width_are_refused(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN, whole_network(0.5))
    with pytest.raises(
        SettingError, match='contains weights of MobileNetV1 0.50, but the settings select MobileNetV1 0.75'
    ):
        _fetch(tmp_path, folder)


def test_the_error_about_a_missing_checkpoint_lists_what_a_folder_has(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, KNOWN)
    put_on_server(tmp_path, CATALOGUE[-1])
    with pytest.raises(AbsentError, match='MobileNetV1 0.75, 4-byte weights are not on the server'):
        _fetch(tmp_path, folder)
    assert _message(tmp_path, folder).endswith(
        'model-stride16.json does not exist); it has: MobileNetV1 0.50, 4-byte weights; '
        'BodyPix 1 MobileNetV1 1.00, 4-byte weights'
    )
    assert _message(tmp_path / 'nothing', folder).endswith('it has: no checkpoint')


def test_the_error_about_a_missing_checkpoint_names_its_address(tmp_path: Path, folder: Path) -> None:
    with serving(partial(QuietFiles, directory=str(tmp_path))) as server:
        address = f'{server}/savedmodel/bodypix/mobilenet/float/075/model-stride16.json'
        assert _message(server, folder) == (
            f'MobileNetV1 0.75, 4-byte weights are not on the server ({address}: the server returned 404 File not '
            'found); try another quant_bytes or multiplier, or another server'
        )


def test_a_server_without_one_of_the_weight_files_is_refused(tmp_path: Path, folder: Path) -> None:
    (put_on_server(tmp_path, UNKNOWN) / 'group1-shard2of2.bin').unlink()
    assert _message(tmp_path, folder).endswith('group1-shard2of2.bin does not exist')


def test_a_hostile_manifest_writes_nothing_outside(tmp_path: Path, folder: Path) -> None:
    source = put_on_server(tmp_path / 'server', UNKNOWN)
    manifest = json.loads((source / UNKNOWN.manifest).read_text())
    manifest['weightsManifest'][0]['paths'] = ['../../outside.bin']
    (source / UNKNOWN.manifest).write_text(json.dumps(manifest))
    (source / '../../outside.bin').resolve().write_bytes(bytes(SIZE))
    assert "contains the weight file name '../../outside.bin'; expected a plain" in _message(
        tmp_path / 'server', folder
    )
    assert [path.name for path in tmp_path.rglob('outside.bin')] == ['outside.bin']


def test_a_manifest_without_end_is_refused(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_server(tmp_path, UNKNOWN)
    monkeypatch.setattr(store, 'MANIFEST_LIMIT_BYTES', 100)
    assert 'model-stride16.json is longer than the expected 100 bytes' in _message(tmp_path, folder)


def test_a_full_disk_is_a_sentence_and_nothing_is_left(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    put_on_server(tmp_path, UNKNOWN)
    monkeypatch.setattr(os, 'replace', fail)
    assert _message(tmp_path, folder) == (
        f'the disk is full: {folder} cannot be written; free some space or set model_dir to a folder elsewhere'
    )


def test_a_failed_fetch_leaves_the_old_files(tmp_path: Path, folder: Path) -> None:
    source = put_on_server(tmp_path, UNKNOWN)
    _fetch(tmp_path, folder)
    before = {name: (folder / name).read_bytes() for name in FILES}
    (source / 'group1-shard2of2.bin').write_bytes(bytes(10))
    with pytest.raises(ModelError):
        _fetch(tmp_path, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_a_killed_process_left_is_removed(tmp_path: Path, folder: Path) -> None:
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


def _without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {one: values for one, values in weights.items() if one != f'MobilenetV1/{name}'}


def _with(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Weights], Weights]:
    name = f'MobilenetV1/{name}'
    return lambda weights: {**weights, name: change(weights[name].copy())}


def _spoiled(number: float) -> Callable[[np.ndarray], np.ndarray]:
    def spoil(values: np.ndarray) -> np.ndarray:
        values.flat[-1] = number
        return values

    return spoil


@pytest.mark.parametrize(
    ('change', 'text'),
    [
        (_without('Conv2d_7_pointwise/weights'), 'has no weights named MobilenetV1/Conv2d_7_pointwise/weights'),
        (_without('embedding_2/weights'), 'has no head long_offsets; people require a checkpoint of BodyPix 2'),
        (_with('Conv2d_7_pointwise/weights', lambda values: values[:, :, 1:]), 'MobilenetV1/Conv2d_7_pointwise must'),
        (_with('Conv2d_7_pointwise/weights', lambda values: values[0, 0]), 'must have four axes, got the shape (384,'),
        (_with('Conv2d_7_pointwise/Conv2D_bias', lambda values: values[1:]), 'and a bias of shape (383,)'),
        (_with('Conv2d_7_depthwise/depthwise_weights', lambda values: values[:, :, 1:]), 'in 383 groups and a bias of'),
        (_with('segment_2/weights', lambda values: np.tile(values, 2)), 'the head segments has 2 channels, expected 1'),
        (_with('segment_2/Conv2D_bias', lambda values: np.tile(values, 2)), 'MobilenetV1/segment_2 has weights of'),
        (_with('heatmap_2/weights', lambda values: np.tile(values, (3, 3, 1, 1))), 'MobilenetV1/heatmap_2 has weights'),
        (_with('Conv2d_3_pointwise/weights', _spoiled(np.nan)), "/weights' contain values that are not finite"),
        (
            _with('Conv2d_3_pointwise/Conv2D_bias', _spoiled(-np.inf)),
            "/Conv2D_bias' contain values that are not finite",
        ),
    ],
)
def test_a_checkpoint_that_cannot_be_built_is_not_kept(
    change: Callable[[Weights], Weights], text: str, tmp_path: Path, folder: Path
) -> None:
    put_on_server(tmp_path, UNKNOWN, change(whole_network(0.75)))
    assert text in _message(tmp_path, folder)


@pytest.mark.parametrize('scale', ['1e999', '-1e300', 'NaN'])
def test_a_scale_that_overflows_is_refused(scale: str, tmp_path: Path, folder: Path) -> None:
    source = put_on_server(tmp_path, UNKNOWN)
    manifest = json.loads((source / UNKNOWN.manifest).read_text())
    entry = manifest['weightsManifest'][0]['weights'][0]
    entry['quantization'] = {'dtype': 'float32', 'scale': 'SCALE', 'min': 0.0}
    (source / UNKNOWN.manifest).write_text(json.dumps(manifest).replace('"SCALE"', scale))
    assert "the weights 'MobilenetV1/Conv2d_0/weights' contain values that are not finite" in _message(tmp_path, folder)


@pytest.mark.parametrize('kind', ['folder', 'loop'])
def test_whatever_is_in_the_place_of_a_file_is_replaced(kind: str, tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN)
    for name in FILES:
        if kind == 'loop':
            (folder / name).symlink_to(name)
        else:
            (folder / name / 'something').mkdir(parents=True)
    record = _fetch(tmp_path, folder)
    assert _names(folder) == FILES
    assert read_record(folder) == record


def test_fetched_files_are_readable_by_every_user(tmp_path: Path, folder: Path) -> None:
    put_on_server(tmp_path, UNKNOWN)
    old = os.umask(0o077)
    try:
        _fetch(tmp_path, folder)
    finally:
        os.umask(old)
    assert {name: (folder / name).stat().st_mode & 0o777 for name in FILES} == dict.fromkeys(FILES, 0o644)


def test_an_unforeseen_failure_is_a_sentence(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError('too deep')

    put_on_server(tmp_path, UNKNOWN)
    monkeypatch.setattr('bodypix_ros.models.bodypix.verify.inspect_files', fail)
    assert _message(tmp_path, folder) == ('fetching MobileNetV1 0.75, 4-byte weights failed: RecursionError: too deep')


def test_the_deadline_of_a_fetch_grows_with_its_bytes(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    real = store.download

    def download(*arguments: object) -> int:
        seen.append(arguments[4])
        return real(*arguments)

    put_on_server(tmp_path, UNKNOWN)
    monkeypatch.setattr(store, 'download', download)
    _fetch(tmp_path, folder)
    manifest, first, second = seen
    assert manifest == 60.0
    assert first == pytest.approx(60 + SIZE / 20_000, abs=1.0)
    assert second < first
