# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is carried from image to image: ids, gestures, steady keypoints and masks; and ids in messages."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from robot import Process, Robot, pixels
from std_msgs.msg import Header

from bodypix_ros import msg
from bodypix_ros.gestures import GestureKind
from bodypix_ros.msg import PersonArray
from bodypix_ros.people import Keypoint, PartRegion, People, Person
from bodypix_ros.regions import Box
from bodypix_ros.ros import people_msgs
from bodypix_ros.ros.history import FrameHistory
from bodypix_ros.ros.parameters import Parameters
from bodypix_ros.ros.people_msgs import write_detections, write_people
from bodypix_ros.ros.result import Result, Track
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings
from bodypix_ros.srv import Follow

IMAGE = np.zeros((240, 320, 3), np.uint8)
START_S = 1_700_000_000


def person(x: float, hand_y: float = 150.0) -> Person:
    """A person 160 pixels tall around column x, with the left hand at a height."""
    points = {
        'left_shoulder': (x + 20, 80), 'right_shoulder': (x - 20, 80), 'left_hip': (x + 15, 140),
        'right_hip': (x - 15, 140), 'left_wrist': (x + 30, hand_y), 'nose': (x, 50),
    }  # fmt: skip
    keypoints = tuple(Keypoint(name, px, py, 0.9) for name, (px, py) in points.items())
    hand = PartRegion(23, 'left_hand', 300, x + 30, hand_y, Box(int(x) + 22, int(hand_y) - 8, 16, 16))
    return Person(1, 0.9, Box(int(x) - 40, 40, 80, 160), keypoints, 8000, (hand,))


