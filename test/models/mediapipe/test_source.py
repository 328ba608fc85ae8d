# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Finding, downloading and building the networks of MediaPipe."""

from __future__ import annotations

import hashlib
import sys
from functools import partial
from pathlib import Path

import onnx
import pytest

pytest.importorskip('tflite', reason='needs the package tflite')

from checkpoints import QuietFiles, serving
from tflite_writer import TfliteWriter

from bodypix_ros.cli.main import main
from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models.download import AbsentError
from bodypix_ros.models.mediapipe import catalogue, source
from bodypix_ros.models.mediapipe.catalogue import MediaPipeModel
from bodypix_ros.models.mediapipe.files import fetch_file
from bodypix_ros.models.mediapipe.source import is_at_hand, load_onnx
from bodypix_ros.settings import NetworkSettings


def small_file() -> bytes:
    """Return a file with one operator, (1, 4, 4, 3) to (1, 4, 4, 3)."""
    writer = TfliteWriter()
    first, last = writer.tensor((1, 4, 4, 3)), writer.tensor((1, 4, 4, 3))
    return writer.finish([first], [writer.operator('LOGISTIC', [first], last)])


CONTENT = small_file()
MODEL = MediaPipeModel(
    'selfie_general',
    'assets/small.tflite?generation=1',
    ('0' * 64, hashlib.sha256(CONTENT).hexdigest()),
    (4, 4),
    (0, 1),
    {'mask': (3, 4, 4)},
    'modules/small.tflite',
    '@mediapipe/small/small.tflite',
)


@pytest.fixture(autouse=True)
def catalogue_of_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the catalogue list one small network, which no package on this machine contains."""
    monkeypatch.setattr(catalogue, 'CATALOGUE', (MODEL,))
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    monkeypatch.delenv('BODYPIX_MODEL_URL', raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> NetworkSettings:
    """Settings with an empty cache, which do not allow downloads."""
    return NetworkSettings(model_dir=str(tmp_path / 'cache'))


def put(path: Path, data: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_network_from_node_modules_is_built_and_cached(
    settings: NetworkSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path / 'node_modules' / MODEL.npm)
    assert is_at_hand(MODEL, settings)
    first = load_onnx('selfie_general', settings)
    graph = onnx.load_from_string(first).graph
    assert [value.name for value in (*graph.input, *graph.output)] == ['input', 'mask']
    file.unlink()
    monkeypatch.setitem(sys.modules, 'tflite', None)
    assert load_onnx('selfie_general', settings) == first
    assert is_at_hand(MODEL, settings)


def test_the_package_of_pypi_is_found_without_importing_it(
    settings: NetworkSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(catalogue, 'CATALOGUE', (MODEL,))
    put(tmp_path / 'site' / 'mediapipe' / MODEL.pypi)
    put(tmp_path / 'site' / 'mediapipe' / '__init__.py', b'raise SystemExit')
    monkeypatch.syspath_prepend(tmp_path / 'site')
    assert load_onnx('selfie_general', settings)


def test_without_the_file_the_error_lists_every_way_to_get_it(settings: NetworkSettings) -> None:
    with pytest.raises(ModelError) as raised:
        load_onnx('selfie_general', settings)
    assert str(raised.value) == (
        'selfie_general was not found on this machine; fetch small.tflite (Google, Apache-2.0) with `bodypix models '
        'fetch selfie_general`, import it with `bodypix models import` from a .tflite file, a folder, a wheel or a '
        '.tgz file, install mediapipe==0.10.21 from PyPI (later versions do not contain it), or set allow_download'
    )


def test_a_copy_with_another_sum_is_passed_over(
    settings: NetworkSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = put(tmp_path / 'cache' / 'mediapipe' / 'selfie_general.tflite', CONTENT[:-1])
    put(tmp_path / 'node_modules' / MODEL.npm)
    assert load_onnx('selfie_general', settings)
    assert f'{damaged} is not a known version of small.tflite' in caplog.text


def test_another_version_of_the_converter_builds_the_network_again(
    settings: NetworkSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path / 'node_modules' / MODEL.npm)
    load_onnx('selfie_general', settings)
    file.unlink()
    monkeypatch.setattr(source, 'CONVERTER_VERSION', 0)
    with pytest.raises(ModelError, match='was not found on this machine'):
        load_onnx('selfie_general', settings)


def test_a_missing_file_is_downloaded_where_that_is_allowed(tmp_path: Path) -> None:
    put(tmp_path / 'server' / 'assets' / 'small.tflite')
    reports: list[tuple[str, int, int]] = []
    with serving(partial(QuietFiles, directory=str(tmp_path / 'server'))) as server:
        settings = NetworkSettings(model_dir=str(tmp_path / 'cache'), model_url=server, allow_download=True)
        assert load_onnx('selfie_general', settings, lambda *report: reports.append(report))
    assert (tmp_path / 'cache' / 'mediapipe' / 'selfie_general.tflite').read_bytes() == CONTENT
    assert [report for report in reports if report[0] == 'fetching small.tflite'][-1][1] == len(CONTENT)
    assert reports[-1] == ('building selfie_general', 1, 1)


def test_a_download_with_another_sum_is_not_kept(tmp_path: Path) -> None:
    put(tmp_path / 'server' / 'assets' / 'small.tflite', b'other')
    settings = NetworkSettings(model_dir=str(tmp_path / 'cache'), model_url=(tmp_path / 'server').as_uri())
    with pytest.raises(ModelError, match=r'small\.tflite\?generation=1 must have the SHA-256 0{64} or \w{64}, got'):
        fetch_file(MODEL, settings)
    assert list((tmp_path / 'cache' / 'mediapipe').iterdir()) == []


def test_a_server_without_the_file_is_an_error(tmp_path: Path) -> None:
    settings = NetworkSettings(model_dir=str(tmp_path / 'cache'), model_url=tmp_path.as_uri())
    with pytest.raises(AbsentError, match=r'assets/small\.tflite\?generation=1 does not exist'):
        fetch_file(MODEL, settings)


def test_an_unknown_network_is_a_setting_error(settings: NetworkSettings) -> None:
    with pytest.raises(SettingError, match="got 'selfie'"):
        load_onnx('selfie', settings)


def test_the_command_fetches_imports_and_lists(
    settings: NetworkSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / 'server' / 'assets' / 'small.tflite')
    stored = tmp_path / 'cache' / 'mediapipe' / 'selfie_general.tflite'
    cache = ['--model-dir', settings.model_dir]
    assert main(['models', 'fetch', 'selfie_general', '--model-url', (tmp_path / 'server').as_uri(), *cache]) == 0
    assert capsys.readouterr().out == f'selfie_general: {stored}\n'
    stored.unlink()
    assert main(['models', 'import', str(tmp_path / 'server'), *cache]) == 0
    assert capsys.readouterr().out == f'selfie_general: {stored}\n'
    assert stored.read_bytes() == CONTENT
    assert main(['models', 'fetch', 'selfie_general', '--version', '1', *cache]) == 1
    assert 'version must not be given for networks of MediaPipe' in capsys.readouterr().err
