# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The MobileNetV1 graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from golden import CASES_WITH_LOGITS, Golden

from bodypix_ros.errors import ModelError
from bodypix_ros.models.bodypix.heads import HEAD_CHANNELS, MASK_HEADS, PEOPLE_HEADS, head_slices
from bodypix_ros.models.bodypix.mobilenet import build_mobilenet, layer_plan
from bodypix_ros.models.bodypix.tfjs import Weights, parse_manifest, read_weights

GOLDEN_NAMES = {
    'segments': 'segmentation',
    'part_heatmaps': 'partHeatmaps',
    'heatmaps': 'heatmap',
    'short_offsets': 'offsets',
    'displacement_fwd': 'displacementFwd',
    'displacement_bwd': 'displacementBwd',
    'long_offsets': 'longOffsets',
}


@pytest.fixture(scope='module')
def weights(shared: Path) -> Weights:
    folder = shared / 'tfjs-models' / 'savedmodel' / 'bodypix' / 'mobilenet' / 'float' / '050'
    return read_weights(folder, parse_manifest((folder / 'model-stride16.json').read_bytes(), str(folder)))


def _run(weights, stride, dilation, heads, planes):
    model = build_mobilenet(weights, 0.5, stride, dilation, heads).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
    return session.run(None, {'input': planes})[0]


@pytest.mark.parametrize(
    ('multiplier', 'stride', 'strided', 'rates'),
    [
        (0.5, 16, [2, 4, 6], {}),
        (0.75, 8, [2, 4], {layer: 2 for layer in range(7, 14)}),
        (1.0, 16, [2, 4, 6], {13: 2}),
        (1.0, 8, [2, 4], {**{layer: 2 for layer in range(7, 13)}, 13: 4}),
        (1.0, 32, [2, 4, 6, 12], {}),
        (0.5, 32, [2, 4, 6, 13], {}),
    ],
)
def test_strides_and_dilations_are_those_of_the_published_graphs(multiplier, stride, strided, rates) -> None:
    plan = layer_plan(multiplier, stride)
    assert [index for index, layer in enumerate(plan, 1) if layer.stride == 2] == strided
    assert {index: layer.rate for index, layer in enumerate(plan, 1) if layer.rate != 1} == rates


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
def test_all_heads_equal_the_javascript_library(shared: Path, weights: Weights, name: str) -> None:
    case = Golden.load(shared, name)
    planes = (case.arrays('input')['input_resized'] / np.float32(127.5) - 1).transpose(2, 0, 1)[None]
    output = _run(weights, case.stride, case.dilation, PEOPLE_HEADS, planes)[0]
    logits = case.arrays('logits')
    for head, channels in head_slices(PEOPLE_HEADS).items():
        expected = logits[GOLDEN_NAMES[head]].transpose(2, 0, 1)
        assert np.abs(output[channels] - expected).max() < 1e-3, head


def test_stride_32_of_a_narrow_network_takes_every_second_cell_of_stride_16(weights: Weights) -> None:
    planes = np.random.default_rng(5).uniform(-1, 1, (2, 3, 97, 129)).astype(np.float32)
    fine = _run(weights, 16, 'trained', MASK_HEADS, planes)
    coarse = _run(weights, 32, 'trained', MASK_HEADS, planes)
    assert coarse.shape == (2, 25, 4, 5)
    assert np.abs(coarse - fine[:, :, ::2, ::2]).max() < 1e-4


def test_only_the_asked_heads_are_computed_in_their_order(weights: Weights) -> None:
    planes = np.random.default_rng(5).uniform(-1, 1, (1, 3, 33, 33)).astype(np.float32)
    everything = _run(weights, 16, 'trained', PEOPLE_HEADS, planes)[0]
    two = _run(weights, 16, 'trained', ('heatmaps', 'segments'), planes)[0]
    assert two.shape == (18, 3, 3)
    assert np.allclose(two[:17], everything[head_slices(PEOPLE_HEADS)['heatmaps']], atol=1e-5)
    assert np.allclose(two[17:], everything[head_slices(PEOPLE_HEADS)['segments']], atol=1e-5)
    assert sum(HEAD_CHANNELS.values()) == everything.shape[0]


def test_a_checkpoint_of_something_else_is_refused_by_the_missing_name() -> None:
    with pytest.raises(ModelError, match='no weights named MobilenetV1/Conv2d_0/weights; it is not a BodyPix'):
        build_mobilenet({'dense/kernel': np.zeros((2, 2), np.float32)}, 0.5, 16, 'trained', MASK_HEADS)
