# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The graph of our network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ModelError
from bodypix_ros.inference.geometry import own_geometry
from bodypix_ros.models.own.build import _OwnGraph, build_own
from bodypix_ros.models.own.weights import Weights, fold_batch_norm, read_weights


def _run(onnx: bytes, planes: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(onnx, providers=['CPUExecutionProvider'])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, {'input': planes}), strict=True))


def _noise(height: int, width: int, count: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-1, 1, (count, 3, height, width)).astype(np.float32)


@pytest.fixture(scope='module')
def weights() -> Weights:
    return read_weights()


@pytest.fixture(scope='module')
def onnx(weights: Weights) -> bytes:
    model: bytes = build_own(weights, people=True).SerializeToString()
    return model


@pytest.mark.parametrize('picture', ['karolina_640x480', 'messi_548x342', 'three_people_1049x861'])
def test_float_weights_give_what_pytorch_gave(shared: Path, picture: str) -> None:
    folder = shared / 'own_network'
    with np.load(folder / 'weights.npz') as state, np.load(folder / 'reference.npz') as expected:
        onnx = build_own(fold_batch_norm(state), people=True).SerializeToString()
        outputs = _run(onnx, expected[f'{picture}/input'])
        for name in ('fine', 'pose'):
            assert np.abs(outputs[name] - expected[f'{picture}/{name}']).max() < 1e-3


@pytest.mark.parametrize('size', [(33, 33), (65, 97), (49, 81), (17, 113)])
def test_outputs_lie_at_strides_4_and_16_for_every_multiple_of_16_plus_one(onnx: bytes, size: tuple[int, int]) -> None:
    outputs = _run(onnx, _noise(*size, count=2))
    height, width = size
    assert outputs['fine'].shape == (2, 25, (height - 1) // 4 + 1, (width - 1) // 4 + 1)
    assert outputs['pose'].shape == (2, 149, (height - 1) // 16 + 1, (width - 1) // 16 + 1)
    assert np.isfinite(outputs['fine']).all()
    assert np.isfinite(outputs['pose']).all()


def test_a_batch_gives_what_single_pictures_give(onnx: bytes) -> None:
    planes = _noise(65, 97, count=3)
    together = _run(onnx, planes)
    for index in range(3):
        alone = _run(onnx, planes[index : index + 1])
        np.testing.assert_allclose(together['fine'][index], alone['fine'][0], atol=1e-3)
        np.testing.assert_allclose(together['pose'][index], alone['pose'][0], atol=1e-3)


def test_without_people_the_pose_branch_is_left_out_and_the_masks_are_the_same(weights: Weights, onnx: bytes) -> None:
    alone = build_own(weights, people=False)
    assert [one.name for one in alone.graph.output] == ['fine']
    assert not any(one.name.startswith('pose') for one in alone.graph.initializer)
    planes = _noise(65, 97)
    np.testing.assert_allclose(_run(alone.SerializeToString(), planes)['fine'], _run(onnx, planes)['fine'], atol=1e-4)


@pytest.mark.parametrize(('coarse', 'fine'), [((3, 4), (5, 7)), ((2, 3), (4, 5)), ((1, 2), (2, 2))])
def test_features_are_enlarged_with_aligned_corners(coarse: tuple[int, int], fine: tuple[int, int]) -> None:
    from onnx import TensorProto, helper

    graph = _OwnGraph({'lateral/kernel': np.zeros((1, 1, 1, 1), np.float32), 'lateral/bias': np.zeros(1, np.float32)})
    output = graph.merge('coarse', 'input', 'lateral')
    model = graph.model(
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ['n', 1, f'{name}_h', f'{name}_w'])
         for name in ('coarse', 'input')],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ['n', 1, 'h', 'w'])],
    )  # fmt: skip
    values = np.random.default_rng(0).normal(size=(1, 1, *coarse)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    found = session.run(None, {'coarse': values, 'input': np.zeros((1, 1, *fine), np.float32)})[0][0, 0]
    rows, columns = (
        np.linspace(0, few - 1, many) if many > 1 else np.zeros(1) for few, many in zip(coarse, fine, strict=True)
    )
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            top, left = int(row), int(column)
            bottom, right = min(top + 1, coarse[0] - 1), min(left + 1, coarse[1] - 1)
            down, across = row - top, column - left
            upper = values[0, 0, top, left] * (1 - across) + values[0, 0, top, right] * across
            lower = values[0, 0, bottom, left] * (1 - across) + values[0, 0, bottom, right] * across
            assert found[y, x] == pytest.approx(upper * (1 - down) + lower * down, abs=1e-5)


def test_a_missing_weight_is_named(weights: Weights) -> None:
    fewer = {name: values for name, values in weights.items() if name != 'fine/kernel'}
    with pytest.raises(ModelError, match='fine/kernel'):
        build_own(fewer, people=False)


def test_the_cells_of_the_geometry_are_those_of_the_network(onnx: bytes) -> None:
    geometry = own_geometry(120, 160, 'auto')
    fine = _run(onnx, _noise(geometry.input_height, geometry.input_width))['fine']
    assert fine.shape[2:] == (geometry.output_height, geometry.output_width)
