# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Strides exchanged for dilations."""

from __future__ import annotations

import pytest

from bodypix_ros.models.bodypix.strides import Layer, executed_stride, plan_layers


def test_nominal_strides_stand_until_the_wanted_one_is_reached() -> None:
    assert plan_layers([1, 2, 1, 2], 8, stride=2) == [Layer(1, 1), Layer(2, 1), Layer(1, 1), Layer(2, 1)]


def test_later_strides_become_dilations_of_the_layers_after_them() -> None:
    assert plan_layers([2, 2, 1, 2, 1], 4, stride=2) == [
        Layer(2, 1),
        Layer(1, 1),
        Layer(1, 2),
        Layer(1, 2),
        Layer(1, 4),
    ]


def test_javascript_dilates_in_height_alone() -> None:
    assert Layer(1, 4).dilations('trained') == (4, 4)
    assert Layer(1, 4).dilations('tfjs') == (4, 1)


@pytest.mark.parametrize(
    ('version', 'multiplier', 'asked', 'executed'),
    [
        (1, 0.25, 32, 16),
        (1, 0.75, 32, 16),
        (1, 1.0, 32, 32),
        (1, 0.5, 16, 16),
        (1, 0.5, 8, 8),
        (2, 0.5, 32, 32),
    ],
)
def test_narrow_networks_of_bodypix_1_run_stride_16_for_32(
    version: int, multiplier: float, asked: int, executed: int
) -> None:
    assert executed_stride(version, multiplier, asked) == executed
