# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From heatmaps to poses: against the JavaScript library, and on heads with answers known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from crowd import Heads, empty_heads, golden_heads
from golden import CASES, CASES_WITH_LOGITS, Golden

from bodypix_ros.inference.geometry import Geometry, bodypix2_geometry, own_geometry
from bodypix_ros.inference.people.poses import decode_poses
from bodypix_ros.parts import KEYPOINTS
from bodypix_ros.people import Pose
from bodypix_ros.settings import SegmentSettings

NOSE, LEFT_EYE, LEFT_ANKLE = 0, 1, 15
STRIDE = 16


def _assert_same_poses(
    poses: tuple[Pose, ...], expected: list[dict[str, Any]], score: float = 1e-5, place_px: float = 0.01
) -> None:
    assert len(poses) == len(expected)
    for pose, wanted in zip(poses, expected, strict=True):
        assert pose.score == pytest.approx(wanted['score'], abs=score)
        for point, place in zip(pose.keypoints, wanted['keypoints'], strict=True):
            assert point.score == pytest.approx(place['score'], abs=score)
            assert point.x == pytest.approx(place['position']['x'], abs=place_px)
            assert point.y == pytest.approx(place['position']['y'], abs=place_px)


@pytest.mark.parametrize('name', CASES)
def test_poses_equal_the_javascript_library(shared, server, model_dir, name) -> None:
    case = Golden.load(shared, name)
    geometry, heads = golden_heads(case, server, model_dir)
    _assert_same_poses(decode_poses(heads, geometry, SegmentSettings()), case.poses['allPoses'])


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
def test_poses_equal_the_javascript_library_exactly_on_its_own_output(shared, name) -> None:
    case = Golden.load(shared, name)
    logits = case.arrays('logits')
    names = {
        'heatmaps': 'heatmap',
        'short_offsets': 'offsets',
        'displacement_fwd': 'displacementFwd',
        'displacement_bwd': 'displacementBwd',
    }
    heads = {ours: logits[theirs].transpose(2, 0, 1) for ours, theirs in names.items()}
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    poses = decode_poses(heads, geometry, SegmentSettings())
    _assert_same_poses(poses, case.poses['allPoses'], score=1e-7, place_px=1e-9)


def _one_to_one(rows: int = 9, columns: int = 9) -> Geometry:
    """A picture that the network sees as it is, without borders."""
    geometry = bodypix2_geometry((rows - 1) * STRIDE + 1, (columns - 1) * STRIDE + 1, 'full', STRIDE)
    assert (geometry.output_height, geometry.output_width) == (rows, columns)
    return geometry


def _logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def _decode(heads: Heads, geometry: Geometry, **changes: float) -> tuple[Pose, ...]:
    return decode_poses(heads, geometry, SegmentSettings(**changes))


def _noses(poses: tuple[Pose, ...]) -> list[tuple[float, float]]:
    return [(pose.keypoints[NOSE].x, pose.keypoints[NOSE].y) for pose in poses]


def test_an_empty_heatmap_has_no_poses() -> None:
    geometry = _one_to_one()
    assert _decode(empty_heads(geometry), geometry) == ()


