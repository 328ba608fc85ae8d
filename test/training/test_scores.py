# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The scores that networks are compared by."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

scores = pytest.importorskip('training.scores', reason='the training is not beside the package')


def _box(top: int, left: int, height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((200, 300), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


EVERYWHERE = np.ones((200, 300), np.bool_)


def test_overlap_is_intersection_over_union_of_what_counts() -> None:
    mask, truth = _box(0, 0, 100, 100), _box(0, 50, 100, 100)
    assert scores.overlap(mask, truth, EVERYWHERE) == pytest.approx(1 / 3)
    assert scores.overlap(mask, truth, _box(0, 0, 200, 100)) == pytest.approx(1 / 2)
    assert scores.overlap(_box(0, 0, 0, 0), _box(0, 0, 0, 0), EVERYWHERE) == 1


def test_a_boundary_within_the_tolerance_is_right_and_one_beyond_is_wrong() -> None:
    truth = _box(50, 50, 100, 200)
    assert scores.boundary_score(truth, truth, EVERYWHERE) == 1
    assert scores.boundary_score(_box(48, 48, 104, 204), truth, EVERYWHERE) == 1  # tolerance: 3 pixels
    assert scores.boundary_score(_box(80, 80, 40, 140), truth, EVERYWHERE) == 0
    assert 0.3 < scores.boundary_score(_box(50, 50, 100, 100), truth, EVERYWHERE) < 0.9
    assert scores.boundary_score(_box(0, 0, 0, 0), truth, EVERYWHERE) == 0


def test_the_border_of_the_picture_is_no_boundary() -> None:
    assert scores.boundary_score(EVERYWHERE, ~_box(0, 0, 0, 0), EVERYWHERE) == 1
    assert scores.boundary_score(_box(0, 0, 200, 150), EVERYWHERE, EVERYWHERE) == 0


def test_each_labelled_person_is_matched_with_one_found_person_only() -> None:
    points = np.column_stack([np.arange(17) * 10.0, np.full(17, 50.0)])
    labelled = {'keypoints': np.column_stack([points, np.full(17, 2)]).ravel().tolist(), 'bbox': [0, 0, 100, 100]}
    far = {**labelled, 'bbox': [0, 0, 100, 100], 'keypoints': [0, 0, 0] * 16 + [290, 190, 1]}
    assert scores.found_keypoints([points + 5], [labelled]) == (17, 17)
    assert scores.found_keypoints([points, points + 1], [labelled, far]) == (17, 18)
    assert scores.found_keypoints([points + np.array([0, 30])], [labelled]) == (0, 17)
    assert scores.found_keypoints([], [labelled]) == (0, 17)
