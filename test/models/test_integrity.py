"""Whether a checkpoint's files are whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from checkpoints import first_layer, manifest_of, write_checkpoint

from bodypix_ros.errors import ModelError
from bodypix_ros.models.integrity import (
    Fingerprint,
    Record,
    check_manifest,
    check_sum,
    inspect_files,
    read_record,
    write_record,
)


def _manifest(shape: list[int], path: str = 'a.bin') -> bytes:
    weights = [{'name': 'a', 'shape': shape, 'dtype': 'float32'}]
    return json.dumps({'weightsManifest': [{'paths': [path], 'weights': weights}]}).encode()


def test_the_fingerprint_is_of_the_manifest_and_of_the_weights_in_a_row(tmp_path: Path) -> None:
    weights = first_layer(0.75)
    write_checkpoint(tmp_path, 'model.json', weights)
    manifest, found = inspect_files(tmp_path, 'model.json')
    assert manifest.files == ('group1-shard1of2.bin', 'group1-shard2of2.bin')
    (values,) = weights.values()
    assert found.weights_sha256 == hashlib.sha256(values.tobytes()).hexdigest()
    assert found.manifest_sha256 == hashlib.sha256((tmp_path / 'model.json').read_bytes()).hexdigest()


def test_the_digest_changes_with_either_part() -> None:
    digests = {Fingerprint(a, b).digest for a, b in (('1', '2'), ('1', '3'), ('3', '2'), ('2', '1'))}
    assert len(digests) == 4


def test_weights_of_another_size_than_the_shapes_are_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 'model.json', first_layer(0.75))
    (tmp_path / 'group1-shard2of2.bin').write_bytes(b'')
    with pytest.raises(ModelError) as raised:
        inspect_files(tmp_path, 'model.json')
    assert str(raised.value) == (
        f'{tmp_path}: group1-shard1of2.bin, group1-shard2of2.bin must have 2592 bytes by the shapes in model.json, '
        'got 1000'
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 'model.json', first_layer(0.75))
    (tmp_path / 'group1-shard2of2.bin').unlink()
    with pytest.raises(ModelError, match=r'group1-shard2of2.bin cannot be read \(No such file or directory\)'):
        inspect_files(tmp_path, 'model.json')
    with pytest.raises(ModelError, match=r'other.json cannot be read \(No such file or directory\)'):
        inspect_files(tmp_path, 'other.json')


@pytest.mark.parametrize(
    'path',
    [
        '../a.bin',
        '/etc/passwd',
        'b/a.bin',
        'b\\a.bin',
        '..',
        '',
        '.lock',
        'checkpoint.json',
        'model.onnx',
        'a\0.bin',
        'a%2fb',
        'a?b',
    ],
)
def test_a_manifest_cannot_name_files_that_are_not_weights(path: str) -> None:
    with pytest.raises(ModelError, match='https://server/model.json names the weight file'):
        check_manifest(_manifest([2], path), 'https://server/model.json')


def test_a_manifest_cannot_ask_for_a_whole_disk() -> None:
    with pytest.raises(ModelError) as raised:
        check_manifest(_manifest([100_000_000]), 'model.json')
    assert str(raised.value) == (
        'model.json speaks of 400000000 bytes of weights; no BodyPix checkpoint has more than 268435456'
    )


@pytest.mark.parametrize(
    'text',
    [
        b'',
        b'[[',
        b'[' * 100_000,
        b'<html>login</html>',
        b'{}',
        b'3',
        b'{"weightsManifest": [{"paths": [], "weights": []}]}',
        _manifest([-4]),
        _manifest([2]).replace(b'[2]', b'[Infinity]'),
        _manifest([2]).replace(b'float32', b'complex64'),
        b'\xff\xfe\x00',
    ],
)
def test_what_is_no_manifest_is_refused_with_a_sentence(text: bytes) -> None:
    with pytest.raises(ModelError, match=r'model\.json (is not a TensorFlow\.js model JSON|names no weight files)'):
        check_manifest(text, 'model.json')


def test_a_wrong_sum_is_said_with_both() -> None:
    check_sum('a.bin', 'abc', 'abc')
    check_sum('a.bin', 'abc', '')
    with pytest.raises(ModelError, match='a.bin must have the SHA-256 abd, got abc'):
        check_sum('a.bin', 'abc', 'abd')


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Record(Fingerprint('12', '34'), 'https://server/folder')
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


@pytest.mark.parametrize('text', ['', '{', '[]', '3', '{"weights_sha256": "1"}'])
def test_an_unreadable_record_is_none(text: str, tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / 'checkpoint.json').write_text(text)
    assert read_record(tmp_path) is None


def test_made_up_manifests_of_these_tests_are_sound() -> None:
    text = json.dumps(manifest_of(first_layer(1.0), ['a.bin'])).encode()
    assert check_manifest(text, 'model.json').shapes == {'MobilenetV1/Conv2d_0/weights': (3, 3, 3, 32)}