def test_a_pose_is_walked_from_its_root_along_the_skeleton() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    heads['heatmaps'][LEFT_EYE, 2, 3] = 2  # the root: 0.88
    heads['heatmaps'][NOSE, 5, 1] = 1
    heads['heatmaps'][2, 7, 1] = 0  # right eye
    heads['short_offsets'][LEFT_EYE, 2, 3] = 4  # y
    heads['short_offsets'][17 + LEFT_EYE, 2, 3] = -3  # x: the left eye is at (45, 36)
    heads['displacement_bwd'][0, 2, 3] = 42  # edge 0 from the eye back to the nose: about (15, 78), cell 5, 1
    heads['displacement_bwd'][16, 2, 3] = -30
    heads['short_offsets'][NOSE, 5, 1] = 1  # which says (14, 81)
    heads['short_offsets'][17 + NOSE, 5, 1] = -2
    heads['displacement_fwd'][2, 5, 1] = 30  # edge 2 from the nose on to the right eye: cell 7, 1
    (pose,) = _decode(heads, geometry)
    places = {point.name: (point.x, point.y) for point in pose.keypoints}
    scores = {point.name: point.score for point in pose.keypoints}
    assert places['left_eye'] == (45, 36)
    assert places['nose'] == (14, 81)
    assert places['right_eye'] == (16, 112)
    assert places['right_ear'] == (16, 112)
    assert places['left_ankle'] == (16, 80)
    assert scores['right_eye'] == pytest.approx(0.5)
    assert scores['left_ankle'] == pytest.approx(0, abs=1e-6)
    assert pose.score == pytest.approx((0.880797 + 0.731059 + 0.5) / 17, abs=1e-5)


def test_surer_people_come_first() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    scores = [0.6, 0.9, 0.5, 0.7, 0.8]
    for column, score in enumerate(scores):
        heads['heatmaps'][NOSE, 0, 2 * column] = _logit(score)
    found = _decode(heads, geometry)
    assert [x / (2 * STRIDE) for x, _ in _noses(found)] == [1, 4, 3, 0, 2]


def test_equals_come_in_the_order_of_the_javascript_heap() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    for column in range(5):
        heads['heatmaps'][NOSE, 0, 2 * column] = 1
    # 0 1 2 3 4 -> take 0, the last goes to the top and stays: 4 1 2 3 -> 3 1 2 -> 2 1 -> 1
    assert [x / (2 * STRIDE) for x, _ in _noses(_decode(heads, geometry))] == [0, 4, 3, 2, 1]
    # Candidates are numbered row by row, and at one place by keypoint.
    heads = empty_heads(geometry)
    for keypoint, row, column in ((LEFT_ANKLE, 2, 1), (NOSE, 4, 0), (LEFT_EYE, 2, 5), (NOSE, 2, 1)):
        heads['heatmaps'][keypoint, row, column] = 1
    heads['displacement_fwd'][:] = 1000  # off the map, so that nobody takes another's place
    heads['displacement_bwd'][:] = 1000
    roots = [max(range(17), key=lambda index: pose.keypoints[index].score) for pose in _decode(heads, geometry)]
    assert roots == [NOSE, NOSE, LEFT_EYE, LEFT_ANKLE]


def test_the_same_keypoint_is_not_found_twice_within_the_radius() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, 4, 2] = 3
    heads['heatmaps'][NOSE, 4, 4] = 2  # 32 pixels away
    assert _noses(_decode(heads, geometry, nms_radius=31.9)) == [(32, 64), (64, 64)]
    assert _noses(_decode(heads, geometry, nms_radius=32)) == [(32, 64)]  # the radius itself is too near
    heads['short_offsets'][17 + NOSE, 4, 4] = -12.5
    assert len(_decode(heads, geometry)) == 1
    heads['short_offsets'][17 + NOSE, 4, 4] = -11.5
    assert _noses(_decode(heads, geometry)) == [(32, 64), (52.5, 64)]


def test_only_the_best_of_neighbouring_cells_starts_a_pose() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, 3:6, 3:6] = 1
    heads['heatmaps'][NOSE, 4, 4] = 2
    assert _noses(_decode(heads, geometry, nms_radius=1)) == [(64, 64)]
    heads['heatmaps'][NOSE, 4, 4] = 1  # on a plateau every cell is a best one
    assert len(_decode(heads, geometry, nms_radius=1)) == 9
    heads['heatmaps'][NOSE, 3, 0] = heads['heatmaps'][NOSE, 0, 8] = 1.5  # at borders and in corners too
    assert {(0.0, 48.0), (128.0, 0.0)} <= set(_noses(_decode(heads, geometry, nms_radius=1, max_people=20)))


