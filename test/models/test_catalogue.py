# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which official checkpoints there are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.models.catalogue import CATALOGUE, check_combination, find_checkpoint
from bodypix_ros.settings import NetworkSettings


def test_there_are_nine_mobilenets_three_resnets_and_four_of_version_1() -> None:
    kinds = [(one.version, one.architecture) for one in CATALOGUE]
    assert kinds.count((2, 'mobilenet_v1')) == 9
    assert kinds.count((2, 'resnet50')) == 3
    assert kinds.count((1, 'mobilenet_v1')) == 4
    assert len({one.folder for one in CATALOGUE}) == len(CATALOGUE) == 16


@pytest.mark.parametrize(
    ('settings', 'path'),
    [
        (NetworkSettings(), 'savedmodel/bodypix/mobilenet/float/075/model-stride16.json'),
        (
            NetworkSettings(multiplier=0.5, quant_bytes=2, stride=8),
            'savedmodel/bodypix/mobilenet/quant2/050/model-stride16.json',
        ),
        (
            NetworkSettings(multiplier=1.0, quant_bytes=1, stride=32),
            'savedmodel/bodypix/mobilenet/quant1/100/model-stride16.json',
        ),
        (
            NetworkSettings(architecture='resnet50', quant_bytes=2, stride=32),
            'savedmodel/bodypix/resnet50/quant2/model-stride16.json',
        ),
        (NetworkSettings(version=1, multiplier=0.25), 'savedmodel/posenet_mobilenet_025_partmap/model.json'),
        (NetworkSettings(version=1, multiplier=1.0), 'savedmodel/posenet_mobilenet_100_partmap/model.json'),
    ],
)
def test_a_checkpoint_lies_where_the_javascript_library_looks_for_it(settings: NetworkSettings, path: str) -> None:
    checkpoint = find_checkpoint(settings)
    assert f'{checkpoint.folder}/{checkpoint.manifest}' == path


@pytest.mark.parametrize(
    ('settings', 'text'),
    [
        (
            NetworkSettings(multiplier=0.25),
            'multiplier must be 0.5, 0.75 or 1.0 with version 2, got 0.25; 0.25 exists for version 1 only',
        ),
        (
            NetworkSettings(version=1, architecture='resnet50'),
            'architecture must be mobilenet_v1 with version 1, got resnet50; resnet50 exists for version 2 only',
        ),
        (
            NetworkSettings(version=1, quant_bytes=2),
            'quant_bytes must be 4 with version 1, got 2; 1 and 2 exist only for version 2',
        ),
        (NetworkSettings(architecture='resnet50', stride=8), 'stride must be 16 or 32 with resnet50, got 8'),
    ],
)
def test_what_was_never_published_is_refused_with_a_sentence(settings: NetworkSettings, text: str) -> None:
    with pytest.raises(SettingError) as raised:
        find_checkpoint(settings)
    assert str(raised.value) == text


@pytest.mark.parametrize('stride', [8, 16, 32])
def test_mobilenet_can_have_every_stride(stride: int) -> None:
    check_combination(NetworkSettings(stride=stride))
    check_combination(NetworkSettings(version=1, stride=stride))


def test_resnet_has_one_width_whatever_the_multiplier() -> None:
    checkpoints = {find_checkpoint(NetworkSettings(architecture='resnet50', multiplier=m)) for m in (0.25, 0.75, 1.0)}
    assert [one.title for one in checkpoints] == ['ResNet50, 4-byte weights']


def test_titles_and_options_name_each_checkpoint() -> None:
    names = {one.title: one.options for one in CATALOGUE}
    assert len(names) == len(set(names.values())) == 16
    assert names['MobileNetV1 0.75, 4-byte weights'] == ''
    assert names['MobileNetV1 0.50, 2-byte weights'] == '--multiplier 0.5 --quant-bytes 2'
    assert names['ResNet50, 1-byte weights'] == '--architecture resnet50 --quant-bytes 1'
    assert names['BodyPix 1 MobileNetV1 0.25, 4-byte weights'] == '--version 1 --multiplier 0.25'


def test_known_sums_are_those_of_the_official_files(shared: Path) -> None:
    files = {one: shared / 'tfjs-models' / one.folder / 'group1-shard1of1.bin' for one in CATALOGUE}
    found = {one: hashlib.sha256(file.read_bytes()).hexdigest() for one, file in files.items() if file.is_file()}
    assert len(found) == 6
    assert {one: one.weights_sha256 for one in CATALOGUE if one.weights_sha256} == found
