# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BlazePose with networks that return given outputs: which crops it makes, and what it makes of the outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe.blazepose import BlazePose, region_around
from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS
from bodypix_ros.regions import RotatedRegion

IMAGE = np.random.default_rng(2).integers(0, 256, (120, 200, 3), np.uint8)


class Fixed:
    """A network that returns given outputs and records its inputs."""

    def __init__(self, **outputs) -> None:
        self.outputs, self.inputs = outputs, []

    def run(self, inputs):
        self.inputs.append(inputs)
        return self.outputs


def detector(*people: tuple[int, float, list[float]]) -> Fixed:
    """Return a detector with the given outputs: anchor, logit, and box and points relative to the anchor, pixels."""
    boxes, scores = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -9, np.float32)
    for anchor, score, values in people:
        boxes[0, anchor, : len(values)], scores[0, anchor] = values, score
    return Fixed(boxes=boxes, scores=scores)


def landmarker(*scores: float, landmarks=((0,) * 5,), world=((0,) * 3,)) -> Fixed:
    """Return a landmark network with the same landmarks, (39, 5), and world landmarks, (39, 3), for each score."""
    rows = np.zeros((39, 5), np.float32)
    rows[: len(landmarks)] = landmarks
    metres = np.zeros((39, 3), np.float32)
    metres[: len(world)] = world
    count = len(scores)
    return Fixed(
        landmarks=np.tile(rows.reshape(1, -1), (count, 1)),
        presence=np.array(scores, np.float32)[:, None],
        segmentation=np.full((count, 1, 256, 256), 3, np.float32),
        heatmaps=np.full((count, 39, 64, 64), -100, np.float32),
        world=np.tile(metres.reshape(1, -1), (count, 1)),
    )


def test_the_detector_gets_the_letterboxed_image() -> None:
    network = detector()
    assert BlazePose(network, landmarker()).detect(IMAGE) == []
    (values,) = network.inputs
    assert values.shape == (1, 3, 224, 224)
    assert (values[0, :, :44] == -1).all()  # 40 of 200 rows above the image
    assert (values[0, :, 181:] == -1).all()
    assert values[0, :, 45:179].std() > 0.3


def test_the_region_is_around_the_circle_through_the_first_two_points() -> None:
    # Anchor 0 is at 4 of 224 pixels; 224 pixels of the input are 200 of the image, which begins at its row 40.
    person = [108, 108, 20, 20, 108, 108, 108, 52]
    (region,) = BlazePose(detector((0, 3, person)), landmarker()).detect(IMAGE)
    assert (region.x, region.y) == pytest.approx((100, 60))
    assert region.size == pytest.approx(2 * 50 * 1.25)
    assert region.angle == pytest.approx(0)


def test_people_are_ordered_by_score_and_merged_if_they_overlap() -> None:
    near, far = [108, 108, 20, 20, 108, 108, 108, 52], [20, 108, 20, 20, 20, 108, 20, 80]
    found = BlazePose(detector((0, 1, far), (1, 3, near), (2, 2, [100, *near[1:]])), landmarker()).detect(IMAGE)
    assert [region.size for region in found] == pytest.approx([125, 62.5], abs=0.1)


def test_points_without_a_direction_are_not_a_person() -> None:
    assert BlazePose(detector((0, 3, [108, 108, 20, 20, 9, 9, 9, 9])), landmarker()).detect(IMAGE) == []
    assert region_around((1, 2), (1, 2)) is None
    assert region_around((1, 2), (math.nan, 2)) is None


@pytest.mark.parametrize(('edge', 'degrees'), [((50, 20), 0), ((80, 50), 90), ((20, 50), -90), ((50, 80), -180)])
def test_the_region_turns_with_the_body(edge, degrees) -> None:
    region = region_around((50, 50), edge)
    assert (region.x, region.y, region.size) == pytest.approx((50, 50, 75))
    assert math.degrees(region.angle) == pytest.approx(degrees)


def test_all_regions_are_one_batch_of_crops() -> None:
    network = landmarker(0.9, 0.8)
    people = BlazePose(detector(), network).find(IMAGE, [RotatedRegion(60, 60, 80), RotatedRegion(140, 60, 80)])
    (values,) = network.inputs
    assert values.shape == (2, 3, 256, 256)
    assert (values.min(), values.max()) == pytest.approx((0, 1), abs=0.02)
    assert [person.score for person in people] == pytest.approx([0.9, 0.8])


def test_without_regions_the_landmark_network_does_not_run() -> None:
    network = landmarker()
    assert BlazePose(detector(), network).find(IMAGE, []) == []
    assert network.inputs == []


def test_regions_without_a_person_are_omitted() -> None:
    regions = [RotatedRegion(60, 60, 80), RotatedRegion(100, 60, 80), RotatedRegion(140, 60, 80)]
    people = BlazePose(detector(), landmarker(0.9, 0.5, 0.7)).find(IMAGE, regions)
    assert [person.mask_region for person in people] == [regions[0], regions[2]]


def test_keypoints_are_in_pixels_of_the_image() -> None:
    region = RotatedRegion(100, 60, 64, math.pi / 2)  # 4 pixels of the crop are one of the image
    rows = [[128, 128, -40, 2, -1], [128, 0, 8, 0, 0]]
    (person,) = BlazePose(detector(), landmarker(0.9, landmarks=rows)).find(IMAGE, [region])
    assert tuple(point.name for point in person.keypoints) == BLAZEPOSE_KEYPOINTS
    nose, eye = person.keypoints[:2]
    assert (nose.x, nose.y, nose.z) == pytest.approx((100, 60, -10))
    assert (nose.score, nose.presence) == pytest.approx((1 / (1 + math.exp(-2)), 1 / (1 + math.e)))
    assert (eye.x, eye.y, eye.z) == pytest.approx((132, 60, 2))  # the upper side of the crop is on the right


def test_world_keypoints_are_turned_back_and_have_the_scores() -> None:
    region = RotatedRegion(100, 60, 64, math.pi / 2)
    network = landmarker(0.9, landmarks=[[0, 0, 0, 2, -1]], world=[[0.1, -0.5, 0.2]])
    (person,) = BlazePose(detector(), network).find(IMAGE, [region])
    nose = person.world_keypoints[0]
    assert (nose.x, nose.y, nose.z) == pytest.approx((0.5, 0.1, 0.2))
    assert (nose.score, nose.presence) == (person.keypoints[0].score, person.keypoints[0].presence)


def test_the_next_region_follows_from_the_auxiliary_points() -> None:
    rows = np.zeros((39, 5), np.float32)
    rows[33, :2], rows[34, :2] = (128, 140), (128, 40)
    (person,) = BlazePose(detector(), landmarker(0.9, landmarks=rows)).find(IMAGE, [RotatedRegion(100, 60, 64)])
    assert person.region == RotatedRegion(100, 63, 62.5)


def test_without_auxiliary_points_there_is_no_next_region() -> None:
    (person,) = BlazePose(detector(), landmarker(0.9)).find(IMAGE, [RotatedRegion(100, 60, 64)])
    assert person.region is None


def test_the_mask_is_pasted_into_the_image() -> None:
    (person,) = BlazePose(detector(), landmarker(0.9)).find(IMAGE, [RotatedRegion(100, 60, 64)])
    canvas = np.zeros((120, 200), np.float32)
    person.paste_mask(canvas)
    assert canvas[28:92, 68:132] == pytest.approx(1 / (1 + math.exp(-3)))
    assert canvas.sum() == pytest.approx(canvas[28:92, 68:132].sum(), rel=0.01)
