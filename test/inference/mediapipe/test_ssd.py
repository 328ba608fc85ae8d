# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Anchors, decoding and suppression of single-shot detectors."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe.ssd import Detections, anchor_centers, decode, suppress

POSE = (224, (8, 16, 32, 32, 32))
PALM = (192, (8, 16, 16, 16))


@pytest.mark.parametrize(('side', 'strides', 'count'), [(*POSE, 2254), (*PALM, 2016)])
def test_there_is_an_anchor_for_each_output_of_the_network(side, strides, count) -> None:
    assert anchor_centers(side, strides).shape == (count, 2)


def test_anchors_are_ordered_by_layer_row_and_column() -> None:
    anchors = anchor_centers(*POSE)
    assert np.array_equal(anchors[0], anchors[1])  # two for each cell
    assert anchors[0] == pytest.approx([0.5 / 28, 0.5 / 28])
    assert anchors[2] == pytest.approx([1.5 / 28, 0.5 / 28])
    assert anchors[56] == pytest.approx([0.5 / 28, 1.5 / 28])
    assert anchors[1568] == pytest.approx([0.5 / 14, 0.5 / 14])
    assert np.array_equal(anchors[1960:1966], np.full((6, 2), 0.5 / 7, np.float32))  # six: three layers of one stride
    assert anchors[-1] == pytest.approx([6.5 / 7, 6.5 / 7])


def decode_one(box, logit, min_score=0.5) -> Detections:
    boxes = np.array([box, [0] * len(box)], np.float32)
    return decode(boxes, np.array([[logit], [-9]], np.float32), np.full((2, 2), 0.5, np.float32), 100, min_score)


def test_a_box_and_its_points_are_relative_to_the_anchor() -> None:
    found = decode_one([10, -20, 30, 40, 1, 2, -3, 4], 2.0)
    assert found.scores == pytest.approx([1 / (1 + np.exp(-2))])
    assert found.boxes[0] == pytest.approx([0.45, 0.1, 0.75, 0.5])
    assert found.points[0] == pytest.approx(np.array([[0.51, 0.52], [0.47, 0.54]]))


def test_an_extreme_score_is_1_without_a_warning() -> None:
    with np.errstate(all='raise'):
        assert decode_one([0, 0, 1, 1], 1e4).scores.tolist() == [1]


@pytest.mark.parametrize(('box', 'logit'), [([0, 0, -1, 1], 5), ([0, 0, 1, np.nan], 5), ([0, 0, 1, 1], np.nan)])
def test_broken_boxes_and_scores_are_omitted(box, logit) -> None:
    found = decode_one([*box, 0, 0], logit)
    assert (len(found), found.boxes.shape, found.points.shape) == (0, (0, 4), (0, 1, 2))
    assert len(suppress(found)) == 0


def test_detections_are_ordered_by_score_and_weak_ones_omitted() -> None:
    boxes = np.zeros((3, 6), np.float32)
    boxes[:, 4] = [1, 2, 3]
    found = decode(boxes, np.array([[0.5], [-0.5], [1]], np.float32), np.zeros((3, 2), np.float32), 10)
    assert found.points[:, 0, 0] == pytest.approx([0.3, 0.1])


def test_outputs_that_do_not_fit_the_anchors_are_refused() -> None:
    with pytest.raises(ValueError, match='expected boxes and scores for 2 anchors, got 3 and 1'):
        decode(np.zeros((3, 4), np.float32), np.zeros((1, 1), np.float32), np.zeros((2, 2), np.float32), 10)


def test_overlapping_detections_are_merged_by_their_scores() -> None:
    boxes = np.array([[0, 0, 1, 1], [5, 5, 6, 6], [0.2, 0, 1.2, 1]], np.float32)
    points = np.array([[[1, 2]], [[7, 7]], [[2, 4]]], np.float32)
    found = suppress(Detections(np.array([0.9, 0.8, 0.6], np.float32), boxes, points))
    assert found.scores == pytest.approx([0.9, 0.8])
    assert found.boxes == pytest.approx(np.array([[0.08, 0, 1.08, 1], [5, 5, 6, 6]]))
    assert found.points == pytest.approx(np.array([[[1.4, 2.8]], [[7, 7]]]))


def test_detections_that_overlap_little_remain_two() -> None:
    boxes = np.array([[0, 0, 1, 1], [0.6, 0, 1.6, 1]], np.float32)  # 0.4 of 1.6
    points = np.zeros((2, 1, 2), np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert len(suppress(Detections(scores, boxes, points))) == 2
    assert len(suppress(Detections(scores, boxes, points), 0.2)) == 1


def test_detections_without_an_area_are_kept_apart() -> None:
    nothing = Detections(np.ones(2, np.float32), np.zeros((2, 4), np.float32), np.zeros((2, 1, 2), np.float32))
    assert len(suppress(nothing)) == 2
