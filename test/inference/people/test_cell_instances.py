# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Assignment of pixels to poses for our network: against a plain reference, and answers known by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import reference_instances
from crowd import crowd, pose_at
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros.inference.geometry import Geometry, own_geometry
from bodypix_ros.inference.people.instances import assign_pixels
from bodypix_ros.inference.people.poses import decode_poses
from bodypix_ros.people import Pose
from bodypix_ros.settings import SegmentSettings

_PEOPLE = Path(__file__).parents[2] / 'data' / 'people'


@pytest.fixture(scope='module')
def net() -> bodypix_ros.Segmenter:
    return bodypix_ros.load(provider='cpu')


def _side_by_side(*names: str, width: int) -> NDArray[np.uint8]:
    """Parts of pictures of this repository, `width` pixels around the middle of each, in one picture."""
    images = [cv2.imread(str(_PEOPLE / name)) for name in names]
    starts = [(image.shape[1] - width) // 2 for image in images]
    height = min(len(image) for image in images)
    return np.hstack([image[:height, start : start + width] for image, start in zip(images, starts, strict=True)])


def _assert_as_the_reference(
    net: bodypix_ros.Segmenter, image: NDArray[np.uint8], count: int, share: float = 0.995
) -> None:
    """Borders between people may differ by a pixel or two."""
    geometry, settings = net.pipeline.geometry(*image.shape[:2]), SegmentSettings()
    decoded = net.pipeline._engine_for(True).segment([(image, geometry)], 0.5, parts=False)[0]
    poses = [pose for pose in decode_poses(decoded.heads, geometry, settings, against_mask=True) if pose.score >= 0.4]
    assert len(poses) == count
    labels = assign_pixels(decoded.mask, poses, decoded.heads['long_offsets'], geometry, settings)
    sample = np.zeros_like(decoded.mask)
    sample[::3, ::3] = decoded.mask[::3, ::3]  # the reference is slow
    expected = reference_instances.assign_pixels(sample, poses, decoded.heads['long_offsets'], geometry)
    assert set(np.unique(expected[sample])) == set(range(1, count + 1))
    assert np.mean(labels[sample] == expected[sample]) >= share
    assert not labels[~decoded.mask].any()


def test_people_of_this_repository_are_separated_like_the_plain_reference(net) -> None:
    _assert_as_the_reference(net, _side_by_side('astronaut.png', 'astronaut.png', width=240), 2)


@pytest.mark.parametrize(
    ('name', 'count', 'share'),
    [
        ('train/tfpose_ski.jpg', 5, 0.99),
        ('demo/three_people_1049x861.jpg', 3, 0.995),
        ('demo/1p_2_handshake.jpg', 2, 0.995),
    ],
)
def test_crowds_are_separated_like_the_plain_reference(net, shared, name, count, share) -> None:
    _assert_as_the_reference(net, crowd(shared, name), count, share)


def _assign(geometry: Geometry, poses: list[Pose], mask: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Labels where every pixel estimates its own position."""
    mask = np.ones((geometry.height, geometry.width), bool) if mask is None else mask
    cells = (geometry.input_height - 1) // 16 + 1, (geometry.input_width - 1) // 16 + 1
    return assign_pixels(mask, poses, np.zeros((34, *cells), np.float32), geometry, SegmentSettings())


@pytest.mark.parametrize('size', [(60, 80), (96, 128), (480, 640), (1081, 1921)])
def test_borders_are_exact_to_the_pixel_at_every_size(size) -> None:
    height, width = size
    border = round(0.6 * width)
    right, left = border - 0.5 + 0.1 * width, border - 0.5 - 0.1 * width
    poses = [pose_at((right, height / 2, 0.9)), pose_at((left, height / 2, 0.9))]
    labels = _assign(own_geometry(*size, 'auto'), poses)
    assert labels.dtype == np.uint8
    assert np.all(labels[:, :border] == 2)
    assert np.all(labels[:, border:] == 1)


def test_a_single_pose_gets_the_mask_at_every_size() -> None:
    geometry = own_geometry(480, 3840, 'auto')
    mask = np.zeros((480, 3840), bool)
    mask[::7, ::5] = True
    unsure, sure = pose_at((300, 100, 0.2)), pose_at((100, 100, 0.9))
    assert np.array_equal(_assign(geometry, [unsure, sure], mask), 2 * mask)
    assert not _assign(geometry, [unsure], mask).any()


def test_single_pixels_of_the_mask_are_assigned() -> None:
    geometry = own_geometry(480, 640, 'auto')
    mask = np.zeros((480, 640), bool)
    mask[[0, 0, 479, 479, 250], [0, 639, 0, 639, 401]] = True
    labels = _assign(geometry, [pose_at((100, 240, 0.9)), pose_at((540, 240, 0.9))], mask)
    assert np.array_equal(labels[mask], [1, 2, 2, 1, 2])  # by rows
    assert not labels[~mask].any()
