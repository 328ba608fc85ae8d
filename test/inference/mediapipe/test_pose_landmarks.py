# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decoding of the outputs of BlazePose's landmark network."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe.pose_landmarks import decode_landmarks, refine


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def heatmap(*cells: tuple[int, int, float]) -> np.ndarray:
    """Return a (1, 1, 64, 64) heatmap with probabilities in cells (column, row), 0 elsewhere."""
    values = np.full((1, 1, 64, 64), -100, np.float32)
    for column, row, probability in cells:
        values[0, 0, row, column] = logit(probability)
    return values


def refined(x: float, y: float, *cells: tuple[int, int, float]) -> list[float]:
    return refine(np.array([[[x, y]]], np.float32), heatmap(*cells))[0, 0].tolist()


def test_a_landmark_moves_to_the_centroid_of_its_heatmap() -> None:
    assert refined(100, 60, (25, 15, 0.6), (27, 16, 0.6)) == pytest.approx([26 * 4, 15.5 * 4])
    assert refined(100, 60, (25, 15, 0.75), (27, 15, 0.25)) == pytest.approx([25.5 * 4, 15 * 4])


def test_only_cells_within_four_of_the_landmark_count() -> None:
    assert refined(100, 60, (25, 15, 0.6), (29, 19, 0.6)) == pytest.approx([27 * 4, 17 * 4])
    assert refined(100, 60, (25, 15, 0.6), (30, 15, 0.9), (25, 20, 0.9)) == pytest.approx([100, 60])


def test_a_landmark_stays_where_the_heatmap_is_not_confident() -> None:
    assert refined(101, 61, (26, 15, 0.49), (27, 15, 0.49)) == [101, 61]
    assert refined(101, 61) == [101, 61]


@pytest.mark.parametrize(('x', 'y'), [(-5, 100), (256, 100), (100, -4), (100, 300), (np.nan, 100), (1e30, 100)])
def test_a_landmark_outside_the_crop_stays(x, y) -> None:
    assert refined(x, y, (25, 25, 0.9)) == pytest.approx([x, y], nan_ok=True)


def test_the_window_ends_at_the_edges_of_the_crop() -> None:
    assert refined(1, 255, (0, 63, 0.6), (2, 61, 0.6)) == pytest.approx([4, 248])
    assert refined(-3.9, 2, (0, 0, 0.9)) == pytest.approx([0, 0], abs=1e-3)  # -0.98 cells count as cell 0


def test_outputs_are_split_by_landmark_and_converted_to_probabilities() -> None:
    landmarks = np.arange(2 * 195, dtype=np.float32).reshape(2, 195) / 100
    outputs = {
        'landmarks': landmarks,
        'presence': np.array([[0.25], [0.75]], np.float32),
        'segmentation': np.full((2, 1, 256, 256), [[[[logit(0.2)]]], [[[logit(0.9)]]]], np.float32),
        'heatmaps': np.full((2, 39, 64, 64), -100, np.float32),
        'world': np.arange(2 * 117, dtype=np.float32).reshape(2, 117),
    }
    found = decode_landmarks(outputs)
    assert found.points[1, 3].tolist() == landmarks[1, 15:18].tolist()
    assert found.visibility[1, 3] == pytest.approx(1 / (1 + np.exp(-landmarks[1, 18])))
    assert found.presence[1, 3] == pytest.approx(1 / (1 + np.exp(-landmarks[1, 19])))
    assert found.world[1, 3].tolist() == [126, 127, 128]
    assert found.scores.tolist() == [0.25, 0.75]
    assert found.masks.shape == (2, 256, 256)
    assert found.masks[:, 7, 9] == pytest.approx([0.2, 0.9])
