# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network in bytes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from checkpoints import whole_network
from golden import CASES_WITH_LOGITS, Golden

from bodypix_ros import BodyPix
from bodypix_ros.errors import SettingError
from bodypix_ros.models.bodypix.build import build_onnx
from bodypix_ros.models.bodypix.heads import MASK_HEADS
from bodypix_ros.models.bodypix.quantise import quantise_mobilenet, round_kernels
from bodypix_ros.models.network import load_network
from bodypix_ros.settings import NetworkSettings


def test_a_kernel_is_rounded_so_that_its_sum_is_kept() -> None:
    kernels = np.random.default_rng(0).normal(size=(64, 1, 3, 3)).astype(np.float32)
    rounded, steps = round_kernels(kernels)
    assert (rounded.dtype, rounded.shape, steps.shape) == (np.int8, kernels.shape, (64,))
    errors = rounded * steps[:, None, None, None] - kernels
    assert np.all(np.abs(errors.sum(axis=(1, 2, 3))) <= 0.5001 * steps)
    assert np.all(np.abs(errors).max(axis=(1, 2, 3)) <= 1.0001 * steps)
    assert np.all(np.abs(rounded).max(axis=(1, 2, 3)) == 127)
    plain = np.rint(kernels / steps[:, None, None, None])
    assert np.mean(plain != rounded) < 0.15  # most are rounded as usual


def test_a_kernel_of_zeros_stays_zero() -> None:
    rounded, steps = round_kernels(np.zeros((2, 3, 1, 1), np.float32))
    assert not rounded.any()
    assert np.all(steps > 0)


@pytest.mark.parametrize('stride', [8, 16, 32])
def test_all_but_the_ends_is_in_bytes_with_strides_and_dilations_as_they_were(stride: int) -> None:
    model = build_onnx(whole_network(0.25), 'mobilenet_v1', 0.25, stride, 'trained', MASK_HEADS, 2)
    quantised = quantise_mobilenet(model)
    onnx.checker.check_model(quantised, full_check=True)
    operators = [node.op_type for node in quantised.graph.node]
    assert operators == ['Conv', 'Clip', 'QuantizeLinear', *['QLinearConv'] * 26, 'DequantizeLinear', 'Conv']
    before = [node for node in model.graph.node if node.op_type == 'Conv']
    after = [node for node in quantised.graph.node if node.op_type in ('Conv', 'QLinearConv')]
    assert [list(node.attribute) for node in before] == [list(node.attribute) for node in after]
    assert quantised.graph.input == model.graph.input
    assert quantised.graph.output == model.graph.output


@pytest.fixture
def settings(server: str, model_dir: str) -> NetworkSettings:
    return NetworkSettings(
        model='bodypix',
        multiplier=0.5,
        model_url=server,
        model_dir=model_dir,
        allow_download=True,
        provider='cpu',
        precision='int8',
    )


@pytest.mark.parametrize(('multiplier', 'quant_bytes'), [(0.5, 4), (0.75, 2)])
def test_the_mask_is_kept(shared: Path, settings: NetworkSettings, multiplier: float, quant_bytes: int) -> None:
    settings = dataclasses.replace(settings, multiplier=multiplier, quant_bytes=quant_bytes)
    exact = BodyPix.load(settings, precision='auto')
    quick = BodyPix.load(settings)
    assert quick.network.name.endswith(', stride 16, int8')
    names = sorted({Golden.load(shared, name).options['image'] for name in CASES_WITH_LOGITS})
    pictures = [cv2.imread(str(shared / 'golden' / name)) for name in names]
    pairs = [(exact.segment(picture), quick.segment(picture)) for picture in pictures]
    masks = [np.mean(one.mask == other.mask) for one, other in pairs]
    both = [one.mask & other.mask for one, other in pairs]
    parts = [
        np.mean(one.parts[inside] == other.parts[inside]) for (one, other), inside in zip(pairs, both, strict=True)
    ]
    assert np.mean(masks) > 0.99
    assert np.mean(parts) > 0.95


def test_people_are_found_in_bytes_as_well(shared: Path, settings: NetworkSettings) -> None:
    picture = Golden.load(shared, 'three_people_1049x861__s16__rmedium').image
    quick = BodyPix.load(settings).segment(picture, people=True)
    assert quick.people is not None
    assert len(quick.people.persons) == 3


def test_both_kinds_of_network_are_kept_side_by_side(settings: NetworkSettings, tmp_path: Path) -> None:
    settings = dataclasses.replace(settings, model_dir=str(tmp_path))
    quick, exact = load_network(settings), load_network(dataclasses.replace(settings, precision='fp32'))
    assert len(quick.onnx) < 0.4 * len(exact.onnx)
    kept = sorted(path.name for path in tmp_path.rglob('*.onnx'))
    assert kept == ['stride16-trained-2heads-int8.onnx', 'stride16-trained-2heads.onnx']
    assert load_network(settings) == quick


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        ({'provider': 'auto'}, 'precision int8 requires provider cpu, got auto'),
        ({'architecture': 'resnet50'}, 'precision int8 is for mobilenet_v1, got resnet50; set precision to auto'),
    ],
)
def test_where_it_cannot_be_is_one_sentence(settings: NetworkSettings, changes: dict, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        load_network(dataclasses.replace(settings, **changes))
