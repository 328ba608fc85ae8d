# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keypoints and masks without jitter: how much steadier, and how late."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from test_tracking import HEIGHT_PX, person_at

from bodypix_ros.errors import ImageError
from bodypix_ros.people import Keypoint, Person
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import TrackingSettings
from bodypix_ros.smoothing import KeypointSmoother, MaskSmoother

START_S = 1.7e9


def _load_tool() -> ModuleType:
    path = Path(__file__).resolve().parent.parent / 'tools' / 'steady_masks.py'
    specification = importlib.util.spec_from_file_location('steady_masks', path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


tool = _load_tool()


def nose_at(x: float, score: float = 0.9) -> Person:
    """Somebody who is nothing but a nose."""
    person = person_at(0)
    return dataclasses.replace(person, keypoints=(Keypoint('nose', x, 0.0, score),))


def smooth(
    xs: list[float], rate_hz: float = 30, smoother: KeypointSmoother | None = None, **settings: float
) -> list[float]:
    """Where the nose is after the filter, for each place before it."""
    smoother = smoother or KeypointSmoother(TrackingSettings(**settings))
    return [
        smoother.update([nose_at(x)], [1], START_S + index / rate_hz)[0].keypoints[0].x for index, x in enumerate(xs)
    ]


def test_the_filter_computes_the_formulas_of_the_paper() -> None:
    result, speed = 100.0, 0.0
    expected = [result]
    xs = [100.0, 104.0, 103.0, 120.0]

    def share(cutoff_hz: float) -> float:
        return 1 / (1 + 30 / (2 * math.pi * cutoff_hz))

    for x in xs[1:]:
        speed = share(1.0) * (x - result) * 30 + (1 - share(1.0)) * speed
        cutoff_hz = 0.5 + 2.0 * abs(speed) / HEIGHT_PX
        result = share(cutoff_hz) * x + (1 - share(cutoff_hz)) * result
        expected.append(result)
    assert smooth(xs, keypoint_min_cutoff_hz=0.5, keypoint_beta=2.0) == pytest.approx(expected, abs=1e-4)


def test_jitter_at_rest_falls_by_more_than_half() -> None:
    xs = list(np.random.default_rng(1).normal(100, 3, 100))
    assert np.std(smooth(xs)[20:]) < 0.5 * np.std(xs[20:])


@pytest.mark.parametrize('rate_hz', [10, 30])
def test_a_fast_hand_is_followed_with_little_lag(rate_hz: float) -> None:
    speed = 2 * HEIGHT_PX  # a second
    xs = [100 + speed * index / rate_hz for index in range(20)]
    lag_s = (xs[-1] - smooth(xs, rate_hz)[-1]) / speed
    assert 0 < lag_s < 0.03


def test_uncertain_keypoints_stay_as_they_are_and_leave_no_trace() -> None:
    smoother = KeypointSmoother()
    assert smooth([100.0, 100.0], smoother=smoother) == [100.0, 100.0]
    lost = smoother.update([nose_at(900, score=0.1)], [1], START_S + 0.1)
    assert lost[0].keypoints[0].x == 900
    assert smoother.update([nose_at(100)], [1], START_S + 0.2)[0].keypoints[0].x == 100


@pytest.mark.parametrize(('number', 'stamp_s'), [(2, 0.1), (0, 0.1), (1, 2.0), (1, -1.0)])
def test_another_person_a_long_gap_or_a_step_back_begins_anew(number: int, stamp_s: float) -> None:
    smoother = KeypointSmoother()
    smoother.update([nose_at(100)], [1], START_S)
    assert smoother.update([nose_at(200)], [number], START_S + stamp_s)[0].keypoints[0].x == 200


def test_the_same_image_again_changes_nothing() -> None:
    smoother = KeypointSmoother()
    expected = smooth([100.0, 110.0], smoother=smoother)[-1]
    assert smoother.update([nose_at(110)], [1], START_S + 1 / 30)[0].keypoints[0].x == expected


def test_a_person_without_keypoints_stays_as_found() -> None:
    smoother, person = KeypointSmoother(), dataclasses.replace(person_at(100), keypoints=())
    assert [smoother.update([person], [1], START_S + index) for index in range(2)] == [[person], [person]]


def test_only_places_change() -> None:
    smoother, people = KeypointSmoother(), [person_at(100), person_at(300)]
    smoother.update(people, [1, 2], START_S)
    for before, after in zip(people, smoother.update(people, [1, 2], START_S + 0.1), strict=True):
        assert dataclasses.replace(after, keypoints=before.keypoints) == before
        assert [(point.name, point.score) for point in after.keypoints] == [
            (point.name, point.score) for point in before.keypoints
        ]
        assert np.allclose(
            [(point.x, point.y) for point in after.keypoints], [(point.x, point.y) for point in before.keypoints]
        )


def test_depths_and_world_keypoints_are_smoothed_where_they_are_known() -> None:
    smoother = KeypointSmoother(TrackingSettings(keypoint_min_cutoff_hz=0.5, keypoint_beta=0))
    share = 1 / (1 + 30 / (2 * math.pi * 0.5))

    def person(step: float) -> Person:
        flat = Keypoint('nose', 100 + step, 50, 0.9)
        world = Keypoint('nose', 0.1, -0.5 + step / 100, 0.9, 0.2 - step / 100, 0.8)
        return dataclasses.replace(
            person_at(0), keypoints=(dataclasses.replace(flat, z=-30 + step),), world_keypoints=(world,)
        )

    smoother.update([person(0)], [1], START_S)
    (after,) = smoother.update([person(10)], [1], START_S + 1 / 30)
    (point,), (world,) = after.keypoints, after.world_keypoints
    assert (point.x, point.y, point.z) == pytest.approx((100 + 10 * share, 50, -30 + 10 * share), abs=1e-4)
    assert (world.x, world.y, world.z) == pytest.approx((0.1, -0.5 + 0.1 * share, 0.2 - 0.1 * share), abs=1e-6)
    assert (world.score, world.presence) == (0.9, 0.8)


def test_unknown_depths_stay_unknown() -> None:
    smoother = KeypointSmoother()
    smoother.update([nose_at(100)], [1], START_S)
    (point,) = smoother.update([nose_at(110)], [1], START_S + 1 / 30)[0].keypoints
    assert 100 < point.x < 110
    assert math.isnan(point.z)


@pytest.mark.parametrize(('noise', 'factor'), [(0.1, 20), (0.2, 4), (0.3, 2)])
def test_a_still_scene_flickers_less_by_a_factor(noise: float, factor: float) -> None:
    frames = list(tool.Scene(noise).film([200] * 20))[tool.START :]
    network, smoothed = (
        tool.flicker(masks) for masks in zip(*[(one.network, one.smoothed) for one in frames], strict=True)
    )
    assert network > 0.002
    assert smoothed * factor < network


@pytest.mark.parametrize('step', [3, 10, 25])
def test_masks_in_motion_are_not_worse(step: int) -> None:
    frames = list(tool.Scene().film(range(20, 20 + 12 * step, step)))[tool.START :]
    truths = [one.truth for one in frames]
    assert tool.error([one.smoothed for one in frames], truths) < tool.error([one.network for one in frames], truths)


@pytest.mark.parametrize('place', [None, 350, 140], ids=['gone', 'far', 'near'])
def test_the_place_that_a_person_left_is_free_in_the_next_frame(place: int | None) -> None:
    assert tool.lag_frames(list(tool.Scene().film([100] * 5 + [place] * 4)), 5) == 0


GRAY = np.full((96, 128, 3), 128, np.uint8)


def steady(confidences: list[float], threshold: float = 0.5) -> list[bool]:
    """Whether the mask covers a pixel in an image that never changes, for each confidence of the network."""
    smoother, masks = MaskSmoother(), []
    for index, confidence in enumerate(confidences):
        found = tool.as_segmentation(np.full(GRAY.shape[:2], round(255 * confidence), np.uint8))
        masks.append(bool(smoother.update(GRAY, found, threshold, START_S + index / 15).mask[20, 20]))
    return masks


def test_a_pixel_that_looks_different_is_free_at_once() -> None:
    def masks_over(after: np.ndarray) -> list[bool]:
        smoother, masks = MaskSmoother(), []
        for index, (image, confidence) in enumerate([(GRAY, 0.75), (GRAY, 0.75), (after, 0.4), (after, 0.4)]):
            found = tool.as_segmentation(np.full(GRAY.shape[:2], round(255 * confidence), np.uint8))
            masks.append(bool(smoother.update(image, found, 0.5, START_S + index / 15).mask[40, 40]))
        return masks

    assert masks_over(GRAY) == [True] * 4
    assert masks_over(GRAY + np.uint8(60)) == [True, True, False, False]


@pytest.mark.parametrize(('confidence', 'frames'), [(0.0, 1), (0.2, 2), (0.3, 3)])
def test_a_pixel_whose_confidence_falls_without_visible_change_is_free_after_so_many_frames(
    confidence: float, frames: int
) -> None:
    lags = [steady([start] * 3 + [confidence] * 10)[3:].index(False) + 1 for start in np.arange(0.65, 1.01, 0.05)]
    assert max(lags) <= frames


def test_a_pixel_changes_sides_only_beyond_the_threshold() -> None:
    assert steady([0.45, 0.55, 0.55, 0.55, 0.55]) == [False] * 5
    assert steady([0.55, 0.45, 0.45, 0.45, 0.45]) == [True] * 5
    assert steady([0.45] + [0.65] * 10)[-1]
    assert not steady([0.55] + [0.35] * 10)[-1]


@pytest.mark.parametrize('threshold', [0.0, 0.05, 1.0])
def test_thresholds_at_the_ends_of_the_range_free_pixels_of_confidence_0(threshold: float) -> None:
    assert not steady([1.0, 0.0, 0.0], threshold)[-1]


def test_parts_are_kept_where_the_mask_is_and_only_there() -> None:
    smoother = MaskSmoother()
    confidence = np.full(GRAY.shape[:2], 200, np.uint8)
    confidence[:, 64:] = 20
    parts = np.where(confidence > 127, 5, -1).astype(np.int8)
    smoother.update(GRAY, Segmentation(confidence > 127, parts, confidence=confidence), 0.5, START_S)
    weak = np.full(GRAY.shape[:2], 115, np.uint8)  # below the threshold, within hysteresis
    nobody = Segmentation(weak > 127, np.full(GRAY.shape[:2], -1, np.int8), confidence=weak)
    result = smoother.update(GRAY, nobody, 0.5, START_S + 0.1)
    assert result.parts is not None
    assert result.parts.dtype == np.int8
    assert np.array_equal(result.parts, parts)
    assert np.array_equal(result.mask, parts >= 0)


def test_without_parts_the_mask_is_the_same() -> None:
    scene = list(tool.Scene().film([200] * 4))
    with_parts, without = MaskSmoother(), MaskSmoother()
    for index, frame in enumerate(scene):
        found = tool.as_segmentation(frame.network.astype(np.uint8) * 180)
        expected = with_parts.update(frame.image, found, 0.5, START_S + index / 15)
        result = without.update(frame.image, dataclasses.replace(found, parts=None), 0.5, START_S + index / 15)
        assert result.parts is None
        assert np.array_equal(result.mask, expected.mask)


def test_the_first_frame_is_as_the_network_has_it() -> None:
    frame = next(tool.Scene().film([200]))
    assert np.array_equal(frame.smoothed, frame.network)


@pytest.mark.parametrize('stamp_s', [-1.0, 2.0])
def test_a_long_gap_or_a_step_back_restarts(stamp_s: float) -> None:
    smoother = MaskSmoother()
    smoother.update(GRAY, tool.as_segmentation(np.full(GRAY.shape[:2], 200, np.uint8)), 0.5, START_S)
    found = tool.as_segmentation(np.full(GRAY.shape[:2], 120, np.uint8))
    assert not smoother.update(GRAY, found, 0.5, START_S + stamp_s).mask.any()


@pytest.mark.parametrize('size', [(1, 1), (3, 200), (33, 17), (61, 67), (100, 150)])
def test_images_of_any_size_are_smoothed(size: tuple[int, int]) -> None:
    smoother, random = MaskSmoother(), np.random.default_rng(1)
    for index in range(3):
        image = random.integers(0, 256, (*size, 3), np.uint8)
        result = smoother.update(image, tool.as_segmentation(np.full(size, 200, np.uint8)), 0.5, START_S + index / 15)
        assert result.mask.shape == size
        assert result.mask.all()


def test_another_size_restarts() -> None:
    smoother = MaskSmoother()
    smoother.update(GRAY, tool.as_segmentation(np.full(GRAY.shape[:2], 200, np.uint8)), 0.5, START_S)
    found = tool.as_segmentation(np.full((128, 96), 120, np.uint8))
    result = smoother.update(np.zeros((128, 96, 3), np.uint8), found, 0.5, START_S + 0.1)
    assert result.mask.shape == (128, 96)
    assert not result.mask.any()


def test_a_result_without_confidence_is_refused() -> None:
    with pytest.raises(ImageError, match='smoothing requires the confidence, got None'):
        MaskSmoother().update(GRAY, Segmentation(np.zeros(GRAY.shape[:2], bool)), 0.5, START_S)


def test_images_that_are_too_wide_for_remap_are_not_smoothed() -> None:
    smoother = MaskSmoother()
    for stamp_s, confidence in ((0.0, 200), (0.1, 120)):
        image = np.full((8, 2**15 - 1, 3), confidence, np.uint8)
        found = tool.as_segmentation(np.full(image.shape[:2], confidence, np.uint8))
        np.testing.assert_array_equal(smoother.update(image, found, 0.5, stamp_s).confidence, confidence)


def test_an_image_of_another_size_is_refused() -> None:
    found = tool.as_segmentation(np.full((96, 127), 200, np.uint8))
    with pytest.raises(ImageError, match='image is 128x96, mask is 127x96'):
        MaskSmoother().update(GRAY, found, 0.5, START_S)
