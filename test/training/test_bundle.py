# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photographs on their way from the public collections into bundles."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

bundle = pytest.importorskip('training.bundle', reason='the training is not beside the package')
pytest.importorskip('scipy', reason='the readers of the collections need SciPy')
skimage_data = pytest.importorskip('skimage.data')
datasets = pytest.importorskip('training.datasets')


def _astronaut() -> NDArray[np.uint8]:
    return np.ascontiguousarray(skimage_data.astronaut()[..., ::-1])


def test_a_photograph_is_fitted_to_the_canvas_with_its_people_and_mask() -> None:
    image = cv2.resize(_astronaut(), (800, 512))
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[128:384, 200:600] = 255
    person = bundle.Person((200, 128, 600, 384), 30.0, ((400.0, 256.0, 2.0),) * 17)
    record = datasets.pack(datasets.Photograph('x', 'mask', image, (person,), mask), 80)
    assert record.picture().shape == (257, 401, 3)
    assert record.people[0].box == pytest.approx((100.2, 64.2, 300.8, 192.8), abs=0.1)
    assert record.people[0].keypoints[16] == pytest.approx((200.5, 128.5, 2.0), abs=0.1)
    fitted = record.mask()
    assert fitted.shape == (257, 401)
    assert fitted[128, 200] == 255
    assert fitted[10, 10] == 0
    assert abs(int(fitted.sum()) / 255 - 0.25 * 257 * 401) < 600


def test_a_bundle_gives_back_what_was_written(tmp_path: Path) -> None:
    image = _astronaut()
    records = [
        datasets.pack(datasets.Photograph('first', 'boxes', image, (bundle.Person((1, 2, 300, 400)),)), 80),
        datasets.pack(datasets.Photograph('second', 'scene', image[:, ::-1]), 80),
    ]
    records[0] = records[0].with_mediapipe(np.full((401, 401), 128, np.uint8))
    bundle.write_bundle(tmp_path / 'bundle_0.npz', records)
    read = bundle.read_bundle(tmp_path / 'bundle_0.npz')
    assert read == records
    assert abs(int(read[0].mediapipe_mask()[200, 200]) - 128) <= 2
    assert read[1].mask() is None


def test_a_held_out_photograph_is_recognised_in_another_size_and_mirrored(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'held_out.png'), _astronaut())
    held_out = datasets.HeldOut([tmp_path])
    smaller = cv2.resize(_astronaut(), (300, 280), interpolation=cv2.INTER_AREA)
    assert held_out.resembles(datasets.Photograph('a', 'scene', smaller))
    assert held_out.resembles(datasets.Photograph('b', 'scene', np.ascontiguousarray(smaller[:, ::-1])))
    other = np.ascontiguousarray(skimage_data.coffee()[..., ::-1])
    assert not held_out.resembles(datasets.Photograph('c', 'scene', other))


def test_a_photograph_with_the_number_of_a_held_out_one_is_recognised(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'coco_000000005802.jpg'), _astronaut())
    other = np.ascontiguousarray(skimage_data.coffee()[..., ::-1])
    assert datasets.HeldOut([tmp_path]).resembles(datasets.Photograph('hd2_000000005802', 'boxes', other))


@pytest.mark.parametrize(
    ('shoulders', 'turn'), [((50, 20), 0.0), ((80, 50), -90.0), ((20, 50), 90.0), ((50, 80), 180.0)]
)
def test_a_turn_puts_the_shoulders_above_the_hips(shoulders: tuple[int, int], turn: float) -> None:
    joints = np.zeros((14, 3))
    joints[[2, 3]] = 50, 50, 1  # hips
    joints[[8, 9]] = *shoulders, 1
    assert abs(datasets._upright_turn(joints)) == pytest.approx(abs(turn))
    angle = np.radians(datasets._upright_turn(joints))
    offset = np.array(shoulders) - 50
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ offset
    assert turned == pytest.approx((0, -30), abs=1e-6), 'clockwise in a picture is from x to y'


def test_boxes_and_polygons_of_yolo_become_boxes_in_pixels() -> None:
    assert datasets._yolo_person('0 0.5 0.5 0.2 0.4', (100, 200, 3)).box == pytest.approx((80, 30, 120, 70))
    assert datasets._yolo_person('0 0.1 0.2 0.3 0.2 0.3 0.8', (100, 200, 3)).box == pytest.approx((20, 20, 60, 80))
