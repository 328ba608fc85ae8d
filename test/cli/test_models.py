# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix models`."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkpoints import UNKNOWN, put_on_server, whole_network

from bodypix_ros.cli.main import main
from bodypix_ros.models.bodypix.verify import Record, inspect_files, write_record


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder laid out like the server, with the default checkpoint; it stands for the server."""
    put_on_server(tmp_path / 'server', UNKNOWN)
    monkeypatch.setenv('BODYPIX_MODEL_URL', (tmp_path / 'server').as_uri())
    return tmp_path / 'server'


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_fetch_brings_the_default_checkpoint(origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', 'fetch', '--model-dir', str(tmp_path / 'cache')]) == 0
    folder = tmp_path / 'cache' / UNKNOWN.folder
    assert _lines(capsys) == [f'MobileNetV1 0.75, 4-byte weights: {folder}']
    assert (folder / UNKNOWN.manifest).is_file()


def test_fetch_of_what_is_not_there_is_one_sentence(
    origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['models', 'fetch', '--architecture', 'resnet50', '--model-dir', str(tmp_path / 'cache')]) == 1
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.splitlines()[-1] == (
        f'bodypix: ResNet50, 4-byte weights are not on the server ({origin.as_uri()}/savedmodel/bodypix/resnet50/float/'
        'model-stride16.json does not exist); it has: MobileNetV1 0.75, 4-byte weights'
    )


def test_model_url_comes_before_the_environment(origin: Path, tmp_path: Path) -> None:
    nowhere = (tmp_path / 'nowhere').as_uri()
    assert main(['models', 'fetch', '--model-url', nowhere, '--model-dir', str(tmp_path / 'cache')]) == 1


def test_list_shows_what_is_here(origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(['models', 'fetch', '--model-dir', str(tmp_path / 'cache')])
    capsys.readouterr()
    assert main(['models', 'list', '--model-dir', str(tmp_path / 'cache')]) == 0
    lines = _lines(capsys)
    assert len(lines) == 16 + 9
    assert 'MediaPipe pose_landmarks_heavy              -     pose_landmarks_heavy' in lines
    assert [line for line in lines if ' here' in line] == ['MobileNetV1 0.75, 4-byte weights            here']
    assert 'ResNet50, 2-byte weights                    -     --architecture resnet50 --quant-bytes 2' in lines


def test_import_copies_what_a_folder_holds(origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', 'import', str(origin), '--model-dir', str(tmp_path / 'cache')]) == 0
    assert _lines(capsys) == [f'MobileNetV1 0.75, 4-byte weights: {tmp_path}/cache/{UNKNOWN.folder}']


def test_where_prints_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert main(['models', 'where']) == 0
    assert main(['models', 'where', '--model-dir', '/srv/models']) == 0
    assert _lines(capsys) == [f'{tmp_path}/bodypix_ros', '/srv/models']


def test_impossible_combinations_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', 'fetch', '--multiplier', '0.25']) == 1
    assert capsys.readouterr().err == (
        'bodypix: multiplier must be 0.5, 0.75 or 1.0 with version 2, got 0.25; 0.25 exists for version 1 only\n'
    )


def test_without_a_home_folder_there_is_no_cache_to_print(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv('HOME')
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setattr('pwd.getpwuid', lambda uid: {}[uid])
    assert main(['models', 'where']) == 1
    assert capsys.readouterr().err == (
        'bodypix: there is no cache folder, because this user has no home folder; set model_dir or HOME\n'
    )


def test_fetch_repairs_a_record_of_weights_that_cannot_be_built(origin: Path, tmp_path: Path) -> None:
    weights = {name: values * float('nan') for name, values in whole_network(0.75).items()}
    folder = put_on_server(tmp_path / 'cache', UNKNOWN, weights)
    write_record(folder, Record(inspect_files(folder, UNKNOWN.manifest)[1], 'somewhere'))
    assert main(['models', 'fetch', '--model-dir', str(tmp_path / 'cache')]) == 0
    for name in ('group1-shard1of2.bin', 'group1-shard2of2.bin'):
        assert (folder / name).read_bytes() == (origin / UNKNOWN.folder / name).read_bytes()


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['fetch', '--model-url', 'http://['], "model_url must be a valid address, got 'http://[' (Invalid IPv6 URL)"),
        (['fetch', '--model-dir', '~nosuchuser/x'], "model_dir must be the path of a folder, got '~nosuchuser/x'"),
        (['list', '--model-dir', '~nosuchuser/x'], "model_dir must be the path of a folder, got '~nosuchuser/x'"),
        (['import', '~nosuchuser/x'], "the source must be the path of a folder, got '~nosuchuser/x'"),
        (['import', '/nothing/there'], '/nothing/there cannot be read (No such file or directory)'),
    ],
)
def test_impossible_addresses_and_paths_are_one_sentence(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['models', *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f'bodypix: {text}')


def test_an_empty_source_is_not_the_current_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', 'import', '', '--model-dir', str(tmp_path)]) == 1
    assert capsys.readouterr().err == 'bodypix: the source must be a folder or a file, got an empty string\n'


def test_a_file_address_names_files_of_mediapipe_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'a b.tflite').write_bytes(b'x')
    address = (tmp_path / 'a b.tflite').as_uri()
    assert main(['models', 'import', address, '--model-dir', str(tmp_path / 'cache')]) == 1
    assert f'{tmp_path}/a b.tflite must contain .tflite files of MediaPipe' in capsys.readouterr().err
