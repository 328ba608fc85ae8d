# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whom the node follows, and in which direction that person is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from robot import Process, Robot, value_of
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from bodypix_ros.errors import ImageError
from bodypix_ros.gestures import Gesture, GestureKind
from bodypix_ros.msg import PersonArray
from bodypix_ros.people import Keypoint, People, Person
from bodypix_ros.regions import Box
from bodypix_ros.ros.follower import Follower
from bodypix_ros.ros.people_msgs import bearing, middle_of, write_pose
from bodypix_ros.ros.result import Result, Track
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings
from bodypix_ros.srv import Follow

STOP, TRACK_ID = Follow.Request.STOP, Follow.Request.TRACK_ID
NEAREST, RAISED_HAND = Follow.Request.NEAREST, Follow.Request.RAISED_HAND
HOLD_S = 2.0
RAISED = (Gesture(GestureKind.LEFT_HAND_RAISED, 0.0),)
CAMERA = [500.0, 0.0, 319.5, 0.0, 500.0, 239.5, 0.0, 0.0, 1.0]


def person(height: int = 100, points: tuple[tuple[str, float, float, float], ...] = ()) -> Person:
    box = Box(10, 20, 50, height)
    return Person(1, 0.9, box, tuple(Keypoint(*point) for point in points), 1000, ())


class Scene:
    """A follower, and people of given ids and heights in one image after the other."""

    def __init__(self) -> None:
        self.follower = Follower('front')
        self.stamp_s = 0.0

    def follow(self, target: int, track_id: int = 0) -> str:
        return self.follower.follow(target, track_id, HOLD_S)

    def show(self, heights: dict[int, int], raised: tuple[int, ...] = (), step_s: float = 0.5) -> int:
        self.stamp_s += step_s
        gestures = [RAISED if number in raised else () for number in heights]
        people = [person(height) for height in heights.values()]
        return self.follower.update(people, list(heights), gestures, self.stamp_s, HOLD_S)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_nobody_is_followed_without_a_request(scene: Scene) -> None:
    assert scene.show({1: 100}, raised=(1,)) == 0
    assert scene.follower.state == 'nobody'


def test_the_nearest_is_who_appears_tallest(scene: Scene) -> None:
    assert scene.follow(NEAREST) == 'waiting for a person'
    assert scene.show({}) == 0
    assert scene.show({1: 100, 2: 180, 3: 90}) == 2
    assert scene.follower.state == 'person 2'


def test_the_follower_stays_with_a_person_when_another_comes_nearer(scene: Scene) -> None:
    scene.follow(NEAREST)
    assert [scene.show({1: 100}), scene.show({1: 100, 2: 300}), scene.show({1: 60, 2: 300})] == [1, 1, 1]


def test_a_person_whose_id_is_unknown_is_not_chosen(scene: Scene) -> None:
    scene.follow(NEAREST)
    assert scene.show({0: 300}) == 0


def test_a_raised_hand_is_waited_for(scene: Scene) -> None:
    assert scene.follow(RAISED_HAND) == 'waiting for a raised hand'
    assert scene.show({1: 100, 2: 100}) == 0
    assert scene.show({1: 100, 2: 100}, raised=(2,)) == 2
    assert scene.show({1: 100, 2: 100}, raised=(1,)) == 2


def test_a_person_is_followed_by_id(scene: Scene) -> None:
    scene.show({1: 100, 2: 180})
    assert scene.follow(TRACK_ID, 1) == 'person 1'
    assert scene.show({1: 100, 2: 180}) == 1


def test_an_id_that_was_not_seen_lately_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match=r'track_id must be one of the recently detected people \(none\), got 3'):
        scene.follow(TRACK_ID, 3)
    scene.show({1: 100, 2: 180})
    scene.show({2: 180}, step_s=HOLD_S + 0.1)
    with pytest.raises(ValueError, match=r'track_id must be one of the recently detected people \(2\), got 1'):
        scene.follow(TRACK_ID, 1)


def test_an_unknown_target_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match=r'target must be STOP \(0\), .* or RAISED_HAND \(3\), got 9'):
        scene.follow(9)


def test_stop_ends_following(scene: Scene) -> None:
    scene.follow(NEAREST)
    scene.show({1: 100})
    assert scene.follow(STOP) == 'nobody'
    assert scene.show({1: 100}) == 0


def test_a_hidden_person_is_waited_for(scene: Scene) -> None:
    scene.follow(NEAREST)
    scene.show({1: 100})
    assert scene.show({2: 300}, step_s=1.0) == 1
    assert scene.follower.state == 'person 1 is hidden'
    assert scene.show({1: 100, 2: 300}, step_s=1.0) == 1
    assert scene.follower.state == 'person 1'


