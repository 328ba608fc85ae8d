# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights files are measured as the package runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('torch', reason='the training needs PyTorch')
evaluate = pytest.importorskip('training.evaluate', reason='the training is not beside the package')


@pytest.mark.parametrize(
    ('picture', 'expected'),
    [((480, 640), (321, 449)), ((720, 1280), (257, 449)), ((861, 1049), (353, 449)), ((100, 90), (449, 417))],
)
def test_the_input_is_449_pixels_long_and_a_multiple_of_32_plus_one(
    picture: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert evaluate.input_size(*picture, 449) == expected


def test_logits_are_interpolated_with_aligned_corners() -> None:
    resized = evaluate.resize_logits(np.array([[0.0, 4.0], [8.0, 12.0]], np.float32), 3, 5)
    assert resized.tolist() == [[0, 1, 2, 3, 4], [4, 5, 6, 7, 8], [8, 9, 10, 11, 12]]


def test_the_scores_of_the_first_weights_are_those_of_their_model_card(shared: Path) -> None:
    """Person IoU and boundary F of the five pictures of CIHP; all 127 pictures take a minute."""
    predictor = evaluate.Predictor(shared / 'own_network' / 'weights.npz')
    examples = [one for one in evaluate.read_examples(shared / 'images' / 'validation') if one.group == 'CIHP']
    scores = evaluate.measure(predictor, examples, [], [])
    assert scores.mask_row()[1] == '78.5 / 63.0'
