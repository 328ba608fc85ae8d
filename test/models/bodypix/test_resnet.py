# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ResNet50 graph."""

from __future__ import annotations

import math

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from official_shapes import noise, resnet_shapes

from bodypix_ros.errors import ModelError
from bodypix_ros.models.bodypix.build import build_onnx
from bodypix_ros.models.bodypix.heads import MASK_HEADS, PEOPLE_HEADS, head_slices
from bodypix_ros.models.bodypix.resnet import build_resnet, unit_plan
from bodypix_ros.models.bodypix.tfjs import Weights

Array = NDArray[np.float32]
NARROW = noise(resnet_shapes(width=2))


def _run(weights: Weights, stride: int, dilation: str, heads: tuple[str, ...], planes: Array) -> Array:
    model = build_onnx(weights, 'resnet50', 1.0, stride, dilation, heads, version=2).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
    output: Array = session.run(None, {'input': planes})[0]
    return output


def _planes(height: int = 65, width: int = 97) -> Array:
    return np.random.default_rng(3).uniform(-1, 1, (1, 3, height, width)).astype(np.float32)


def _convolve(image: Array, weights: Weights, name: str, stride: int = 1, dilation: tuple[int, int] = (1, 1)) -> Array:
    """Convolve (height, width, in) by its definition, tap by tap; outside there are zeros."""
    kernel = weights[f'{name}/weights']
    rate_y, rate_x = dilation
    reach_y, reach_x = rate_y * (kernel.shape[0] // 2), rate_x * (kernel.shape[1] // 2)
    padded = np.pad(image, ((reach_y, reach_y), (reach_x, reach_x), (0, 0)))
    total: Array = np.zeros((*image.shape[:2], kernel.shape[3]), np.float32) + weights[f'{name}/Conv2D_bias']
    for y in range(kernel.shape[0]):
        for x in range(kernel.shape[1]):
            top, left = y * rate_y, x * rate_x
            total += padded[top : top + image.shape[0], left : left + image.shape[1]] @ kernel[y, x]
    return total[::stride, ::stride]


def _pool(image: Array) -> Array:
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    height, width = image.shape[:2]
    taps = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    best: Array = np.max(taps, axis=0)
    return best[::2, ::2]


def _reference(weights: Weights, planes: Array, strided: set[str], rates: dict[str, tuple[int, int]]) -> Array:
    """The last features, (h, w, channels), from a plain reading of the published graph."""
    image = _pool(np.maximum(_convolve(planes[0].transpose(1, 2, 0), weights, 'resnet_v1_50/conv1', 2), 0))
    for block, units in ((1, 3), (2, 4), (3, 6), (4, 3)):
        for unit in range(1, units + 1):
            name = f'resnet_v1_50/block{block}/unit_{unit}/bottleneck_v1'
            stride = 2 if f'{block}/{unit}' in strided else 1
            branch = np.maximum(_convolve(image, weights, f'{name}/conv1'), 0)
            branch = _convolve(branch, weights, f'{name}/conv2', stride, rates.get(f'{block}', (1, 1)))
            branch = _convolve(np.maximum(branch, 0), weights, f'{name}/conv3')
            past = _convolve(image, weights, f'{name}/shortcut') if unit == 1 else image[::stride, ::stride]
            image = np.maximum(branch + past, 0)
    return image


@pytest.mark.parametrize(
    ('stride', 'dilation', 'strided', 'rates'),
    [
        (32, 'trained', {'1/3', '2/4', '3/6'}, {}),
        (16, 'trained', {'1/3', '2/4'}, {'4': (2, 2)}),
        (16, 'tfjs', {'1/3', '2/4'}, {'4': (2, 1)}),
        (8, 'trained', {'1/3'}, {'3': (2, 2), '4': (4, 4)}),
    ],
)
def test_all_heads_equal_a_plain_reading_of_the_graph(
    stride: int, dilation: str, strided: set[str], rates: dict[str, tuple[int, int]]
) -> None:
    output = _run(NARROW, stride, dilation, PEOPLE_HEADS, _planes())[0]
    features = _reference(NARROW, _planes(), strided, rates)
    assert output.shape == (174, 64 // stride + 1, 96 // stride + 1)
    for head, layer in (
        ('segments', 'segment_2'),
        ('part_heatmaps', 'part_heatmap_2'),
        ('long_offsets', 'embedding_2'),
    ):
        expected = _convolve(features, NARROW, f'resnet_v1_50/{layer}').transpose(2, 0, 1)
        difference = np.abs(output[head_slices(PEOPLE_HEADS)[head]] - expected).max()
        assert difference < 1e-5 * np.abs(expected).max(), head
        assert np.abs(expected).max() > 0.1, 'the reference shows nothing'


def test_strides_and_dilations_are_those_of_the_published_graphs() -> None:
    assert [name[13:26] for name, unit in unit_plan(32).items() if unit.stride == 2] == [
        'block1/unit_3',
        'block2/unit_4',
        'block3/unit_6',
    ]
    assert {unit.rate for unit in unit_plan(32).values()} == {1}
    assert [name[13:26] for name, unit in unit_plan(16).items() if unit.stride == 2] == [
        'block1/unit_3',
        'block2/unit_4',
    ]
    assert {name[13:26]: unit.rate for name, unit in unit_plan(16).items() if unit.rate != 1} == {
        'block4/unit_1': 2,
        'block4/unit_2': 2,
        'block4/unit_3': 2,
    }


def test_a_row_of_a_batch_does_not_see_the_others() -> None:
    batch = np.concatenate([_planes(), -_planes()])
    together = _run(NARROW, 16, 'trained', MASK_HEADS, batch)
    assert together.shape == (2, 25, 5, 7)
    np.testing.assert_allclose(together[:1], _run(NARROW, 16, 'trained', MASK_HEADS, batch[:1]), atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 0.1


def test_shapes_are_those_of_the_official_checkpoint() -> None:
    # The files with one byte a value; less two paddings of eight values and the two bounds of the unused part offsets.
    assert sum(math.prod(shape) for shape in resnet_shapes().values()) == 23_936_368 - 18
    assert len(resnet_shapes()) == 126 - 4


@pytest.mark.parametrize(
    'missing',
    [
        'resnet_v1_50/conv1/weights',
        'resnet_v1_50/block1/unit_1/bottleneck_v1/shortcut/weights',
        'resnet_v1_50/block4/unit_3/bottleneck_v1/conv2/Conv2D_bias',
    ],
)
def test_missing_weights_are_named(missing: str) -> None:
    weights = {name: values for name, values in NARROW.items() if name != missing}
    with pytest.raises(ModelError, match=f'the checkpoint has no weights named {missing}; it is not a BodyPix'):
        build_resnet(weights, 16, 'trained', MASK_HEADS)


def test_weights_of_posenet_are_refused_by_the_heads_they_lack() -> None:
    weights = {name: values for name, values in NARROW.items() if 'part' not in name and 'segment' not in name}
    with pytest.raises(ModelError, match='has no head segments, part_heatmaps; it is not a BodyPix checkpoint'):
        build_resnet(weights, 16, 'trained', MASK_HEADS)