def test_a_lost_person_is_reported_and_not_replaced(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    scene.follow(NEAREST)
    scene.show({1: 100})
    scene.show({2: 300}, step_s=1.0)
    assert scene.show({2: 300}, step_s=1.25) == 0
    assert caplog.messages == ['front: following person 1', 'front: person 1 is lost: not detected for 2.2 s']
    assert [scene.show({1: 100, 2: 300}), scene.follower.state] == [0, 'nobody: person 1 is lost']


def test_a_recording_that_starts_again_loses_nobody_at_once(scene: Scene) -> None:
    scene.follow(NEAREST)
    scene.show({1: 100}, step_s=50.0)
    scene.stamp_s = 0.0
    assert scene.show({}) == 1
    assert scene.show({}, step_s=HOLD_S + 0.1) == 0


def test_the_middle_is_that_of_the_torso_if_it_is_seen() -> None:
    torso = (('left_shoulder', 10.0, 0.0, 0.9), ('right_shoulder', 30.0, 0.0, 0.9), ('left_hip', 20.0, 60.0, 0.8))
    assert middle_of(person(points=torso)) == (20.0, 20.0)
    assert middle_of(person(points=(('left_hip', 5.0, 5.0, 0.1), ('right_hip', 5.0, 5.0, 0.1)))) == (34.5, 69.5)


def test_the_principal_point_is_straight_ahead() -> None:
    info = CameraInfo(height=480, width=640, k=CAMERA)
    assert bearing((319.5, 239.5), info, 480, 640) == pytest.approx([0, 0, 1])
    right = bearing((819.5, 239.5), info, 480, 640)
    assert right == pytest.approx([np.sqrt(0.5), 0, np.sqrt(0.5)])


def test_camera_info_of_another_size_is_scaled() -> None:
    info = CameraInfo(height=480, width=640, k=CAMERA)
    half = bearing((100 / 2 - 0.25, 50 / 2 - 0.25), info, 240, 320)
    assert half == pytest.approx(bearing((100.0, 50.0), info, 480, 640))


@pytest.mark.parametrize('model', ['plumb_bob', 'equidistant'])
def test_the_distortion_of_the_lens_is_removed(model: str) -> None:
    direction = np.array([0.3, -0.2, 1.0])
    matrix = np.array(CAMERA).reshape(3, 3)
    if model == 'equidistant':
        d = [0.05, -0.01, 0.002, 0.0]
        pixel = cv2.fisheye.projectPoints(direction.reshape(1, 1, 3), np.zeros(3), np.zeros(3), matrix, np.array(d))[0]
    else:
        d = [-0.3, 0.1, 0.001, -0.002, 0.0]
        pixel = cv2.projectPoints(direction.reshape(1, 1, 3), np.zeros(3), np.zeros(3), matrix, np.array(d))[0]
    info = CameraInfo(height=480, width=640, k=CAMERA, d=d, distortion_model=model)
    found = bearing(tuple(pixel.reshape(2)), info, 480, 640)
    assert found == pytest.approx(direction / np.linalg.norm(direction), abs=1e-4)


@pytest.mark.parametrize(('index', 'value'), [(0, -500.0), (0, np.nan), (2, np.inf), (4, 0.0), (4, 1e-320)])
def test_without_a_calibrated_camera_there_is_no_direction(index: int, value: float) -> None:
    info = CameraInfo(height=480, width=640, k=CAMERA)
    info.k[index] = value
    assert bearing((100.0, 50.0), info, 480, 640) is None
    assert not write_pose(PoseStamped(), result((Track(4), Track(7, followed=True)), info))


def test_distortion_that_opencv_does_not_support_is_explained() -> None:
    info = CameraInfo(height=480, width=640, k=CAMERA, d=[0.1, 0.2, 0.3])
    with pytest.raises(ImageError, match='camera_info has 3 distortion coefficients, expected 4, 5, 8, 12 or 14'):
        bearing((100.0, 50.0), info, 480, 640)
    info.d = [0.0, 0.0, 0.0]
    assert bearing((319.5, 239.5), info, 480, 640) == pytest.approx([0, 0, 1])


def result(tracks: tuple[Track, ...], info: CameraInfo | None) -> Result:
    labels = np.zeros((480, 640), np.uint8)
    people = People((person(), person(200)), labels, ())
    found = Segmentation(labels > 0, people=people)
    image = np.zeros((480, 640, 3), np.uint8)
    return Result(Header(frame_id='eye'), image, found, 'bodypix1', PictureSettings(), info, tracks=tracks)


def test_the_pose_is_a_unit_vector_in_the_frame_of_the_camera() -> None:
    message = PoseStamped()
    info = CameraInfo(height=480, width=640, k=CAMERA)
    assert write_pose(message, result((Track(4), Track(7, followed=True)), info))
    position = message.pose.position
    expected = bearing(middle_of(person(200)), info, 480, 640)
    assert message.header.frame_id == 'eye'
    assert (position.x, position.y, position.z) == pytest.approx(tuple(expected))
    assert np.linalg.norm([position.x, position.y, position.z]) == pytest.approx(1.0)
    assert message.pose.orientation.w == 1.0


@pytest.mark.parametrize(
    ('tracks', 'info'),
    [
        ((), CameraInfo(k=CAMERA)),
        ((Track(4), Track(7)), CameraInfo(k=CAMERA)),
        ((Track(4), Track(7, followed=True)), None),
        ((Track(4), Track(7, followed=True)), CameraInfo()),
    ],
    ids=['not tracked', 'nobody followed', 'no camera_info', 'not calibrated'],
)
def test_without_a_followed_person_or_a_calibration_there_is_no_pose(
    tracks: tuple[Track, ...], info: CameraInfo | None
) -> None:
    assert not write_pose(PoseStamped(), result(tracks, info))


class Walk:
    """A person who walks through the images of a running node's camera."""

    def __init__(self, robot: Robot, picture: NDArray[np.uint8]) -> None:
        self._robot, self._picture = robot, picture
        self._sec = 100

    def step(self, x: int, milliseconds: int, topics: list[str], shown: bool = True) -> dict[str, Any]:
        """Show the person with the left edge in column x, so long after the image before; return the answers."""
        self._sec += milliseconds
        image = np.full((240, 480, 3), 90, np.uint8)
        if shown:
            image[:, x : x + 240] = self._picture
        message = self._robot.message(image)
        message.header.stamp.sec, message.header.stamp.nanosec = self._sec // 1000, self._sec % 1000 * 1_000_000
        info = CameraInfo(header=message.header, height=240, width=480, k=CAMERA)
        self._robot.show(info, 'camera_info')
        return self._robot.answer(message, topics)


@pytest.fixture(scope='module')
def walk(robot: Robot, start_plain: Callable[..., Process], astronaut: NDArray[np.uint8]) -> Iterator[Walk]:
    start_plain('-p', 'follow_hold_s:=1.0')
    robot.subscribe('people', PersonArray)
    robot.subscribe('people/pose', PoseStamped)
    robot.camera('camera_info', kind=CameraInfo)
    walk = Walk(robot, np.ascontiguousarray(cv2.resize(astronaut, (240, 240))))
    walk.step(100, 100, ['people'])
    yield walk


def follow(robot: Robot, target: int, **request: Any) -> tuple[bool, str]:
    answer = robot.call(Follow, 'bodypix/follow', Follow.Request(target=target, **request))
    return answer.success, answer.message


def test_a_running_node_publishes_the_direction_of_the_nearest(robot: Robot, walk: Walk) -> None:
    assert follow(robot, NEAREST) == (True, 'waiting for a person')
    poses = [walk.step(x, 100, ['people', 'people/pose'])['people/pose'] for x in (0, 20, 40)]
    x = [pose.pose.position.x for pose in poses]
    assert x[0] < x[1] < x[2]
    assert {pose.header.frame_id for pose in poses} == {'camera'}
    status = robot.diagnosis('camera', lambda status: value_of(status, 'following') != 'nobody')
    assert value_of(status, 'following').startswith('person ')


def test_a_person_that_a_running_node_loses_is_reported(robot: Robot, walk: Walk) -> None:
    known = len(robot.received['people/pose'])
    for _ in range(3):
        walk.step(0, 500, ['people'], shown=False)
    status = robot.diagnosis('camera', lambda status: 'lost' in value_of(status, 'following'))
    assert value_of(status, 'following').startswith('nobody: person ')
    walk.step(40, 100, ['people'])
    assert len(robot.received['people/pose']) == known


def test_a_wrong_request_is_explained(robot: Robot, walk: Walk) -> None:
    success, text = follow(robot, TRACK_ID, track_id=999)
    assert not success
    assert text.startswith('track_id must be one of the recently detected people (')
    assert follow(robot, NEAREST, camera='left') == (
        False,
        "camera must be empty, as the camera of this node has no name; got 'left'",
    )


def test_without_ids_nobody_can_be_followed(robot: Robot, walk: Walk) -> None:
    assert robot.set('tracking', False) == ''
    assert follow(robot, NEAREST) == (False, 'following requires track ids: set the parameter tracking to true')
    assert follow(robot, STOP) == (True, 'nobody')
    assert robot.set('tracking', True) == ''


def test_a_request_says_that_people_are_not_looked_for(robot: Robot, walk: Walk) -> None:
    for topic in ('people', 'people/pose'):
        robot.unsubscribe(topic)
    robot.until_wanted()
    success, text = follow(robot, NEAREST)
    assert (success, text) == (
        True,
        'waiting for a person; people are not detected until people/pose or people has a subscriber',
    )
