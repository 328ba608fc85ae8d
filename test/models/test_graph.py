# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX graphs under construction: shapes that do not fit each other are refused."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.graph import GraphBuilder


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def test_a_convolution_takes_as_many_channels_as_its_input_has() -> None:
    builder = GraphBuilder({}, input_channels=3)
    value = builder.convolution('input', 'first', _zeros(8, 3, 3, 3), _zeros(8))
    value = builder.add('Relu', [value], 'relu')
    assert builder.convolution(value, 'second', _zeros(2, 8, 1, 1), _zeros(2)) == 'second'
    with pytest.raises(ModelError) as raised:
        builder.convolution(value, 'third', _zeros(2, 7, 1, 1), _zeros(2))
    assert str(raised.value) == (
        'third must have weights for 8 input channels and one bias for each output channel, got a kernel of shape '
        '(2, 7, 1, 1) in 1 groups and a bias of shape (2,)'
    )


@pytest.mark.parametrize(
    ('kernel', 'bias', 'groups'),
    [((8, 4, 3, 3), (8,), 1), ((8, 3, 3, 3), (7,), 1), ((8, 3, 3, 3), (8, 1), 1), ((4, 1, 3, 3), (4,), 4)],
)
def test_the_first_convolution_takes_the_channels_of_the_input(
    kernel: tuple[int, ...], bias: tuple[int, ...], groups: int
) -> None:
    with pytest.raises(ModelError, match='first must have weights for 3 input channels and one bias for each output'):
        GraphBuilder({}, 3).convolution('input', 'first', _zeros(*kernel), _zeros(*bias), groups=groups)


def test_a_kernel_without_taps_is_refused() -> None:
    with pytest.raises(ModelError, match='first must have weights'):
        GraphBuilder({}).convolution('input', 'first', _zeros(0, 3, 3, 3), _zeros(0))


def test_only_values_of_the_same_channels_are_added() -> None:
    builder = GraphBuilder({})
    for channels, name in ((8, 'a'), (8, 'b'), (4, 'c')):
        builder.convolution('input', name, _zeros(channels, 3, 1, 1), _zeros(channels))
    assert builder.add('Add', ['a', 'b'], 'sum') == 'sum'
    with pytest.raises(ModelError, match='wrong adds values of 4 and 8 channels'):
        builder.add('Add', ['sum', 'c'], 'wrong')
