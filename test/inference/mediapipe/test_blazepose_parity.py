# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BlazePose finds what MediaPipe Pose finds, see test/data/mediapipe/README.md."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.inference.mediapipe.blazepose import BlazePose, BlazePosePerson
from bodypix_ros.inference.mediapipe.session import Session, open_session
from bodypix_ros.models.mediapipe.source import load_onnx
from bodypix_ros.settings import NetworkSettings

REFERENCE = Path(__file__).parents[2] / 'data' / 'mediapipe' / 'blazepose.npz'

MODELS = ('lite', 'full', 'heavy')

JUMPS = {
    (
        'lite',
        'coco_000000456496.jpg',
        12,
    ): 'the largest value of its heatmap is 0.5003, and 0.5 decides whether it is used'
}
"""Landmarks at a jump of MediaPipe's own result, which rounding decides."""


class Picture(NamedTuple):
    """What MediaPipe found in a picture."""

    path: Path
    landmarks: np.ndarray
    world: np.ndarray
    region: np.ndarray
    next_region: np.ndarray
    mask: np.ndarray


@pytest.fixture(scope='module')
def detector(mediapipe_dir: str) -> Session:
    return session('pose_detection', mediapipe_dir)


def session(name: str, model_dir: str) -> Session:
    """Open a network on the CPU, or skip the test if its file is missing."""
    settings = NetworkSettings(model_dir=model_dir, allow_download=False, provider='cpu')
    try:
        return open_session(name, load_onnx(name, settings), settings)
    except ModelError as error:
        pytest.skip(f'needs {name}: {error}')


def pictures(model: str, images: Path) -> list[Picture]:
    """Return the results of MediaPipe for the pictures that are on this machine."""
    with np.load(REFERENCE) as data:
        names = data['pictures'].tolist()
        columns = [data[f'{model}_{name}'] for name in ('landmarks', 'world', 'region', 'next_region')]
        bits = np.unpackbits(data[f'{model}_masks']).astype(bool)
    found, start = [], 0
    for name, *values in zip(names, *columns, strict=True):
        height, width = cv2.imread(str(images / name)).shape[:2]
        found.append(Picture(images / name, *values, bits[start : start + height * width].reshape(height, width)))
        start += height * width
    return found


@pytest.mark.slow
@pytest.mark.parametrize('model', MODELS)
def test_the_person_is_that_of_mediapipe(model: str, detector: Session, mediapipe_dir: str, shared: Path) -> None:
    pose = BlazePose(detector, session(f'pose_landmarks_{model}', mediapipe_dir))
    rows = []
    for picture in pictures(model, shared / 'images'):
        image = cv2.imread(str(picture.path))
        regions = pose.detect(image)
        (person,) = pose.find(image, regions[:1])
        rows.append((picture.path.name, *compare(person, picture, model)))
        check_regions(person, picture)
    print_table(model, rows)
    worst = np.array([row[1:] for row in rows])
    assert worst[:, 1].max() < 1, 'a landmark is more than 1 % of the person from that of MediaPipe'
    assert worst[:, 2].min() > 0.98, 'a mask has an IoU of less than 0.98 with that of MediaPipe'


def test_people_of_a_batch_are_those_found_one_by_one(detector: Session, mediapipe_dir: str, shared: Path) -> None:
    pose = BlazePose(detector, session('pose_landmarks_lite', mediapipe_dir))
    image = cv2.imread(str(shared / 'images' / 'demo' / 'three_people_1049x861.jpg'))
    regions = pose.detect(image)
    together = pose.find(image, regions)
    alone = [person for region in regions for person in pose.find(image, [region])]
    assert len(together) == len(alone) >= 2
    for first, second in zip(together, alone, strict=True):
        assert first.score == pytest.approx(second.score, abs=1e-4)
        assert first.mask == pytest.approx(second.mask, abs=1e-2)
        assert [(one.x, one.y) for one in first.keypoints] == [
            pytest.approx((one.x, one.y), abs=0.1) for one in second.keypoints
        ]


def compare(person: BlazePosePerson, picture: Picture, model: str) -> tuple[float, float, float]:
    """Return the mean and largest distance of landmarks in percent of the person's box, and the IoU of the masks."""
    found = np.array([(one.x, one.y, one.z, one.score, one.presence) for one in person.keypoints])
    world = np.array([(one.x, one.y, one.z) for one in person.world_keypoints])
    size = np.ptp(picture.landmarks[:, :2], axis=0).max()
    errors = np.linalg.norm(found[:, :2] - picture.landmarks[:, :2], axis=1) / size * 100
    errors[[index for name, file, index in JUMPS if (name, file) == (model, picture.path.name)]] = 0
    assert np.abs(found[:, 2] - picture.landmarks[:, 2]).max() / size < 0.01
    assert found[:, 3:] == pytest.approx(picture.landmarks[:, 3:], abs=0.01)
    assert world == pytest.approx(picture.world, abs=0.005)  # metres
    canvas = np.zeros(picture.mask.shape, np.float32)
    person.paste_mask(canvas)
    mask = canvas > 0.5
    return errors.mean(), errors.max(), (mask & picture.mask).sum() / (mask | picture.mask).sum()


def check_regions(person: BlazePosePerson, picture: Picture) -> None:
    assert person.region is not None
    for found, expected in ((person.mask_region, picture.region), (person.region, picture.next_region)):
        x, y, size, angle = expected.tolist()
        assert (found.x, found.y, found.size) == pytest.approx((x, y, size), abs=0.005 * size)
        assert abs((found.angle - angle + np.pi) % (2 * np.pi) - np.pi) < 0.01


def print_table(model: str, rows: list[tuple[str, float, float, float]]) -> None:
    print(f'\n| {model} | landmarks, mean | landmarks, max | mask IoU |\n|---|---|---|---|')
    for name, mean, largest, iou in rows:
        print(f'| {name} | {mean:.3f} % | {largest:.3f} % | {iou:.4f} |')
