# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from rendered_room import BODY, CAMERA, FLOOR_Y, PARTS, Room, View, with_noise

from bodypix_ros.depth.positions import measure, measure_keypoints, measure_parts, person_pixels, person_points


@pytest.fixture(scope='module')
def scene() -> View:
    return Room().view((0.4, 3.0))


@pytest.fixture(scope='module')
def labels(scene: View) -> np.ndarray:
    return np.where(scene.parts >= 0, 3, 0).astype(np.uint8)


@pytest.fixture(scope='module')
def depth(scene: View) -> np.ndarray:
    return with_noise(scene.depth_m, 4)


def surface(scene: View, part: int) -> np.ndarray:
    """Return the middle of what the camera sees of a part, without noise."""
    y, x = np.nonzero(scene.parts == part)
    return np.median(CAMERA.points(x, y, scene.depth_m[y, x]), axis=0)


def test_a_person_at_three_metres_is_within_three_centimetres(
    scene: View, labels: np.ndarray, depth: np.ndarray
) -> None:
    y, x = np.nonzero(labels)
    truth = np.median(CAMERA.points(x, y, scene.depth_m[y, x]), axis=0)
    found = measure(person_pixels(3, labels, scene.parts, depth, 3), CAMERA)
    assert found is not None
    assert np.abs(np.array(found[:3]) - truth).max() < 0.03
    assert 0.0 < found.spread_m < 0.1
    assert 10_000 < found.samples < len(x)


def test_parts_at_three_metres_are_within_three_centimetres(scene: View, labels: np.ndarray, depth: np.ndarray) -> None:
    found = measure_parts(person_pixels(3, labels, scene.parts, depth, 3), CAMERA)
    assert set(found) == set(PARTS.values())
    for part, position in found.items():
        assert np.abs(np.array(position[:3]) - surface(scene, part)).max() < 0.03


def test_the_background_in_a_mask_that_is_too_large_does_not_count(
    scene: View, labels: np.ndarray, depth: np.ndarray
) -> None:
    larger = labels.copy()
    larger[:, 2:] = np.maximum(labels[:, 2:], labels[:, :-2])
    found = measure(person_pixels(3, larger, None, depth, 3), CAMERA)
    exact = measure(person_pixels(3, labels, None, depth, 3), CAMERA)
    assert found is not None
    assert exact is not None
    assert np.abs(np.subtract(found[:3], exact[:3])).max() < 0.02


def test_keypoints_have_a_position_where_the_person_has_a_depth(
    scene: View, labels: np.ndarray, depth: np.ndarray
) -> None:
    pixels = person_pixels(3, labels, None, depth, 3)
    names = ['left_upper_arm_front', 'torso_front']
    points = [np.add(BODY[name][0], (0.4, FLOOR_Y, 3.0)) for name in names]
    columns = [(point[0] / point[2] * CAMERA.fx + CAMERA.cx, point[1] / point[2] * CAMERA.fy + CAMERA.cy)
               for point in points]  # fmt: skip
    found = measure_keypoints([*columns, (20.0, 20.0), (-50.0, 900.0)], None, None, pixels, CAMERA)
    assert found[2:] == [None, None]
    for position, point, name in zip(found, points, names, strict=False):
        assert position is not None
        front = np.subtract(point, (0, 0, BODY[name][1][2]))
        assert np.abs(np.subtract(position, front)).max() < 0.03


def test_keypoints_of_another_camera_are_found_by_where_its_pixels_are(labels: np.ndarray, depth: np.ndarray) -> None:
    pixels = person_pixels(3, labels, None, depth, 3)
    rows, columns = np.mgrid[0:480, 0:640].astype(np.float32)
    x, y = float(np.median(pixels.x)), float(np.median(pixels.y))
    assert measure_keypoints([(x + 30, y)], columns + 30, rows, pixels, CAMERA) == measure_keypoints(
        [(x, y)], None, None, pixels, CAMERA
    )


def test_the_points_are_those_of_the_person_with_id_and_parts(
    scene: View, labels: np.ndarray, depth: np.ndarray
) -> None:
    pixels = person_pixels(3, labels, scene.parts, depth, 0)
    points = person_points(7, pixels, CAMERA)
    assert points.dtype.itemsize == 16
    assert set(points['id'].tolist()) == {7}
    assert set(points['part'].tolist()) == set(PARTS.values())
    assert np.abs(points['z'] - 3.0).max() < 1.0
    assert len(points) > 0.9 * (labels > 0).sum()


def test_a_person_without_any_depth_has_no_position(labels: np.ndarray) -> None:
    for nothing in (np.zeros((480, 640), np.float32), np.full((480, 640), np.nan, np.float32)):
        pixels = person_pixels(3, labels, None, nothing, 3)
        assert measure(pixels, CAMERA) is None
        assert measure_parts(pixels, CAMERA) == {}
        assert len(person_points(3, pixels, CAMERA)) == 0
    assert measure(person_pixels(9, labels, None, nothing, 3), CAMERA) is None
