# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Assignment of pixels to poses: against the JavaScript library, a plain reference, and answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest
import reference_instances
from crowd import CROWDS, crowd, golden_heads, heads_of, pose_at
from golden import CASES, THRESHOLDS, Golden

from bodypix_ros.inference.geometry import Geometry, bodypix2_geometry, own_geometry
from bodypix_ros.inference.numpy_kernels import decode_mask
from bodypix_ros.inference.people.instances import assign_pixels
from bodypix_ros.inference.people.poses import decode_poses
from bodypix_ros.people import Pose
from bodypix_ros.settings import SegmentSettings


def _strong(poses: tuple[Pose, ...]) -> list[Pose]:
    return [pose for pose in poses if pose.score >= 0.4]


@pytest.mark.parametrize('name', CASES)
def test_cpu_instances_equal_the_javascript_library(shared, server, model_dir, name) -> None:
    case = Golden.load(shared, name)
    geometry, heads = golden_heads(case, server, model_dir)
    settings = SegmentSettings(instances='cpu')
    poses = _strong(decode_poses(heads, geometry, settings))
    for threshold in THRESHOLDS:
        mask = case.outputs[f'person_t{threshold}'].astype(bool)
        labels = assign_pixels(mask, poses, heads['long_offsets'], geometry, settings)
        expected = case.outputs[f'multi_id_t{threshold}'] + 1
        assert np.mean(labels[mask] != expected[mask]) <= 1e-4
        assert not labels[~mask].any()


@pytest.mark.parametrize(('name', 'count'), CROWDS.items())
def test_webgl_instances_equal_the_plain_reference(shared, server, model_dir, name, count) -> None:
    image = crowd(shared, name)
    geometry = bodypix2_geometry(*image.shape[:2], 'medium', 16)
    heads = heads_of(image, geometry, server, model_dir)
    mask = decode_mask(heads['segments'][0], geometry, 0.5)
    poses = _strong(decode_poses(heads, geometry, SegmentSettings()))
    assert len(poses) == count
    labels = assign_pixels(mask, poses, heads['long_offsets'], geometry, SegmentSettings())
    expected = reference_instances.assign_pixels(mask, poses, heads['long_offsets'], geometry)
    assert set(np.unique(expected[mask])) == set(range(1, count + 1))
    assert np.mean(labels[mask] != expected[mask]) <= 1e-4
    assert not labels[~mask].any()


@pytest.mark.parametrize(
    'changes', [{'refine_steps': 1}, {'refine_steps': 20}, {'min_keypoint_score': 0.0}, {'min_keypoint_score': 0.9}]
)
def test_webgl_instances_follow_their_settings(shared, server, model_dir, changes) -> None:
    image = crowd(shared, 'demo/three_people_1049x861.jpg')[::2, ::2]
    geometry = bodypix2_geometry(*image.shape[:2], 'full', 16)
    heads = heads_of(image, geometry, server, model_dir)
    mask = decode_mask(heads['segments'][0], geometry, 0.5)
    poses = _strong(decode_poses(heads, geometry, SegmentSettings()))
    labels = assign_pixels(mask, poses, heads['long_offsets'], geometry, SegmentSettings(**changes))
    expected = reference_instances.assign_pixels(mask, poses, heads['long_offsets'], geometry, **changes)
    assert np.mean(labels[mask] != expected[mask]) <= 1e-4
    assert np.any(labels != assign_pixels(mask, poses, heads['long_offsets'], geometry, SegmentSettings()))


def _still(geometry: Geometry) -> np.ndarray:
    """Long offsets of zero: every pixel estimates its own position."""
    return np.zeros((34, geometry.output_height, geometry.output_width), np.float32)


def _assign(geometry: Geometry, poses: list[Pose], **changes: object) -> np.ndarray:
    mask = np.ones((geometry.height, geometry.width), bool)
    return assign_pixels(mask, poses, _still(geometry), geometry, SegmentSettings(**changes))


@pytest.mark.parametrize('instances', ['webgl', 'cpu'])
def test_a_pixel_goes_to_the_nearer_pose_and_on_a_tie_to_the_first(instances) -> None:
    geometry = bodypix2_geometry(40, 200, 'full', 8)
    labels = _assign(geometry, [pose_at((150, 20, 0.9)), pose_at((50, 20, 0.9))], instances=instances)
    assert labels.dtype == np.uint8
    assert np.all(labels[:, :100] == 2)
    assert np.all(labels[:, 100:] == 1)


