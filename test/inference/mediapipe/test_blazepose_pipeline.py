# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where BlazePose looks for people, in single pictures and in videos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bodypix_ros.inference.mediapipe import blazepose_pipeline
from bodypix_ros.inference.mediapipe.blazepose import BlazePosePerson
from bodypix_ros.inference.mediapipe.blazepose_pipeline import SEARCH_PERIOD, BlazePosePipeline
from bodypix_ros.inference.pipeline import Request
from bodypix_ros.models.progress import no_progress
from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS, KEYPOINTS
from bodypix_ros.people import Keypoint, People, Pose
from bodypix_ros.regions import RotatedRegion
from bodypix_ros.segmentation import Segmentation, VideoState
from bodypix_ros.settings import NetworkSettings, SegmentSettings

IMAGE = np.zeros((120, 400, 3), np.uint8)
ALL = Request(people=True, confidence=True)


class FakeBlazePose:
    """People at known columns, found in every region around them; `detected` is what the detector finds."""

    def __init__(self) -> None:
        self.people = [60.0, 200.0]
        self.detected: list[RotatedRegion] = []
        self.regions: list[list[RotatedRegion]] = []
        self.max_size = 1000.0

    def detect(self, _image: np.ndarray) -> list[RotatedRegion]:
        return self.detected

    def find(self, _image: np.ndarray, regions: Sequence[RotatedRegion]) -> list[BlazePosePerson]:
        self.regions.append(list(regions))
        return [
            _person(x, region)
            for region in regions
            for x in self.people
            if abs(region.x - x) < 20 and region.size <= self.max_size
        ]


class FakeFinder:
    """Our network: finds people at known columns, and counts how often it is asked."""

    def __init__(self, places: Sequence[float]) -> None:
        self.places, self.calls = list(places), 0
        self.settings: list[SegmentSettings] = []

    def find(self, images: Sequence[np.ndarray], settings: SegmentSettings) -> list[Segmentation]:
        self.calls += 1
        self.settings.append(settings)
        poses = tuple(_pose(x) for x in self.places)
        people = People((), np.zeros(images[0].shape[:2], np.uint8), poses)
        return [Segmentation(np.zeros(images[0].shape[:2], bool), people=people)]


def _pose(x: float) -> Pose:
    places = {'left_shoulder': (x + 9, 40), 'right_shoulder': (x - 9, 40), 'left_hip': (x + 6, 60),
              'right_hip': (x - 6, 60)}  # fmt: skip
    return Pose(0.8, tuple(Keypoint(name, *places.get(name, (0, 0)), 0.9 * (name in places)) for name in KEYPOINTS))


def _person(x: float, region: RotatedRegion) -> BlazePosePerson:
    keypoints = tuple(Keypoint(name, x, 3.0 * index, 0.9, 1.0, 0.9) for index, name in enumerate(BLAZEPOSE_KEYPOINTS))
    mask = np.ones((256, 256), np.float32)
    return BlazePosePerson(0.9, keypoints, keypoints, mask, RotatedRegion(x, 60, 40), RotatedRegion(x + 1, 60, 80))


@pytest.fixture
def blazepose() -> FakeBlazePose:
    return FakeBlazePose()


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> FakeFinder:
    finder = FakeFinder([60, 200])
    monkeypatch.setattr(blazepose_pipeline, 'PeopleFinder', lambda _settings: finder)
    return finder


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, blazepose: FakeBlazePose, finder: FakeFinder) -> BlazePosePipeline:
    monkeypatch.setattr(
        blazepose_pipeline, 'load_networks', lambda *_: {'pose_detection': b'', 'pose_landmarks_lite': b''}
    )
    monkeypatch.setattr(blazepose_pipeline, 'open_session', lambda *_: None)
    monkeypatch.setattr(blazepose_pipeline, 'BlazePose', lambda *_: blazepose)
    return BlazePosePipeline(NetworkSettings(model='blazepose_lite'), no_progress)


