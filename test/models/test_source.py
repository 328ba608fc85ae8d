# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the weights of the BodyPix checkpoint that the settings ask for are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints import first_layer, write_checkpoint

from bodypix_ros.errors import ModelError, SettingError, quoted
from bodypix_ros.models.progress import no_progress
from bodypix_ros.models.source import Source, obtain_source, source_at_hand
from bodypix_ros.settings import NetworkSettings


def _settings(tmp_path: Path, **changes: object) -> NetworkSettings:
    given = {'checkpoint': str(tmp_path / 'own'), 'model_dir': str(tmp_path / 'cache'), 'multiplier': 0.5}
    return NetworkSettings(**{**given, **changes})  # type: ignore[arg-type]


def _own(settings: NetworkSettings) -> Source:
    source = source_at_hand(settings)
    assert source is not None
    assert obtain_source(settings, no_progress) == source
    return source


@pytest.mark.parametrize('manifest', ['model-stride16.json', 'model-stride8.json', 'model.json'])
def test_a_folder_of_ones_own_is_never_called_official(manifest: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / 'own', manifest, first_layer(0.5))
    source = _own(_settings(tmp_path))
    assert source.title == f'{tmp_path}/own (MobileNetV1 0.50)'
    assert source.manifest == manifest


def test_networks_of_a_folder_of_ones_own_are_kept_in_the_cache(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.5))
    assert _own(_settings(tmp_path)).networks.parent == tmp_path / 'cache' / 'own'


def test_the_digest_follows_the_files(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.5, seed=1))
    before = _own(_settings(tmp_path))
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.5, seed=2))
    after = _own(_settings(tmp_path))
    assert before.digest != after.digest
    assert before.networks == after.networks


def test_the_home_folder_can_be_abbreviated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.5))
    assert _own(_settings(tmp_path, checkpoint='~/own')).folder == tmp_path / 'own'


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as raised:
        source_at_hand(_settings(tmp_path, checkpoint='nowhere/at/all'))
    assert str(raised.value) == (
        "checkpoint must be official or the folder of a TensorFlow.js checkpoint, got 'nowhere/at/all', which contains "
        'none of model-stride16.json, model-stride8.json, model-stride32.json, model.json (No such file or directory)'
    )


def test_settings_must_fit_the_weights(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(1.0))
    with pytest.raises(SettingError) as raised:
        source_at_hand(_settings(tmp_path))
    assert str(raised.value) == (
        f'{tmp_path}/own contains weights of MobileNetV1 1.00, but the settings select MobileNetV1 0.50; set '
        'architecture to mobilenet_v1 and multiplier to 1'
    )
    with pytest.raises(SettingError, match='MobileNetV1 1.00, but the settings select ResNet50; set architecture to'):
        source_at_hand(_settings(tmp_path, architecture='resnet50'))


def test_a_narrow_network_of_ones_own_may_be_of_version_2(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.25))
    assert _own(_settings(tmp_path, multiplier=0.25)).title.endswith('(MobileNetV1 0.25)')


def test_impossible_strides_are_refused_for_every_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match='stride must be 16 or 32 with resnet50, got 8'):
        source_at_hand(_settings(tmp_path, architecture='resnet50', stride=8))


def test_an_official_checkpoint_that_is_not_here_is_none(tmp_path: Path) -> None:
    assert source_at_hand(_settings(tmp_path, checkpoint='official')) is None


def test_official_is_the_default_and_what_auto_means(tmp_path: Path) -> None:
    assert NetworkSettings().checkpoint == 'official'
    with pytest.raises(ModelError, match='MobileNetV1 0.75, 4-byte weights are not in .*cache; fetch them with'):
        obtain_source(NetworkSettings(checkpoint='auto', model_dir=str(tmp_path / 'cache')), no_progress)
    assert source_at_hand(NetworkSettings(checkpoint='auto', model_dir=str(tmp_path / 'cache'))) is None


@pytest.mark.parametrize('look', [source_at_hand, lambda settings: obtain_source(settings, no_progress)])
@pytest.mark.parametrize(
    ('checkpoint', 'text'),
    [
        ('~nosuchuser/x', "got '~nosuchuser/x' (Could not determine home directory.)"),
        ('a\0b', "got 'a\\x00b' (embedded null byte)"),
        ('{folder}/loop/x', "/loop/x' (Too many levels of symbolic links)"),
        ('x' * 5000, f'got {quoted("x" * 5000)} (File name too long)'),
        (f'{"x/" * 1000}', f'got {quoted("x/" * 1000)}, which contains none of'),
        ('{folder}/empty', "/empty', which contains none of model-stride16.json"),
    ],
)
def test_paths_that_are_no_folder_are_refused_with_a_sentence(
    look: Callable[[NetworkSettings], object], checkpoint: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / 'loop').symlink_to('loop')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SettingError) as raised:
        look(_settings(tmp_path, checkpoint=checkpoint.format(folder=tmp_path)))
    assert text in str(raised.value)


@pytest.mark.parametrize('name', ['model.json', 'group1-shard1of2.bin'])
@pytest.mark.parametrize('kind', ['folder', 'loop'])
def test_what_is_in_the_place_of_a_file_of_a_checkpoint_is_named(name: str, kind: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.5))
    (folder / name).unlink()
    if kind == 'folder':
        (folder / name).mkdir()
    else:
        (folder / name).symlink_to(name)
    with pytest.raises(ModelError, match=f'own/{name} (is not a regular file|cannot be read .Too many levels of sym)'):
        source_at_hand(_settings(tmp_path))


def test_an_unforeseen_failure_is_a_model_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError('too deep')

    monkeypatch.setattr('bodypix_ros.models.source.inspect_files', fail)
    write_checkpoint(tmp_path / 'own', 'model.json', first_layer(0.5))
    with pytest.raises(ModelError) as raised:
        source_at_hand(_settings(tmp_path))
    assert str(raised.value) == 'looking for the checkpoint failed: RecursionError: too deep'