@pytest.mark.parametrize('instances', ['webgl', 'cpu'])
def test_distances_are_means_over_the_keypoints_that_are_sure(instances) -> None:
    geometry = bodypix2_geometry(40, 200, 'full', 8)
    near_and_far = pose_at((60, 20, 0.9), (180, 20, 0.9), (0, 0, 0.2))
    labels = _assign(geometry, [near_and_far, pose_at((100, 20, 0.9))], instances=instances)
    # ((x - 60)² + (x - 180)²) / 2 < (x - 100)² where x > 200: nowhere
    assert np.all(labels == 2)
    labels = _assign(geometry, [near_and_far, pose_at((20, 20, 0.9))], instances=instances)
    # ((x - 60)² + (x - 180)²) / 2 < (x - 20)² where x > 88, and a tie goes to the first
    assert np.all(labels[:, :88] == 2)
    assert np.all(labels[:, 88:] == 1)


def test_webgl_leaves_pixels_a_thousand_pixels_from_the_only_pose_to_nobody() -> None:
    geometry = bodypix2_geometry(32, 1500, 'full', 16)
    labels = _assign(geometry, [pose_at((100, 10, 0.9))])
    away = np.hypot(*np.meshgrid(np.arange(1500) - 100, np.arange(32) - 10))
    assert np.array_equal(labels == 1, away < 1000)
    assert np.all(_assign(geometry, [pose_at((100, 10, 0.9))], instances='cpu') == 1)


def test_a_pose_without_a_sure_keypoint_gets_no_pixel() -> None:
    geometry = bodypix2_geometry(40, 200, 'full', 8)
    unsure = pose_at((50, 20, 0.3))
    assert np.all(_assign(geometry, [unsure, pose_at((150, 20, 0.9))]) == 2)
    assert not _assign(geometry, [unsure]).any()
    assert np.all(_assign(geometry, [unsure], min_keypoint_score=0.29) == 1)


def test_cpu_asks_the_head_alone_and_has_its_own_keypoint_score() -> None:
    geometry = bodypix2_geometry(40, 200, 'full', 8)
    shoulder = pose_at(*[(0, 0, 0.0)] * 5, (50, 20, 0.9))
    assert not _assign(geometry, [shoulder], instances='cpu').any()
    assert np.all(_assign(geometry, [shoulder]) == 1)
    unsure = pose_at((50, 20, 0.31))
    assert np.all(_assign(geometry, [unsure], instances='cpu', min_keypoint_score=0.9) == 1)
    assert not _assign(geometry, [unsure], min_keypoint_score=0.9).any()


@pytest.mark.parametrize('instances', ['webgl', 'cpu'])
def test_nobody_is_where_no_pose_or_no_mask_is(instances) -> None:
    geometry = bodypix2_geometry(40, 200, 'full', 8)
    assert not _assign(geometry, [], instances=instances).any()
    empty = np.zeros((40, 200), bool)
    settings = SegmentSettings(instances=instances)
    assert not assign_pixels(empty, [pose_at((50, 20, 0.9))], _still(geometry), geometry, settings).any()


@pytest.mark.parametrize('instances', ['webgl', 'cpu'])
def test_offsets_are_followed_step_by_step(instances) -> None:
    geometry = bodypix2_geometry(33, 801, 'full', 8)
    offsets = _still(geometry)
    offsets[17] = 10  # the nose is always ten pixels farther to the right
    mask = np.ones((33, 801), bool)
    poses = [pose_at((0, 16, 0.9)), pose_at((400, 16, 0.9))]  # the border is at 200
    for steps in (1, 10):
        settings = SegmentSettings(instances=instances, refine_steps=steps)
        labels = assign_pixels(mask, poses, offsets, geometry, settings)
        border = 200 - 10 * (steps + 1)
        assert np.all(labels[:, : border + 1] == 1)
        assert np.all(labels[:, border + 1 :] == 2)


@pytest.mark.parametrize('size', [(96, 128), (480, 640), (1080, 1440)])
@pytest.mark.parametrize('instances', ['webgl', 'cpu'])
def test_our_offsets_reach_their_keypoints_at_every_scale(size, instances) -> None:
    geometry = own_geometry(*size, 'auto')
    height, width = size
    left, right = pose_at((width * 0.1, height / 2, 0.9)), pose_at((width * 0.9, height / 2, 0.9))
    rows, columns = np.mgrid[0 : geometry.input_height : 16, 0 : geometry.input_width : 16].astype(np.float32)
    offsets = np.zeros((34, *rows.shape), np.float32)
    offsets[0] = geometry.input_height / 2 - rows
    offsets[17] = np.where(columns < 290, 0.1, 0.9) * geometry.input_width - columns  # nearer to the left until 224
    mask = np.ones(size, bool)
    settings = SegmentSettings(instances=instances, refine_steps=1)
    labels = assign_pixels(mask, [left, right], offsets, geometry, settings)
    border = round(288 / geometry.input_width * width)
    slack = round(20 / geometry.input_width * width) + 1
    assert np.all(labels[:, : border - slack] == 1)
    assert np.all(labels[:, border + slack :] == 2)
