# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading weights of TensorFlow.js."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.bodypix.tfjs import parse_manifest, read_weights

MANIFEST = {
    'weightsManifest': [
        {
            'paths': ['a.bin', 'b.bin'],
            'weights': [
                {'name': 'plain', 'shape': [2], 'dtype': 'float32'},
                {
                    'name': 'small',
                    'shape': [2, 2],
                    'dtype': 'float32',
                    'quantization': {'dtype': 'uint8', 'scale': 0.5, 'min': -1.0},
                },
                {
                    'name': 'fine',
                    'shape': [1],
                    'dtype': 'float32',
                    'quantization': {'dtype': 'uint16', 'scale': 0.25, 'min': 2.0},
                },
            ],
        }
    ]
}


def _one_tensor(shape: list[int], path: str = 'a.bin') -> str:
    weights = [{'name': 'a', 'shape': shape, 'dtype': 'float32'}]
    return json.dumps({'weightsManifest': [{'paths': [path], 'weights': weights}]})


def _checkpoint(folder: Path, data: bytes) -> Path:
    (folder / 'a.bin').write_bytes(data[:5])
    (folder / 'b.bin').write_bytes(data[5:])
    return folder


def test_tensors_are_cut_from_shards_and_dequantised(tmp_path: Path) -> None:
    data = np.array([1.5, -2], '<f4').tobytes() + bytes([0, 2, 4, 255]) + np.array([40000], '<u2').tobytes()
    weights = read_weights(_checkpoint(tmp_path, data), parse_manifest(json.dumps(MANIFEST), 'test'))
    assert weights['plain'].tolist() == [1.5, -2]
    assert weights['small'].tolist() == [[-1, 0], [1, 126.5]]
    assert weights['fine'].tolist() == [10002]
    assert all(values.dtype == np.float32 for values in weights.values())


def test_a_short_file_is_refused_with_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='a.bin, b.bin must contain 14 bytes according to the manifest, got 9'):
        read_weights(_checkpoint(tmp_path, bytes(9)), parse_manifest(json.dumps(MANIFEST), 'test'))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'a\.bin cannot be read \(No such file or directory\)'):
        read_weights(tmp_path, parse_manifest(json.dumps(MANIFEST), 'test'))


@pytest.mark.parametrize(
    'name',
    [
        '../a.bin',
        '/etc/passwd',
        'x/y.bin',
        '..',
        '',
        '.hidden',
        'x\\y.bin',
        'checkpoint.json',
        'model.onnx',
        'a\0.bin',
        'a%2fb',
        'a?b',
        'a' * 101,
    ],
)
def test_a_manifest_cannot_name_files_that_are_not_weights(name: str) -> None:
    with pytest.raises(ModelError, match='hostile.json contains the weight file name .*; expected a plain file name'):
        parse_manifest(_one_tensor([2], name), 'hostile.json')


@pytest.mark.parametrize('shape', [[100_000_000], [10**4000, 10**4000]])
def test_a_manifest_cannot_ask_for_a_whole_disk(shape: list[int]) -> None:
    with pytest.raises(ModelError) as raised:
        parse_manifest(_one_tensor(shape), 'hostile.json')
    assert str(raised.value) == 'hostile.json describes more than 268435456 bytes of weights'


@pytest.mark.parametrize(
    'text',
    [
        '{',
        '{}',
        '[1]',
        '{"weightsManifest": [{"paths": ["a"]}]}',
        'null',
        '',
        '[' * 100_000,
        '<html>login</html>',
        '3',
        _one_tensor([-4]),
        _one_tensor([2]).replace('[2]', '[Infinity]'),
        _one_tensor([2]).replace('[2]', f'[{"1" * 5000}]'),
        _one_tensor([2]).replace('float32', 'complex64'),
        b'\xff\xfe\x00',
    ],
)
def test_other_texts_are_refused_with_their_source(text: str | bytes) -> None:
    with pytest.raises(ModelError, match='web page.html is not a TensorFlow.js model JSON') as raised:
        parse_manifest(text, 'web page.html')
    assert len(str(raised.value)) < 300


def test_a_manifest_without_files_is_refused() -> None:
    with pytest.raises(ModelError, match='a.json lists no weight files; expected a weightsManifest with paths'):
        parse_manifest('{"weightsManifest": [{"paths": [], "weights": []}]}', 'a.json')


@pytest.mark.parametrize('number', [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_by_their_name(number: float, tmp_path: Path) -> None:
    data = np.array([1.5, number], '<f4').tobytes() + bytes(6)
    with pytest.raises(ModelError, match=f"{tmp_path}: the weights 'plain' contain values that are not finite"):
        read_weights(_checkpoint(tmp_path, data), parse_manifest(json.dumps(MANIFEST), 'test'))


def test_official_weights_have_the_shapes_of_their_manifest(shared: Path) -> None:
    folder = shared / 'tfjs-models' / 'savedmodel' / 'bodypix' / 'mobilenet' / 'quant2' / '075'
    manifest = parse_manifest((folder / 'model-stride16.json').read_bytes(), str(folder))
    weights = read_weights(folder, manifest)
    assert manifest.size_bytes == 2598784
    assert weights['MobilenetV1/Conv2d_0/weights'].shape == (3, 3, 3, 24)
    assert {name: values.shape for name, values in weights.items()} == manifest.shapes
