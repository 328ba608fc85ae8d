"""What a mirrored picture does to the network's outputs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from bodypix_ros.models.bodypix.heads import HEAD_CHANNELS, PEOPLE_HEADS, head_slices
from bodypix_ros.models.network import load_network
from bodypix_ros.parts import KEYPOINTS, part_names
from bodypix_ros.settings import NetworkSettings

mirror = pytest.importorskip('training.mirror', reason='the training is not beside the package')
SLICES = head_slices(PEOPLE_HEADS)
CHANNELS = sum(HEAD_CHANNELS.values())


def _maps() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(CHANNELS, 3, 5)).astype(np.float32)


def test_mirroring_twice_changes_nothing() -> None:
    maps = _maps()
    assert np.array_equal(mirror.mirror_heads(mirror.mirror_heads(maps)), maps)


def test_left_and_right_parts_and_keypoints_change_places() -> None:
    maps = _maps()
    turned = mirror.mirror_heads(maps)
    names, parts = part_names('bodypix2'), SLICES['part_heatmaps'].start
    left, right, torso = (names.index(name) for name in ('left_hand', 'right_hand', 'torso_front'))
    assert np.array_equal(turned[parts + left], maps[parts + right, :, ::-1])
    assert np.array_equal(turned[parts + torso], maps[parts + torso, :, ::-1])
    heatmaps = SLICES['heatmaps'].start
    knee, other_knee = KEYPOINTS.index('left_knee'), KEYPOINTS.index('right_knee')
    assert np.array_equal(turned[heatmaps + knee], maps[heatmaps + other_knee, :, ::-1])


def test_x_changes_its_sign_and_y_does_not() -> None:
    maps = _maps()
    turned = mirror.mirror_heads(maps)
    dy, dx = SLICES['short_offsets'].start, SLICES['short_offsets'].start + 17  # of the nose, which is in the middle
    assert np.array_equal(turned[dy], maps[dy, :, ::-1])
    assert np.array_equal(turned[dx], -maps[dx, :, ::-1])


def test_every_edge_has_a_mirrored_one_between_the_mirrored_keypoints() -> None:
    for (parent, child), other in zip(mirror.EDGES, mirror.MIRRORED_EDGES, strict=True):
        wanted = (mirror.MIRRORED_KEYPOINTS[parent], mirror.MIRRORED_KEYPOINTS[child])
        assert mirror.EDGES[other] == wanted


def test_the_network_sees_a_mirrored_person_as_the_mirrored_output(shared: Path, server: str, model_dir: str) -> None:
    settings = NetworkSettings(multiplier=0.5, model_url=server, model_dir=model_dir, allow_download=True)
    session = onnxruntime.InferenceSession(load_network(settings, people=True).onnx, providers=['CPUExecutionProvider'])
    picture = cv2.imread(str(shared / 'images' / 'demo' / 'astronaut_512.jpg'))[:497, :497, ::-1]

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]).astype(np.float32) / 127.5 - 1
        output: NDArray[np.float32] = session.run(None, {'input': planes})[0][0]
        return output

    plain, mirrored = run(picture), mirror.mirror_heads(run(picture[:, ::-1]))
    person = (plain[0] > 2) & (mirrored[0] > 2)
    assert person.sum() > 100
    parts = SLICES['part_heatmaps']
    equal = plain[parts].argmax(0)[person] == mirrored[parts].argmax(0)[person]
    assert equal.mean() > 0.85
    nose = SLICES['long_offsets'].start
    distance = np.hypot(plain[nose] - mirrored[nose], plain[nose + 17] - mirrored[nose + 17])[person]
    assert np.median(distance) < 16, 'the long offsets to the nose agree within a cell'
