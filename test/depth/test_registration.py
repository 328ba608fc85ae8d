# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from rendered_room import CAMERA, PARTS, Room, with_noise

from bodypix_ros.depth.people_mask import find_people
from bodypix_ros.depth.registration import (
    Pinhole,
    Pose,
    Projection,
    Registration,
    outside,
    project_points,
    resize_labels,
    transfer,
)
from bodypix_ros.errors import ImageError

COLOR = Pinhole(848, 480, 500.0, 500.0, 423.5, 239.5)
BASELINE_M = 0.015  # of a RealSense D435
POSE = Pose.from_quaternion([-BASELINE_M, 0, 0, 0, 0, 0, 1])  # of the depth camera, seen from the colour camera


def test_labels_of_another_camera_fit_the_person_in_the_depth_image() -> None:
    seen, depth = Room(COLOR, (BASELINE_M, 0.0, 0.0)).view((0.2, 2.0)), Room().view((0.2, 2.0))
    positions = Projection(CAMERA, COLOR, POSE).pixels(depth.depth_m)
    parts = transfer(seen.parts, positions, (480, 640), nothing=255)
    assert parts.dtype == np.int8
    assert (parts[depth.parts >= 0] >= 0).mean() > 0.99
    for part in PARTS.values():
        assert (parts[depth.parts == part] == part).mean() > 0.9


def test_a_person_disappears_with_the_mask_of_another_camera() -> None:
    seen, depth = Room(COLOR, (BASELINE_M, 0.0, 0.0)).view((0.2, 2.0)), Room().view((0.2, 2.0))
    noisy = with_noise(depth.depth_m, 1)
    mask = transfer(seen.mask, Projection(CAMERA, COLOR, POSE).pixels(noisy), (480, 640))
    assert not mask[noisy == 0].any()
    found = find_people(mask, noisy, 8)
    assert (found[(depth.parts >= 0) & (noisy > 0)] > 0).mean() >= 0.999
    assert (found[depth.parts < 0] > 0).mean() < 0.04


def test_points_are_projected_like_the_depth_image_they_come_from() -> None:
    depth = Room().view((0.2, 2.0)).depth_m.copy()
    depth[100:110, 100:110] = np.nan
    y, x = np.mgrid[0:480, 0:640]
    points = np.moveaxis(CAMERA.points(x, y, depth), -1, 0)
    turned = Pose.from_quaternion([0.1, 0.02, -0.03, 0, 0.05, 0, 1])
    found = project_points(tuple(points), COLOR, turned)
    expected = Projection(CAMERA, COLOR, turned).pixels(depth)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert found[0][105, 105] == found[1][105, 105] == -1


def test_what_the_camera_does_not_see_is_outside_and_has_no_label() -> None:
    positions = np.array([[0.0, 700.0, -1.0]], np.float32), np.array([[0.0, 5.0, -1.0]], np.float32)
    labels = np.full((10, 10), 7, np.uint8)
    assert transfer(labels, positions, (1, 3)).tolist() == [[7, 0, 0]]
    assert transfer(labels, positions, (1, 3), nothing=255).tolist() == [[7, 255, 255]]
    seen = outside(positions, (10, 10))
    assert seen is not None
    assert seen.tolist() == [[False, True, False]]
    assert outside(None, (10, 10)) is None


def test_a_pose_needs_both_cameras() -> None:
    depth = np.ones((480, 640), np.float32)
    assert Registration().positions(depth, None, None, (480, 848)) is None
    registration = Registration(POSE)
    with pytest.raises(ImageError, match='needs the camera_info of the colour image, which has not arrived'):
        registration.positions(depth, CAMERA, None, (480, 848))
    with pytest.raises(ImageError, match='needs the camera_info of the depth image'):
        registration.positions(depth, None, COLOR, (480, 848))
    half = registration.positions(depth, CAMERA, COLOR, (240, 424))
    full = registration.positions(depth, CAMERA, COLOR, (480, 848))
    assert half is not None
    assert full is not None
    np.testing.assert_allclose(half[0], (full[0] + 0.5) / 2 - 0.5, atol=1e-3)


def test_registered_labels_are_resized_without_new_values() -> None:
    labels = np.zeros((480, 640), np.uint8)
    labels[120:240, 160:320] = 9
    small = resize_labels(labels, (240, 320))
    assert set(np.unique(small)) == {0, 9}
    assert (small[60:120, 80:160] == 9).all()
    assert resize_labels(labels, (480, 640)) is labels


def test_another_aspect_ratio_is_refused_with_both_sizes() -> None:
    with pytest.raises(ImageError, match='848x480 pixels, the mask 640x480: with different aspect ratios'):
        resize_labels(np.zeros((480, 640), np.uint8), (480, 848))


def test_a_camera_info_is_read_from_its_projection_or_its_intrinsics() -> None:
    k, p = [500, 0, 320, 0, 501, 240, 0, 0, 1], [510, 0, 321, 0, 0, 511, 241, 0, 0, 0, 1, 0]
    assert Pinhole.from_info(640, 480, p, k) == Pinhole(640, 480, 510, 511, 321, 241)
    assert Pinhole.from_info(640, 480, [0] * 12, k) == Pinhole(640, 480, 500, 501, 320, 240)
    with pytest.raises(ImageError, match='camera_info of size 640x480 has no focal length in P or K'):
        Pinhole.from_info(640, 480, [0] * 12, [0] * 9)


def test_a_smaller_image_of_the_same_camera_has_its_centre_at_the_same_place() -> None:
    half = CAMERA.resized(320, 240)
    assert (half.fx, half.cx, half.cy) == (262.5, 159.5, 119.5)


def test_a_quaternion_turns_as_in_tf() -> None:
    turned = Pose.from_quaternion([1, 2, 3, 0, 0, 2**-0.5, 2**-0.5])
    np.testing.assert_allclose(turned.rotation @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    assert turned.translation.tolist() == [1, 2, 3]
