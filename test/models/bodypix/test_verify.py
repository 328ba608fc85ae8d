# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which network the files of a checkpoint belong to, and whether they are whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from checkpoints import first_layer, whole_network, write_checkpoint

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models.bodypix.verify import Fingerprint, check_buildable, check_fit, inspect_files, recognise

RESNET = {'resnet_v1_50/conv1/weights': (7, 7, 3, 64)}


@pytest.mark.parametrize(('channels', 'multiplier'), [(8, 0.25), (16, 0.5), (24, 0.75), (32, 1.0)])
def test_the_first_convolution_tells_the_multiplier(channels: int, multiplier: float) -> None:
    shapes = {'MobilenetV1/Conv2d_0/weights': (3, 3, 3, channels)}
    assert recognise(shapes, 'weights') == ('mobilenet_v1', multiplier)
    check_fit(shapes, 'mobilenet_v1', multiplier, 'weights')


def test_a_resnet_is_known_by_its_first_layer_and_fits_any_multiplier() -> None:
    assert recognise(RESNET, 'weights') == ('resnet50', 1.0)
    check_fit(RESNET, 'resnet50', 0.75, 'weights')


def test_another_width_is_refused_with_both() -> None:
    with pytest.raises(SettingError) as raised:
        check_fit({'MobilenetV1/Conv2d_0/weights': (3, 3, 3, 32)}, 'mobilenet_v1', 0.5, '/weights')
    assert str(raised.value) == (
        '/weights contains weights of MobileNetV1 1.00, but the settings select MobileNetV1 0.50; set architecture to '
        'mobilenet_v1 and multiplier to 1'
    )


def test_another_architecture_is_refused_with_both() -> None:
    with pytest.raises(SettingError) as raised:
        check_fit(RESNET, 'mobilenet_v1', 0.75, '/weights')
    assert str(raised.value) == (
        '/weights contains weights of ResNet50, but the settings select MobileNetV1 0.75; set architecture to resnet50'
    )


def test_other_weights_are_no_bodypix_checkpoint() -> None:
    with pytest.raises(ModelError, match='/weights is not a BodyPix checkpoint: it has neither MobilenetV1/Conv2d_0'):
        recognise({'dense/kernel': (3, 4)}, '/weights')
    with pytest.raises(ModelError, match=r'it has MobilenetV1/Conv2d_0/weights of shape \(3, 3, 3, 20\)'):
        recognise({'MobilenetV1/Conv2d_0/weights': (3, 3, 3, 20)}, '/weights')


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
        f'{tmp_path}: group1-shard1of2.bin, group1-shard2of2.bin must have 2592 bytes according to the shapes in '
        'model.json, got 1000'
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 'model.json', first_layer(0.75))
    (tmp_path / 'group1-shard2of2.bin').unlink()
    with pytest.raises(ModelError, match=r'group1-shard2of2.bin cannot be read \(No such file or directory\)'):
        inspect_files(tmp_path, 'model.json')
    with pytest.raises(ModelError, match=r'other.json cannot be read \(No such file or directory\)'):
        inspect_files(tmp_path, 'other.json')


def test_a_whole_network_can_be_built_and_a_first_layer_cannot(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 'model.json', whole_network(0.25))
    check_buildable(tmp_path, inspect_files(tmp_path, 'model.json')[0], 2, 'mobilenet_v1', 0.25)
    write_checkpoint(tmp_path, 'model.json', first_layer(0.25))
    with pytest.raises(ModelError, match='has no weights named MobilenetV1/Conv2d_0/Conv2D_bias'):
        check_buildable(tmp_path, inspect_files(tmp_path, 'model.json')[0], 2, 'mobilenet_v1', 0.25)


def test_bodypix_1_has_no_heads_for_people(tmp_path: Path) -> None:
    weights = {name: values for name, values in whole_network(0.25).items() if 'embedding' not in name}
    write_checkpoint(tmp_path, 'model.json', weights)
    manifest, _ = inspect_files(tmp_path, 'model.json')
    check_buildable(tmp_path, manifest, 1, 'mobilenet_v1', 0.25)
    with pytest.raises(ModelError, match='has no head long_offsets'):
        check_buildable(tmp_path, manifest, 2, 'mobilenet_v1', 0.25)