def segment(pipeline: BlazePosePipeline, state: VideoState | None = None, **changes: object) -> Segmentation:
    (found,) = pipeline.segment([IMAGE], SegmentSettings(**changes), ALL, [state])  # type: ignore[arg-type]
    return found


def columns(found: Segmentation) -> list[float]:
    assert found.people is not None
    return [person.keypoints[0].x for person in found.people.persons]


def test_several_people_are_found_where_our_network_finds_them(
    pipeline: BlazePosePipeline, blazepose: FakeBlazePose, finder: FakeFinder
) -> None:
    found = segment(pipeline)
    assert columns(found) == [60, 200]
    assert [round(region.x) for region in blazepose.regions[0]] == [60, 200]
    assert finder.settings[0].score_threshold == 0.25
    assert found.people is not None
    assert found.people.keypoint_set == 'blazepose33'
    assert [len(person.world_keypoints) for person in found.people.persons] == [33, 33]
    assert found.parts is None
    assert set(np.unique(found.people.labels)) == {0, 1, 2}
    assert np.array_equal(found.mask, found.people.labels > 0)


def test_one_person_is_found_by_the_detector(
    pipeline: BlazePosePipeline, blazepose: FakeBlazePose, finder: FakeFinder
) -> None:
    blazepose.detected = [RotatedRegion(200, 60, 100), RotatedRegion(60, 60, 100)]
    assert columns(segment(pipeline, max_people=1)) == [200]
    assert finder.calls == 0


def test_a_region_without_a_person_is_tried_again_with_a_smaller_size(
    pipeline: BlazePosePipeline, blazepose: FakeBlazePose
) -> None:
    blazepose.max_size = 0.0
    segment(pipeline)
    first, second = blazepose.regions
    assert [region.size for region in second] == [pytest.approx(0.7 * region.size) for region in first]


def test_people_are_followed_and_others_are_searched_for_periodically(
    pipeline: BlazePosePipeline, blazepose: FakeBlazePose, finder: FakeFinder
) -> None:
    state = VideoState()
    blazepose.people = finder.places = [60.0]
    assert columns(segment(pipeline, state)) == [60]
    assert [region.x for region in state.regions] == [61]  # of the next image
    blazepose.people = finder.places = [60.0, 200.0]
    counts = [len(columns(segment(pipeline, state))) for _ in range(SEARCH_PERIOD)]
    assert counts == [1] * (SEARCH_PERIOD - 1) + [2]
    assert finder.calls == 2
    assert [region.x for region in state.regions] == [61, 201]


def test_people_who_are_lost_are_searched_for_at_once(
    pipeline: BlazePosePipeline, blazepose: FakeBlazePose, finder: FakeFinder
) -> None:
    state = VideoState()
    segment(pipeline, state)
    blazepose.people = finder.places = [300.0]
    assert columns(segment(pipeline, state)) == []
    assert columns(segment(pipeline, state)) == [300]


def test_no_more_people_than_max_people_are_followed(
    pipeline: BlazePosePipeline, blazepose: FakeBlazePose, finder: FakeFinder
) -> None:
    state = VideoState()
    blazepose.people = finder.places = [60.0, 200.0, 300.0]
    for _ in range(3):
        assert columns(segment(pipeline, state, max_people=2)) == [60, 200]
    assert finder.calls == 1  # nobody else is of interest


def test_another_image_size_restarts_the_search(pipeline: BlazePosePipeline, finder: FakeFinder) -> None:
    state = VideoState()
    segment(pipeline, state)
    pipeline.segment([IMAGE[:100]], SegmentSettings(), ALL, [state])
    assert finder.calls == 2
    assert state.size == (100, 400)


def test_single_pictures_have_no_memory(pipeline: BlazePosePipeline, finder: FakeFinder) -> None:
    for _ in range(3):
        segment(pipeline)
    assert finder.calls == 3


def test_people_below_the_score_threshold_are_left_out(pipeline: BlazePosePipeline) -> None:
    assert columns(segment(pipeline, score_threshold=0.95)) == []
