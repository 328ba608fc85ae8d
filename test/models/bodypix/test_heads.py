# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The heads of a network."""

from __future__ import annotations

import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.bodypix.heads import HEAD_CHANNELS, HEAD_LAYERS, PEOPLE_HEADS, head_slices, wanted_heads


def test_masks_and_parts_need_two_heads_and_people_all() -> None:
    assert wanted_heads(2, people=False) == wanted_heads(1, people=False) == ('segments', 'part_heatmaps')
    assert wanted_heads(2, people=True) == PEOPLE_HEADS
    assert set(PEOPLE_HEADS) == set(HEAD_CHANNELS) == set(HEAD_LAYERS)


def test_people_are_refused_of_bodypix_1() -> None:
    with pytest.raises(ModelError, match='people require version 2, got 1: the checkpoints of BodyPix 1'):
        wanted_heads(1, people=True)


def test_slices_follow_each_other_in_the_order_asked_for() -> None:
    assert head_slices(('heatmaps', 'segments')) == {'heatmaps': slice(0, 17), 'segments': slice(17, 18)}
