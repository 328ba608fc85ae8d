# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading .tflite files, damaged ones above all."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.mediapipe.convert import build_onnx
from bodypix_ros.models.mediapipe.tflite_file import read_tflite

pytest.importorskip('tflite', reason='needs the package tflite')

from tflite_writer import TfliteWriter


def small_network(slope: float = 0.5) -> bytes:
    """Return a file with a sparse convolution and a PReLU, from (1, 4, 4, 3) to (1, 4, 4, 2)."""
    writer = TfliteWriter()
    first, last = writer.tensor((1, 4, 4, 3)), writer.tensor((1, 4, 4, 2))
    kernel = writer.sparse(np.array([[0, 1, 2], [3, 0, 0]], np.float16).reshape(2, 1, 1, 3))
    dense = writer.operator('DENSIFY', [kernel], writer.tensor((2, 1, 1, 3)), 'DensifyOptions')
    middle = writer.operator(
        'CONV_2D', [first, dense], writer.tensor((1, 4, 4, 2)), 'Conv2DOptions', Padding=1, StrideH=1, StrideW=1,
        DilationHFactor=1, DilationWFactor=1,
    )  # fmt: skip
    writer.operator('PRELU', [middle, writer.constant(np.full((1, 1, 2), slope, np.float32))], last)
    return writer.finish([first], [last])


def test_the_graph_has_operators_shapes_and_dense_constants() -> None:
    graph = read_tflite(small_network(), 'small.tflite')
    assert [operator.name for operator in graph.operators] == ['DENSIFY', 'CONV_2D', 'PRELU']
    assert [graph.shapes[i] for i in (*graph.inputs, *graph.outputs)] == [(1, 4, 4, 3), (1, 4, 4, 2)]
    (kernel,) = (value for value in graph.constants.values() if value.dtype == np.float16)
    np.testing.assert_array_equal(kernel.reshape(2, 3), [[0, 1, 2], [3, 0, 0]])
    assert graph.operators[1].options.StrideH() == 1


def test_other_files_are_refused() -> None:
    for data in (b'', b'TFL3', b'PK\x03\x04' * 100):
        with pytest.raises(ModelError, match=r'x\.bin must be a \.tflite file, which has TFL3 in its bytes 5 to 8'):
            read_tflite(data, 'x.bin')


def test_weights_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ModelError, match='contains weights that are not finite numbers'):
        read_tflite(small_network(slope=float('nan')), 'small.tflite')


def test_a_tensor_larger_than_the_limit_is_refused() -> None:
    writer = TfliteWriter()
    first = writer.tensor((1, 4, 4, 3))
    huge = writer.sparse(np.ones((1, 1, 1, 3), np.float32))
    data = writer.finish([first], [writer.operator('DENSIFY', [huge], writer.tensor((1, 1, 1, 3)))])
    shape = np.array([1, 1, 1, 3], np.int32).tobytes()
    for wrong, text in (((1 << 15, 1 << 15, 1, 3), 'more than 67108864 constant values'), ((0, 1, 1, 3), 'positive')):
        with pytest.raises(ModelError, match=text):
            read_tflite(data.replace(shape, np.array(wrong, np.int32).tobytes()), 'huge.tflite')


def test_every_truncated_file_is_refused() -> None:
    data = small_network()
    for size in range(len(data) - 8):
        with pytest.raises(ModelError):
            build_onnx(data[:size], 'cut.tflite', (4, 4), {'output': (2, 4, 4)})


def test_flipped_bits_and_wrong_lengths_never_raise_anything_but_model_errors() -> None:
    data, choice = small_network(), random.Random(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        position = choice.randrange(len(data) - 4)
        if choice.random() < 0.5:
            damaged[position] ^= 1 << choice.randrange(8)
        else:
            damaged[position : position + 4] = choice.choice([b'\xff\xff\xff\xff', b'\xff\xff\xff\x7f', bytes(4)])
        try:
            build_onnx(bytes(damaged), 'damaged.tflite', (4, 4), {'output': (2, 4, 4)})
        except ModelError:
            refused += 1
    assert refused > 100


def test_without_the_package_tflite_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'tflite', None)
    with pytest.raises(ModelError, match=r'requires the package tflite, .*`pip install tflite`'):
        read_tflite(b'\x00\x00\x00\x00TFL3', 'a.tflite')