def test_a_root_must_reach_the_score_threshold() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, 4, 4] = 0
    assert len(_decode(heads, geometry, score_threshold=0.5)) == 1
    assert len(_decode(heads, geometry, score_threshold=0.5000001)) == 0


def test_keypoints_of_an_earlier_pose_do_not_count_for_a_later_one() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, 4, 1] = _logit(0.9)
    heads['heatmaps'][NOSE, 4, 7] = _logit(0.8)
    heads['heatmaps'][LEFT_EYE, 4, 4] = _logit(0.7)
    heads['displacement_fwd'][16, 4, 1] = 48  # both noses lead to the same eye
    heads['displacement_fwd'][16, 4, 7] = -48
    first, second = _decode(heads, geometry)
    assert first.keypoints[LEFT_EYE] == second.keypoints[LEFT_EYE]
    assert first.score == pytest.approx((0.9 + 0.7) / 17)
    assert second.score == pytest.approx(0.8 / 17)


def test_there_are_at_most_max_people() -> None:
    geometry = _one_to_one()
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, ::2, ::2] = 1
    assert len(_decode(heads, geometry)) == 10
    assert len(_decode(heads, geometry, max_people=3)) == 3
    assert len(_decode(heads, geometry, max_people=100)) == 25


def test_positions_are_pixels_of_the_picture_without_its_borders() -> None:
    geometry = bodypix2_geometry(200, 100, 0.5, STRIDE)
    assert geometry.padding.left > 0
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, 3, 2] = 1
    (pose,) = _decode(heads, geometry)
    nose = pose.keypoints[NOSE]
    assert nose.name == KEYPOINTS[NOSE]
    padded = 100 + geometry.padding.left + geometry.padding.right
    assert nose.x == pytest.approx(2 * STRIDE * padded / geometry.input_width - geometry.padding.left)
    assert nose.y == pytest.approx(3 * STRIDE * 200 / geometry.input_height)


def _against_mask(heads: Heads, geometry: Geometry) -> tuple[Pose, ...]:
    return decode_poses(heads, geometry, SegmentSettings(nms_radius=1), against_mask=True)


def _person_on_one_spot(geometry: Geometry, keypoints: range, score: float) -> Heads:
    """Heads of somebody whose keypoints all lie at cell 4, 4 of the pose heads, and whom the mask shows nowhere."""
    heads = empty_heads(geometry)
    for keypoint in keypoints:
        heads['heatmaps'][keypoint, 4, 4] = _logit(score)
    return heads


def test_a_pose_beside_all_people_has_no_score_against_the_mask() -> None:
    geometry = own_geometry(129, 129, 129)
    heads = _person_on_one_spot(geometry, range(17), 0.8)
    assert _decode(heads, geometry)[0].score == pytest.approx(0.8)
    assert _against_mask(heads, geometry)[0].score == pytest.approx(0, abs=1e-6)
    heads['segments'][0, 16, 16] = 0  # one half, at the same place: stride 4 instead of 16
    assert _against_mask(heads, geometry)[0].score == pytest.approx(0.8**3 * 0.4)


def test_a_half_hidden_person_keeps_its_score_against_the_mask() -> None:
    geometry = own_geometry(129, 129, 129)
    heads = _person_on_one_spot(geometry, range(7), 0.8)  # head and shoulders
    heads['segments'][:] = 20
    assert _decode(heads, geometry)[0].score == pytest.approx(0.8 * 7 / 17)
    assert _against_mask(heads, geometry)[0].score == pytest.approx(0.8**3 * 0.8)


def test_our_poses_are_pixels_of_a_picture_that_was_resized_without_borders() -> None:
    geometry = own_geometry(480, 640, 'auto')
    heads = empty_heads(geometry)
    heads['heatmaps'][NOSE, 10, 7] = 1
    (pose,) = _decode(heads, geometry)
    assert pose.keypoints[NOSE].y == pytest.approx(160 * 480 / 321)
    assert pose.keypoints[NOSE].x == pytest.approx(112 * 640 / 449)