class Film:
    """A history that is shown people at times in milliseconds."""

    def __init__(self, **parameters: Any) -> None:
        self.history = FrameHistory()
        self.parameters = Parameters().changed(parameters)

    def show(self, ms: int, *people: Person) -> tuple[Segmentation, tuple[Track, ...]]:
        labels = np.zeros(IMAGE.shape[:2], np.uint8)
        found = Segmentation(labels > 0, people=People(people, labels, ()))
        stamp = Time(sec=START_S + ms // 1000, nanosec=ms % 1000 * 1_000_000 + 123)
        return self.history.update(IMAGE, found, stamp, self.parameters)

    def ids(self, ms: int, *people: Person) -> list[int]:
        return [track.id for track in self.show(ms, *people)[1]]


def test_a_person_keeps_the_id_through_an_occlusion_of_a_second() -> None:
    film = Film()
    assert [film.ids(ms, person(100 + ms / 50)) for ms in (0, 100, 200, 300)] == [[1]] * 4
    assert film.ids(800) == []
    assert film.ids(1300, person(126), person(250)) == [1, 2]


def test_each_camera_has_ids_of_its_own() -> None:
    assert [Film().ids(0, person(100)), Film().ids(0, person(100))] == [[1], [1]]


def test_without_tracking_there_are_no_tracks() -> None:
    assert Film(tracking=False).show(0, person(100))[1] == ()


def test_an_id_that_is_followed_survives_as_long_as_following_does() -> None:
    film = Film(track_hold_s=0.5, follow_hold_s=3.0)
    for ms in (0, 100):
        assert film.ids(ms, person(100)) == [1]
    film.history.follow(Follow.Request.NEAREST, 0, 3.0)
    film.show(200, person(100))
    film.show(1200)
    assert film.show(2200, person(100))[1] == (Track(1, followed=True),)
    film.history.follow(Follow.Request.STOP, 0, 3.0)
    film.show(3200)
    assert film.ids(4200, person(100)) == [2]


def test_a_gesture_has_the_stamp_since_which_it_is_seen() -> None:
    film = Film()
    film.show(0, person(100))
    for ms in (100, 200, 300, 400, 500):
        _, (track,) = film.show(ms, person(100, hand_y=30))
    assert track.gestures == ((GestureKind.LEFT_HAND_RAISED, START_S * 10**9 + 100_000_123),)
    _, (track,) = film.show(600, person(100))
    assert track.gestures == ()


def test_images_without_a_stamp_are_tracked_by_their_arrival() -> None:
    history, labels = FrameHistory(), np.zeros(IMAGE.shape[:2], np.uint8)
    found = Segmentation(labels > 0, people=People((person(100),), labels, ()))
    for _ in range(3):
        _, (track,) = history.update(IMAGE, found, Time(), Parameters())
        assert track.id == 1


def test_keypoints_are_smoothed_where_the_parameter_says_so() -> None:
    def jitter(smoothing: bool) -> float:
        film = Film(keypoint_smoothing=smoothing)
        x = []
        for number in range(12):
            found, _ = film.show(100 * number, person(100 + 2 * (-1) ** number))
            assert found.people is not None
            x.append(found.people.persons[0].keypoints[0].x)
        return float(np.ptp(x[2:]))

    assert jitter(False) == 4.0
    assert jitter(True) < 2.5


def result(*tracks: Track) -> Result:
    labels = np.zeros(IMAGE.shape[:2], np.uint8)
    people = People((person(100), dataclasses.replace(person(200), id=2, box=None)), labels, ())
    header = Header(frame_id='eye')
    return Result(header, IMAGE, Segmentation(labels > 0, people=people), 'bodypix1', PictureSettings(), tracks=tracks)


def test_ids_and_gestures_are_in_the_message_of_people() -> None:
    array = PersonArray()
    gestures = ((GestureKind.LEFT_HAND_RAISED, 5_000_000_007), (GestureKind.WAVING, 6_000_000_000))
    assert write_people(array, result(Track(7, gestures), Track(0)))
    assert [one.track_id for one in array.people] == [7, 0]
    assert [one.gestures for one in array.people] == [msg.Gesture.LEFT_HAND_RAISED | msg.Gesture.WAVING, 0]
    assert [(one.kind, one.since) for one in array.people[0].gesture_times] == [
        (msg.Gesture.LEFT_HAND_RAISED, Time(sec=5, nanosec=7)), (msg.Gesture.WAVING, Time(sec=6)),
    ]  # fmt: skip
    assert write_people(array, result())
    assert [one.track_id for one in array.people] == [0, 0]


def fake_detection(**values: Any) -> Any:
    center = SimpleNamespace(position=SimpleNamespace(x=0.0, y=0.0), theta=0.0)
    return SimpleNamespace(bbox=SimpleNamespace(center=center, size_x=0.0, size_y=0.0), results=[], **values)


def test_detections_are_the_boxes_of_people_with_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fakes have the fields of vision_msgs 4: humble to rolling."""
    monkeypatch.setattr(people_msgs, 'Detection2D', fake_detection)
    hypothesis = SimpleNamespace(hypothesis=SimpleNamespace(class_id='', score=0.0))
    monkeypatch.setattr(people_msgs, 'ObjectHypothesisWithPose', lambda: hypothesis)
    array = SimpleNamespace()
    assert write_detections(array, result(Track(7), Track(8)))
    (detection,) = array.detections
    assert (detection.id, detection.header.frame_id, array.header.frame_id) == ('7', 'eye', 'eye')
    center = detection.bbox.center.position
    assert (center.x, center.y, detection.bbox.size_x, detection.bbox.size_y) == (100.0, 120.0, 80.0, 160.0)
    assert (detection.results[0].hypothesis.class_id, detection.results[0].hypothesis.score) == ('person', 0.9)


class Camera:
    """A camera of a running node that takes an image every 100 milliseconds."""

    def __init__(self, robot: Robot) -> None:
        self._robot, self.ms = robot, 100_000

    def take(self, image: NDArray[np.uint8], topic: str) -> Any:
        self.ms += 100
        message = self._robot.message(image)
        message.header.stamp = Time(sec=self.ms // 1000, nanosec=self.ms % 1000 * 1_000_000)
        return self._robot.answer(message, [topic])[topic]


@pytest.fixture(scope='module')
def camera(robot: Robot, start_plain: Callable[..., Process]) -> Camera:
    start_plain()
    robot.subscribe('people', PersonArray)
    robot.subscribe('mask')
    return Camera(robot)


def test_a_running_node_keeps_the_ids_of_two_people(robot: Robot, camera: Camera, astronaut: NDArray[np.uint8]) -> None:
    small = cv2.resize(astronaut, (240, 240))
    ids = []
    for x in (0, 10, 20, 30):
        image = np.full((240, 640, 3), 90, np.uint8)
        image[:, x : x + 240], image[:, 390 - x : 630 - x] = small, small[:, ::-1]
        people = camera.take(image, 'people').people
        ids.append([one.track_id for one in sorted(people, key=lambda one: one.box.x_offset) if one.score > 0.5])
    assert len(ids[0]) == len({*ids[0]}) == 2
    assert ids == [ids[0]] * 4
    assert 0 not in ids[0]


def test_a_running_node_publishes_steadier_masks_with_smoothing(
    robot: Robot, camera: Camera, astronaut: NDArray[np.uint8]
) -> None:
    small = cv2.resize(astronaut, (320, 240)).astype(np.int16)
    noise = np.random.default_rng(1).normal(0, 12, (10, *small.shape))
    images = [np.clip(small + one, 0, 255).astype(np.uint8) for one in noise]

    def flicker() -> float:
        masks = [pixels(camera.take(image, 'mask')) for image in images][3:]
        return float(np.mean([(a != b).mean() for a, b in pairwise(masks)]))

    plain = flicker()
    assert robot.set('smoothing', True) == ''
    assert flicker() < plain / 2
    assert robot.set('smoothing', False) == ''
    assert flicker() == pytest.approx(plain)
