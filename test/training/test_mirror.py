# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a mirrored picture does to the network's outputs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.parts import KEYPOINTS, part_names

mirror = pytest.importorskip('training.mirror', reason='the training is not beside the package')
CHANNELS = 174


def _maps() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(CHANNELS, 3, 5)).astype(np.float32)


def test_mirroring_twice_changes_nothing() -> None:
    maps = _maps()
    assert np.array_equal(mirror.mirror_heads(mirror.mirror_heads(maps)), maps)


def test_left_and_right_parts_and_keypoints_are_exchanged() -> None:
    maps = _maps()
    mirrored = mirror.mirror_heads(maps)
    names, parts = part_names('bodypix2'), 1
    left, right, torso = (names.index(name) for name in ('left_hand', 'right_hand', 'torso_front'))
    assert np.array_equal(mirrored[parts + left], maps[parts + right, :, ::-1])
    assert np.array_equal(mirrored[parts + torso], maps[parts + torso, :, ::-1])
    heatmaps = mirror.FINE_CHANNELS
    knee, other_knee = KEYPOINTS.index('left_knee'), KEYPOINTS.index('right_knee')
    assert np.array_equal(mirrored[heatmaps + knee], maps[heatmaps + other_knee, :, ::-1])


def test_x_changes_its_sign_and_y_does_not() -> None:
    maps = _maps()
    mirrored = mirror.mirror_heads(maps)
    dy = mirror.FINE_CHANNELS + mirror.HEADS['short_offsets'].start  # of the nose, which is in the middle
    dx = dy + len(KEYPOINTS)
    assert np.array_equal(mirrored[dy], maps[dy, :, ::-1])
    assert np.array_equal(mirrored[dx], -maps[dx, :, ::-1])


def test_every_edge_has_a_mirrored_one_between_the_mirrored_keypoints() -> None:
    for (parent, child), other in zip(mirror.EDGES, mirror.MIRRORED_EDGES, strict=True):
        expected = (mirror.MIRRORED_KEYPOINTS[parent], mirror.MIRRORED_KEYPOINTS[child])
        assert mirror.EDGES[other] == expected


def test_the_teacher_sees_a_mirrored_person_as_the_mirrored_output(shared: Path) -> None:
    torch = pytest.importorskip('torch', reason='the teacher needs PyTorch')
    bodypix = pytest.importorskip('training.bodypix')
    network = bodypix.BodyPix(shared / 'tfjs-models/savedmodel/bodypix/mobilenet/float/050')
    picture = cv2.imread(str(shared / 'images' / 'demo' / 'astronaut_512.jpg'))[:497, :497, ::-1]

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]).astype(np.float32) / 127.5 - 1
        output: NDArray[np.float32] = network(torch.from_numpy(planes))[0].numpy()
        return output

    plain, mirrored = run(picture), mirror.mirror_heads(run(picture[:, ::-1]))
    person = (plain[0] > 2) & (mirrored[0] > 2)
    assert person.sum() > 400
    parts = slice(1, mirror.FINE_CHANNELS)
    equal = plain[parts].argmax(0)[person] == mirrored[parts].argmax(0)[person]
    assert equal.mean() > 0.85
    nose = mirror.FINE_CHANNELS + mirror.HEADS['long_offsets'].start
    distance = np.hypot(plain[nose] - mirrored[nose], plain[nose + 17] - mirrored[nose + 17])[person]
    assert np.median(distance) < 16, 'the long offsets to the nose agree within two cells'
