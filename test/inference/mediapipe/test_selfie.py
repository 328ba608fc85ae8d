# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Selfie segmentation with a network that finds bright pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from onnx import TensorProto, helper

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.inference.mediapipe import selfie
from bodypix_ros.inference.mediapipe.selfie import Crop, CropMask, SelfiePipeline
from bodypix_ros.inference.pipeline import Request
from bodypix_ros.models.progress import no_progress
from bodypix_ros.people import People, Pose, describe_persons
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import NetworkSettings, SegmentSettings


def brightness_network(height: int, width: int) -> bytes:
    """A network from 'input' to 'mask' (N, 1, h, w), the mean of the channels."""
    graph = helper.make_graph(
        [helper.make_node('ReduceMean', ['input'], ['mask'], axes=[1], keepdims=1)],
        'brightness',
        [helper.make_tensor_value_info('input', TensorProto.FLOAT, ['n', 3, height, width])],
        [helper.make_tensor_value_info('mask', TensorProto.FLOAT, ['n', 1, height, width])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx: bytes = model.SerializeToString()
    return onnx


@pytest.fixture(params=['selfie_general', 'selfie_landscape'])
def pipeline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SelfiePipeline:
    size = (256, 256) if request.param == 'selfie_general' else (144, 256)
    monkeypatch.setattr(selfie, 'load_onnx', lambda *_: brightness_network(*size))
    pipeline = SelfiePipeline(NetworkSettings(model=request.param, provider='cpu'), no_progress)
    assert pipeline.input_size(10, 20) == size
    return pipeline


NOBODY = People((), np.zeros((96, 160), np.uint8), ())


def bright_square(height: int = 96, width: int = 160) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[24:72, 40:88] = 255
    return image


def test_the_mask_has_the_size_of_the_image(pipeline: SelfiePipeline) -> None:
    image = bright_square()
    (found,) = pipeline.segment([image], SegmentSettings(), Request(confidence=True), [None])
    assert found.mask.shape == image.shape[:2]
    assert np.mean(found.mask != (image[..., 0] > 127)) < 0.005
    assert found.confidence is not None
    assert (found.confidence[48, 64], found.confidence[5, 5]) == (255, 0)
    assert (found.parts, found.people) == (None, None)
    assert min(dataclasses.astuple(found.timings)) > 0


def test_positions_in_the_image_are_those_of_mediapipe(
    pipeline: SelfiePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    run = pipeline.runner.run
    monkeypatch.setattr(pipeline.runner, 'run', lambda inputs: [seen.append(inputs), run(inputs)][1])
    columns = np.linspace(0, 255, 128).round().astype(np.uint8)
    image = np.broadcast_to(columns[None, :, None], (40, 128, 3)).copy()
    pipeline.segment([image], SegmentSettings(), Request(), [None])
    row = seen[0][0, 0, 20] * 255
    np.testing.assert_allclose(row[::2], columns, atol=1e-3)  # position i of the input is column i / 2


def test_the_threshold_applies_to_the_probability(pipeline: SelfiePipeline) -> None:
    image = np.full((40, 60, 3), 153, np.uint8)  # 0.6
    for threshold, expected in ((0.59, True), (0.61, False)):
        (found,) = pipeline.segment([image], SegmentSettings(threshold=threshold), Request(), [None])
        assert (found.mask == expected).all()


def test_images_of_different_sizes_are_segmented(pipeline: SelfiePipeline) -> None:
    images = [bright_square(), bright_square(200, 300), np.full((1, 1, 3), 255, np.uint8)]
    found = pipeline.segment(images, SegmentSettings(), Request(), [None] * 3)
    assert [one.mask.shape for one in found] == [(96, 160), (200, 300), (1, 1)]
    assert found[2].mask.all()


def test_the_whole_picture_has_no_people(pipeline: SelfiePipeline) -> None:
    with pytest.raises(ModelError, match='does not separate people: set selfie_crop to people, or model'):
        pipeline.segment([bright_square()], SegmentSettings(), Request(people=True), [None])


class FakeFinder:
    """Our network: one person at columns 40 to 63 of the square, and pixels of nobody on its right."""

    def find(self, images: Sequence[np.ndarray], *_: object) -> list[Segmentation]:
        labels = np.zeros(images[0].shape[:2], np.uint8)
        labels[24:72, 40:64] = 1
        mask = labels > 0
        mask[24:72, 64:88] = True
        pose = Pose(0.8, ())
        return [Segmentation(mask, people=People(describe_persons(labels, None, [pose], 'bodypix1'), labels, (pose,)))]


def test_people_are_segmented_one_by_one(pipeline: SelfiePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, '_finder', FakeFinder())
    image = bright_square()
    image[:10] = 255  # too far from the person
    settings = SegmentSettings(selfie_crop='people')
    (found,) = pipeline.segment([image], settings, Request(people=True), [None])
    expected = image[..., 0] > 127
    expected[:10] = False
    assert np.mean(found.mask != expected) < 0.01
    assert found.people is not None
    (person,) = found.people.persons
    assert person.score == 0.8
    assert person.area_px == np.count_nonzero(found.people.labels) < np.count_nonzero(found.mask)
    assert found.people.keypoint_set == 'coco17'


def test_without_people_the_network_does_not_run(pipeline: SelfiePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    finder = FakeFinder()
    monkeypatch.setattr(finder, 'find', lambda images, _: [Segmentation(np.zeros((96, 160), bool), people=NOBODY)])
    monkeypatch.setattr(pipeline, '_finder', finder)
    monkeypatch.setattr(pipeline, 'runner', None)
    (found,) = pipeline.segment([bright_square()], SegmentSettings(selfie_crop='people'), Request(people=True), [None])
    assert not found.mask.any()
    assert found.people is not None
    assert found.people.persons == ()


def test_int8_is_refused() -> None:
    with pytest.raises(SettingError, match='precision int8 is for BodyPix with mobilenet_v1, got model selfie_general'):
        selfie.open_session('x', b'', NetworkSettings(model='selfie_general', precision='int8'))


@pytest.mark.parametrize('crop', [Crop(-5, -5, 20, 20), Crop(20, 10, 30, 30), Crop(3.5, 2.25, 8, 9)])
def test_a_mask_is_pasted_where_the_crop_and_the_image_overlap(crop: Crop) -> None:
    canvas = np.zeros((24, 32), np.float32)
    CropMask(np.ones((8, 8), np.float32), crop).paste_mask(canvas)
    rows, columns = np.nonzero(canvas)
    assert rows.min() == max(int(crop.top), 0)
    assert columns.min() == max(int(crop.left), 0)
    assert columns.max() < min(crop.left + crop.width + 1, 32)
    assert canvas.max() == 1


def test_a_mask_outside_the_image_is_not_pasted() -> None:
    canvas = np.zeros((24, 32), np.float32)
    CropMask(np.ones((8, 8), np.float32), Crop(40, 0, 10, 10)).paste_mask(canvas)
    assert not canvas.any()


def test_the_larger_probability_remains() -> None:
    canvas = np.full((4, 4), 0.7, np.float32)
    CropMask(np.full((2, 2), 0.5, np.float32), Crop(0, 0, 4, 4)).paste_mask(canvas)
    assert (canvas == np.float32(0.7)).all()
