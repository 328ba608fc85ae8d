# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the network is penalised for."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip('torch', reason='the training needs PyTorch')
losses = pytest.importorskip('training.losses', reason='the training is not beside the package')


def test_an_undecided_mask_costs_log_2_and_edges_count_more() -> None:
    logits, weights = torch.zeros(1, 40, 40), torch.ones(1, 40, 40)
    even = torch.ones(1, 40, 40)
    assert losses.person_loss(logits, even, weights) == pytest.approx(math.log(2))
    halves = even.clone()
    halves[:, :, 20:] = 0
    assert losses.person_loss(logits, halves, weights) > 1.1 * math.log(2)
    assert losses.person_loss(logits, halves, torch.zeros(1, 40, 40)) == 0, 'what is not judged costs nothing'


def test_overlap_of_a_right_mask_costs_nothing_and_of_a_wrong_one_everything() -> None:
    person = torch.zeros(1, 40, 40)
    person[:, 10:30, 10:30] = 1
    weights = torch.ones_like(person)
    assert losses.overlap_loss(40 * person - 20, person, weights) == pytest.approx(0, abs=1e-6)
    assert losses.overlap_loss(20 - 40 * person, person, weights) == pytest.approx(1 - 50 / 1650, abs=1e-4)


def test_parts_are_compared_on_people_alone() -> None:
    parts = torch.zeros(1, 24, 5, 5)
    parts[:, 3] = 20
    person = torch.zeros(1, 5, 5)
    person[:, 2, 2] = 1
    assert losses.part_loss(torch.zeros(1, 24, 5, 5), parts, person) == pytest.approx(math.log(24) / 2, rel=1e-4)
    wrong_beside = torch.zeros(1, 24, 5, 5)
    wrong_beside[:, 3] = 20
    wrong_beside[:, :, 0] = torch.randn(24, 5, generator=torch.Generator().manual_seed(0))
    assert losses.part_loss(wrong_beside, parts, person) == pytest.approx(0, abs=1e-5)


def test_a_missed_disc_costs_five_times_a_false_one_and_unjudged_cells_nothing() -> None:
    logits, discs, weights = torch.zeros(1, 17, 4, 4), torch.zeros(1, 17, 4, 4), torch.ones(1, 17, 4, 4)
    assert losses.heatmap_loss(logits, discs, weights) == pytest.approx(math.log(2))
    assert losses.heatmap_loss(logits, discs + 1, weights) == pytest.approx(5 * math.log(2))
    assert losses.heatmap_loss(logits, discs + 1, 0 * weights) == 0
