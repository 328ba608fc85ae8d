# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks of BodyPix 1, and which builder makes what."""

from __future__ import annotations

import math

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from official_shapes import mobilenet_shapes, noise, resnet_shapes

from bodypix_ros.errors import ModelError
from bodypix_ros.models.bodypix.build import build_onnx
from bodypix_ros.models.bodypix.heads import MASK_HEADS, PEOPLE_HEADS

Array = NDArray[np.float32]
MULTIPLIERS = (0.25, 0.5, 0.75, 1.0)


def _run(model: onnx.ModelProto) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    planes = np.random.default_rng(0).uniform(-1, 1, (1, 3, 97, 65)).astype(np.float32)
    output: Array = session.run(None, {'input': planes})[0]
    return output


@pytest.mark.parametrize(
    ('multiplier', 'size_bytes'), [(0.25, 612_272), (0.5, 2_269_744), (0.75, 4_972_720), (1.0, 13_095_728)]
)
def test_shapes_are_those_of_the_official_checkpoints_of_bodypix_1(multiplier: float, size_bytes: int) -> None:
    shapes = mobilenet_shapes(multiplier, version=1)
    assert len(shapes) == 62
    assert 4 * sum(math.prod(shape) for shape in shapes.values()) == size_bytes


@pytest.mark.parametrize('stride', [8, 16, 32])
@pytest.mark.parametrize('multiplier', MULTIPLIERS)
def test_checkpoints_of_bodypix_1_run_at_every_stride(multiplier: float, stride: int) -> None:
    weights = noise(mobilenet_shapes(multiplier, version=1))
    output = _run(build_onnx(weights, 'mobilenet_v1', multiplier, stride, 'trained', MASK_HEADS, version=1))
    assert output.shape == (1, 25, 96 // stride + 1, 64 // stride + 1)
    assert 0.1 < np.abs(output).max() < 100


def test_bodypix_1_never_dilates_in_height_alone() -> None:
    weights = noise(mobilenet_shapes(0.25, version=1))
    runs = {
        (version, dilation): _run(build_onnx(weights, 'mobilenet_v1', 0.25, 8, dilation, MASK_HEADS, version))
        for version in (1, 2)
        for dilation in ('trained', 'tfjs')
    }
    assert np.array_equal(runs[1, 'tfjs'], runs[1, 'trained'])
    assert np.array_equal(runs[1, 'tfjs'], runs[2, 'trained'])
    assert np.abs(runs[2, 'tfjs'] - runs[2, 'trained']).max() > 0.1


def test_the_architecture_chooses_the_builder() -> None:
    model = build_onnx(noise(resnet_shapes(width=2)), 'resnet50', 1.0, 32, 'trained', MASK_HEADS, version=2)
    assert 'Relu' in {node.op_type for node in model.graph.node}
    assert _run(model).shape == (1, 25, 4, 3)


def test_a_checkpoint_of_bodypix_1_has_no_people() -> None:
    weights = noise(mobilenet_shapes(0.25, version=1))
    expected = 'no head displacement_fwd, displacement_bwd, long_offsets; people require a checkpoint of BodyPix 2'
    with pytest.raises(ModelError, match=expected):
        build_onnx(weights, 'mobilenet_v1', 0.25, 16, 'trained', PEOPLE_HEADS, version=2)


def test_a_head_of_another_size_is_refused() -> None:
    weights = noise(mobilenet_shapes(0.25, version=1))
    weights['MobilenetV1/part_heatmap_2/weights'] = np.zeros((1, 1, 128, 20), np.float32)
    with pytest.raises(ModelError, match='the head part_heatmaps has 20 channels, expected 24'):
        build_onnx(weights, 'mobilenet_v1', 0.25, 16, 'trained', MASK_HEADS, version=1)
