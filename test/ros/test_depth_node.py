# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node `depth_filter` between a depth camera and consumers, over DDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Quaternion, TransformStamped
from rendered_room import CAMERA, PARTS, Room, View, millimetres, with_noise
from robot import Process, Robot, value_of
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from bodypix_ros.depth.registration import Pinhole
from bodypix_ros.msg import BodyPart, Keypoint, Person, Person3DArray, PersonArray
from bodypix_ros.parts import part_names
from bodypix_ros.ros.depth_msg import coordinates, write_cloud
from bodypix_ros.ros.image_msg import fill

try:
    import visualization_msgs.msg as visualization
except ImportError:
    visualization = None

PROGRAM = ('-c', 'import sys; from bodypix_ros.ros.main import main_depth_filter; sys.exit(main_depth_filter())')

WITH_FAKE_TF = f"""
import sys, types
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node

class TFMessage: pass

create = Node.create_publisher

def create_publisher(node, kind, *arguments, **options):
    publisher = create(node, TransformStamped if kind is TFMessage else kind, *arguments, **options)
    if kind is TFMessage:
        send = publisher.publish
        publisher.publish = lambda message: [send(one) for one in message.transforms]
    return publisher

Node.create_publisher = create_publisher
sys.modules['tf2_msgs'] = types.ModuleType('tf2_msgs')
sys.modules['tf2_msgs.msg'] = types.SimpleNamespace(TFMessage=TFMessage)
{PROGRAM[1]}
"""
"""The node with a fake of tf2_msgs, of which there is no wheel: it publishes transforms one by one."""

WITHOUT_TF = f"import sys; sys.modules['tf2_msgs'] = None; {PROGRAM[1]}"

FRAME_NS = 33_000_000
SMALL = CAMERA.resized(320, 240)


@pytest.fixture(scope='module')
def start_filter(domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    processes: list[Process] = []

    def start_one(*arguments: str, program: tuple[str, ...] = PROGRAM) -> Process:
        log = tmp_path_factory.mktemp('depth') / 'log.txt'
        processes.append(Process(domain, log, *arguments, program=program))
        return processes[-1]

    yield start_one
    for process in processes:
        assert process.stop() == 0, process.log


@pytest.fixture(scope='module')
def node(start_filter: Callable[..., Process]) -> Process:
    # Inputs are silent between tests; on a busy machine, 'stale' would hide the status that a test waits for.
    return start_filter('-p', 'max_wait_s:=1.0', '-p', 'stale_after_s:=600.0')


@pytest.fixture(scope='module')
def scene() -> View:
    return Room(SMALL).view((0.3, 2.0))


@pytest.fixture(scope='module')
def depth(scene: View) -> np.ndarray:
    return with_noise(scene.depth_m, 1)


def image(header: Header, pixels: np.ndarray, encoding: str) -> Image:
    message = Image()
    fill(message, header, np.ascontiguousarray(pixels), encoding)
    return message


def info(header: Header, camera: Pinhole) -> CameraInfo:
    k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    return CameraInfo(header=header, width=camera.width, height=camera.height, k=k, distortion_model='plumb_bob')


def values(message: Image, kind: Any) -> np.ndarray:
    return np.frombuffer(message.data, kind).reshape(message.height, message.width)


def stamps(robot: Robot) -> tuple[Header, Header]:
    """Return the headers of two frames at 30 Hz that were never used before."""
    first = robot.header('depth_frame')
    second = Header(frame_id='depth_frame')
    second.stamp.sec, second.stamp.nanosec = first.stamp.sec, first.stamp.nanosec + FRAME_NS
    return first, second


def ask(robot: Robot, topics: dict[str, Any], inputs: list[tuple[str, Any]], pause_s: float = 0.0) -> dict[str, Any]:
    """Subscribe, publish inputs until each topic has answered, and return the answers."""
    for topic, kind in topics.items():
        robot.subscribe(topic, kind)
    for topic, message in inputs:
        robot.camera(topic, kind=type(message))
    for topic in {topic for topic, _ in inputs}:
        robot.until(lambda topic=topic: robot.camera(topic).get_subscription_count())
    robot.spin(0.5)  # until subscriptions that were opened before their publisher are as reliable as that
    known = {topic: len(robot.received[topic]) for topic in topics}
    for topic, message in inputs:
        robot.show(message, topic)
        robot.spin(0.3 if isinstance(message, CameraInfo) else pause_s)  # topics have no common order
    robot.until(lambda: all(len(robot.received[topic]) > known[topic] for topic in topics), 20.0)
    return {topic: robot.received[topic][known[topic]] for topic in topics}


@pytest.mark.parametrize(('encoding', 'nothing'), [('16UC1', 0), ('32FC1', np.nan)])
def test_people_are_gone_and_everything_else_is_as_it_was(
    robot: Robot, node: Process, scene: View, depth: np.ndarray, encoding: str, nothing: float
) -> None:
    pixels = millimetres(depth) if encoding == '16UC1' else depth
    before, now = stamps(robot)
    earlier = Room(SMALL).view((0.3 - 1.4 / 30, 2.0))
    sent = image(now, pixels, encoding)
    answers = ask(
        robot,
        {'depth/no_people': Image, 'depth/no_people/camera_info': CameraInfo},
        [
            ('depth/camera_info', info(now, SMALL)),
            ('mask', image(before, earlier.mask, 'mono8')),
            ('depth/image', sent),
            ('mask', image(now, scene.mask, 'mono8')),  # a frame later than its depth image
        ],
    )
    answer = answers['depth/no_people']
    assert answer.header == answers['depth/no_people/camera_info'].header == sent.header
    assert (answer.height, answer.width, answer.encoding, answer.step) == (240, 320, encoding, sent.step)
    assert answers['depth/no_people/camera_info'].k.tolist() == info(now, SMALL).k.tolist()
    left = values(answer, pixels.dtype)
    removed = np.isnan(left) if np.isnan(nothing) else left == 0
    assert removed[scene.mask > 0].all()
    others = (scene.mask == 0) & (pixels > 0)
    assert removed[others].mean() < 0.06
    np.testing.assert_array_equal(left[~removed], pixels[~removed])


def cloud_of(header: Header, depth: np.ndarray) -> PointCloud2:
    y, x = np.mgrid[0:240, 0:320]
    points = np.zeros((240, 320), np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('rgb', '<f4')]))
    for name, axis in zip('xyz', np.moveaxis(SMALL.points(x, y, depth), -1, 0), strict=True):
        points[name] = axis
    points['rgb'] = 0.25
    message = PointCloud2()
    write_cloud(message, header, points.ravel())
    message.height, message.width, message.row_step = 240, 320, 320 * 16
    return message


def test_points_of_people_are_not_a_number_and_the_cloud_stays_organised(
    robot: Robot, node: Process, scene: View, depth: np.ndarray
) -> None:
    before, now = stamps(robot)
    sent = cloud_of(now, depth)
    answer = ask(
        robot,
        {'points/no_people': PointCloud2},
        [('mask', image(before, scene.mask, 'mono8')), ('points', sent), ('mask', image(now, scene.mask, 'mono8'))],
    )['points/no_people']
    assert (answer.header, answer.fields) == (sent.header, sent.fields)
    assert (answer.height, answer.width, answer.is_dense) == (240, 320, False)
    x, y, z = coordinates(answer, answer.data)
    removed = np.isnan(x)
    assert removed[scene.mask > 0].all()
    assert np.array_equal(removed, np.isnan(y))
    assert np.array_equal(removed, np.isnan(z))
    assert (z[~removed] == depth[~removed]).all()
    assert removed[scene.mask == 0].mean() < 0.06


def people_of(header: Header) -> PersonArray:
    names = part_names('bodypix1')
    at = {'nose': (0.3, 1.2 - 1.62, 2.0), 'left_hip': (0.38, 1.2 - 0.85, 2.0), 'right_wrist': (-1.9, -1.0, 4.0)}
    keypoints = [
        Keypoint(name=name, x=x / z * SMALL.fx + SMALL.cx, y=y / z * SMALL.fy + SMALL.cy, z=np.nan, score=0.9)
        for name, (x, y, z) in at.items()
    ]
    person = Person(id=1, track_id=17, score=0.8, keypoints=keypoints)
    person.parts = [BodyPart(id=part, name=names[part]) for part in sorted(PARTS.values())]
    return PersonArray(header=header, height=240, width=320, model='bodypix', part_ids='bodypix1',
                       keypoint_set='coco17', people=[person])  # fmt: skip


def test_people_have_positions_points_and_markers(robot: Robot, node: Process, scene: View, depth: np.ndarray) -> None:
    topics: dict[str, Any] = {'people_3d': Person3DArray, 'people/points': PointCloud2}
    if visualization is not None:
        topics['people/markers'] = visualization.MarkerArray
    _, now = stamps(robot)
    answers = ask(
        robot,
        topics,
        [
            ('depth/camera_info', info(now, SMALL)),
            ('depth/image', image(now, millimetres(depth), '16UC1')),
            ('people', people_of(now)),
            ('instances', image(now, (scene.mask > 0).astype(np.uint8), '8UC1')),
            ('parts', image(now, scene.parts, '8SC1')),
        ],
    )
    array = answers['people_3d']
    assert (array.header, array.model, array.part_ids, array.keypoint_set) == (now, 'bodypix', 'bodypix1', 'coco17')
    (person,) = array.people
    assert (person.id, person.track_id) == (1, 17)
    y, x = np.nonzero(scene.mask)
    truth = np.median(SMALL.points(x, y, scene.depth_m[y, x]), axis=0)
    assert np.abs(np.array([person.position.x, person.position.y, person.position.z]) - truth).max() < 0.03
    assert 0 < person.spread_m < 0.1
    assert 1000 < person.count < len(x)
    assert [one.name for one in person.keypoints] == ['nose', 'left_hip']
    assert person.keypoints[0].z == pytest.approx(2.0 - 0.11, abs=0.03)
    assert 'torso_front' in [one.name for one in person.parts]
    assert {one.id for one in person.parts} <= set(PARTS.values())

    cloud = answers['people/points']
    points = np.frombuffer(cloud.data, np.dtype([('xyz', '<f4', 3), ('id', '<u2'), ('part', 'i1'), ('_', 'i1')]))
    assert (cloud.header, cloud.height, cloud.width, cloud.is_dense) == (now, 1, person.count, True)
    assert [(one.name, one.offset) for one in cloud.fields][3:] == [('id', 12), ('part', 14)]
    assert set(points['id'].tolist()) == {1}
    assert set(points['part'].tolist()) <= set(PARTS.values())
    if visualization is not None:
        markers = answers['people/markers'].markers
        assert markers[0].action == visualization.Marker.DELETEALL
        assert [one.ns for one in markers[1:]] == ['position', 'id']
        assert markers[2].text == '17'
        assert markers[1].pose.position == person.position


def test_people_of_a_model_without_parts_have_positions(
    robot: Robot, node: Process, scene: View, depth: np.ndarray
) -> None:
    _, now = stamps(robot)
    people = people_of(now)
    people.model, people.part_ids, people.keypoint_set = 'blazepose_full', '', 'blazepose33'
    people.people[0].parts = []
    inputs = [
        ('depth/camera_info', info(now, SMALL)),
        ('depth/image', image(now, millimetres(depth), '16UC1')),
        ('people', people),
        ('instances', image(now, (scene.mask > 0).astype(np.uint8), '8UC1')),
    ]
    array = ask(robot, {'people_3d': Person3DArray}, inputs)['people_3d']
    assert (array.header, array.part_ids, array.keypoint_set) == (now, '', 'blazepose33')
    (person,) = array.people
    assert person.position.z == pytest.approx(2.0, abs=0.2)
    assert (person.parts, [one.name for one in person.keypoints]) == ([], ['nose', 'left_hip'])
    robot.show(people_of(now), 'people')  # of a model with parts, to which the node then subscribes
    robot.until(lambda: robot.node.count_subscribers('parts'))


def test_the_topics_of_two_images_may_overlap(robot: Robot, node: Process, scene: View, depth: np.ndarray) -> None:
    before, now = stamps(robot)
    mask, parts = (scene.mask > 0).astype(np.uint8), scene.parts
    nobody = PersonArray(header=before, height=240, width=320, part_ids='bodypix1', keypoint_set='coco17')
    inputs = [
        ('depth/camera_info', info(now, SMALL)),
        ('depth/image', image(now, millimetres(depth), '16UC1')),
        ('people', nobody),
        ('instances', image(before, mask, '8UC1')),
        ('people', people_of(now)),
        ('parts', image(before, parts, '8SC1')),
        ('instances', image(now, mask, '8UC1')),
        ('parts', image(now, parts, '8SC1')),
    ]
    array = ask(robot, {'people_3d': Person3DArray}, inputs, pause_s=0.05)['people_3d']
    assert (array.header, len(array.people)) == (now, 1)


def test_the_followed_person_has_a_position(robot: Robot, node: Process, scene: View, depth: np.ndarray) -> None:
    _, now = stamps(robot)
    pose = PoseStamped(header=now)
    pose.pose.position.x, pose.pose.position.z = 0.3 / np.hypot(0.3, 2.0), 2.0 / np.hypot(0.3, 2.0)
    inputs = [
        ('depth/camera_info', info(now, SMALL)),
        ('depth/image', image(now, millimetres(depth), '16UC1')),
        ('people', people_of(now)),
        ('instances', image(now, (scene.mask > 0).astype(np.uint8), '8UC1')),
        ('parts', image(now, scene.parts, '8SC1')),
        ('people/pose', pose),
    ]
    answer = ask(robot, {'people/position': PoseStamped}, inputs)['people/position']
    assert answer.header == now
    assert answer.pose.position.x == pytest.approx(0.3, abs=0.05)
    assert answer.pose.position.z == pytest.approx(1.9, abs=0.05)
    assert answer.pose.orientation.w == 1.0


def test_a_depth_image_without_a_mask_is_dropped_and_reported(robot: Robot, node: Process, depth: np.ndarray) -> None:
    robot.subscribe('depth/no_people')
    known = len(robot.received['depth/no_people'])
    _, now = stamps(robot)
    robot.set('max_wait_s', 0.1, 'depth_filter')
    robot.camera('depth/image', kind=Image)
    robot.until_seen('depth/image')
    robot.show(image(now, millimetres(depth), '16UC1'), 'depth/image')
    status = robot.diagnosis('depth images', lambda one: 'no mask' in one.message, 'depth_filter')
    assert int.from_bytes(status.level, 'little') == 1
    assert 'had no mask within slop_s (0.05 s) after max_wait_s (0.1 s): they were dropped' in status.message
    assert int(value_of(status, 'without mask')) >= 1
    assert int(value_of(status, 'dropped')) >= 1
    assert len(robot.received['depth/no_people']) == known


@pytest.mark.parametrize('on_missing', ['pass', 'hold'])
def test_other_policies_publish_and_report_as_well(
    robot: Robot, node: Process, scene: View, depth: np.ndarray, on_missing: str
) -> None:
    robot.set('max_wait_s', 0.1, 'depth_filter')
    robot.set('on_missing', on_missing, 'depth_filter')
    before, _ = stamps(robot)
    late = Header(frame_id='depth_frame')
    late.stamp.sec, late.stamp.nanosec = before.stamp.sec, before.stamp.nanosec + 4 * FRAME_NS
    sent = image(late, millimetres(depth), '16UC1')
    inputs = [('mask', image(before, scene.mask, 'mono8')), ('depth/image', sent)]
    answer = ask(robot, {'depth/no_people': Image}, inputs)['depth/no_people']
    status = robot.diagnosis('depth images', lambda one: 'had no mask' in one.message, 'depth_filter')
    assert answer.header == late
    left = values(answer, np.uint16)
    if on_missing == 'pass':
        assert np.array_equal(left, millimetres(depth))
        assert 'they were published WITH people' in status.message
    else:
        assert not left[scene.mask > 0].any()
        assert 'they got an older mask' in status.message
    robot.set('on_missing', 'drop', 'depth_filter')


def test_bad_data_affect_no_other_data(robot: Robot, node: Process, scene: View, depth: np.ndarray) -> None:
    _, now = stamps(robot)
    good = image(now, millimetres(depth), '16UC1')
    short = image(robot.header(), millimetres(depth), '16UC1')
    short.data = short.data[:-2]
    wrong = image(robot.header(), scene.mask, 'mono8')
    mask = image(now, scene.mask, 'mono8')
    inputs = [('depth/image', short), ('depth/image', wrong), ('depth/image', good), ('mask', mask)]
    assert ask(robot, {'depth/no_people': Image}, inputs)['depth/no_people'].header == now
    robot.until_logged(node, 'got 153598 bytes of data, expected 240 rows of 640 bytes; message dropped')
    robot.until_logged(node, "a depth image must have encoding 16UC1, mono16 or 32FC1, got 'mono8'; message dropped")


def test_a_camera_that_is_not_calibrated_is_filtered_but_has_no_positions(
    robot: Robot, node: Process, scene: View, depth: np.ndarray
) -> None:
    _, now = stamps(robot)
    inputs = [
        ('depth/camera_info', CameraInfo(header=now, width=320, height=240)),
        ('mask', image(now, scene.mask, 'mono8')),
        ('people', people_of(now)),
        ('instances', image(now, (scene.mask > 0).astype(np.uint8), '8UC1')),
        ('parts', image(now, scene.parts, '8SC1')),
        ('depth/image', image(now, millimetres(depth), '16UC1')),
    ]
    answer = ask(robot, {'depth/no_people': Image}, inputs)['depth/no_people']
    assert not values(answer, np.uint16)[scene.mask > 0].any()
    robot.subscribe('people_3d', Person3DArray)
    status = robot.diagnosis('people', lambda one: 'failed' in one.message, 'depth_filter')
    assert 'camera_info of size 320x240 has no focal length in P or K: calibrate the camera' in status.message


def test_wrong_parameters_are_refused_with_what_is_expected(robot: Robot, node: Process) -> None:
    assert 'on_missing must be drop, pass or hold' in robot.set('on_missing', 'keep', 'depth_filter')
    reason = robot.set('depth_to_color', '1 2 3', 'depth_filter')
    assert 'depth_to_color must be empty or "x y z qx qy qz qw"' in reason


def test_a_wrong_parameter_ends_the_start_with_a_sentence(domain: int, tmp_path: Path) -> None:
    process = Process(domain, tmp_path / 'log.txt', '-p', 'on_missing:=keep', program=PROGRAM)
    assert process.wait() == 2
    assert "on_missing must be drop, pass or hold, got 'keep'" in process.log
    assert 'Traceback' not in process.log


def test_depth_of_another_pose_and_size_needs_the_cameras_and_then_loses_its_people(
    robot: Robot, start_filter: Callable[..., Process], scene: View, depth: np.ndarray
) -> None:
    start_filter('-r', '__ns:=/other', '-p', 'depth_to_color:=-0.015 0 0 0 0 0 1')
    color = Pinhole(424, 240, 250.0, 250.0, 211.5, 119.5)
    seen = Room(color, (0.015, 0.0, 0.0)).view((0.3, 2.0))
    _, now = stamps(robot)
    answer = ask(
        robot,
        {'/other/depth/no_people': Image},
        [
            ('/other/depth/camera_info', info(now, SMALL)),
            ('/other/camera_info', info(now, color)),
            ('/other/mask', image(now, seen.mask, 'mono8')),
            ('/other/depth/image', image(now, millimetres(depth), '16UC1')),
        ],
    )['/other/depth/no_people']
    left = values(answer, np.uint16)
    assert (left[(scene.mask > 0) & (depth > 0)] == 0).mean() > 0.999
    assert (left[(scene.mask == 0) & (depth > 0)] == 0).mean() < 0.06


def test_tracked_people_have_tf_frames_on_request(
    robot: Robot, start_filter: Callable[..., Process], scene: View, depth: np.ndarray
) -> None:
    start_filter('-r', '__ns:=/frames', program=('-c', WITH_FAKE_TF))
    robot.diagnosis('people', node='frames/depth_filter')  # it has started
    assert robot.node.get_publishers_info_by_topic('/tf') == []
    assert robot.set('publish_tf', True, '/frames/depth_filter') == ''

    def show(*topics: tuple[str, Any]) -> tuple[Header, dict[str, Any]]:
        _, now = stamps(robot)
        inputs = [
            ('/frames/depth/camera_info', info(now, SMALL)),
            ('/frames/depth/image', image(now, millimetres(depth), '16UC1')),
            ('/frames/people', people_of(now)),
            ('/frames/instances', image(now, (scene.mask > 0).astype(np.uint8), '8UC1')),
            ('/frames/parts', image(now, scene.parts, '8SC1')),
        ]
        return now, ask(robot, dict(topics), inputs)

    show(('/tf', TransformStamped))  # a subscriber of /tf is sufficient
    now, answers = show(('/tf', TransformStamped), ('/frames/people_3d', Person3DArray))
    transform, (person,) = answers['/tf'], answers['/frames/people_3d'].people
    assert (transform.header, transform.child_frame_id) == (now, 'person_17')
    translation = transform.transform.translation
    assert (translation.x, translation.y, translation.z) == (person.position.x, person.position.y, person.position.z)
    assert transform.transform.rotation == Quaternion(w=1.0)
    (offer,) = robot.node.get_publishers_info_by_topic('/tf')
    assert offer.node_name == 'depth_filter'
    assert robot.set('publish_tf', False, '/frames/depth_filter') == ''
    robot.until(lambda: not robot.node.get_publishers_info_by_topic('/tf'))


def test_frames_without_tf2_msgs_are_reported_once(robot: Robot, start_filter: Callable[..., Process]) -> None:
    process = start_filter('-r', '__ns:=/no_tf', '-p', 'publish_tf:=true', program=('-c', WITHOUT_TF))
    robot.until_logged(process, 'publish_tf is true but tf2_msgs is not installed')
    assert robot.set('dilate_px', 9, '/no_tf/depth_filter') == ''
    assert process.log.count('tf2_msgs') == 1


def test_nothing_is_received_while_nobody_subscribes(robot: Robot, start_filter: Callable[..., Process]) -> None:
    start_filter('-r', '__ns:=/idle')
    robot.camera('/idle/depth/image')
    status = robot.diagnosis('depth images', node='idle/depth_filter')
    assert 'no subscribers, so nothing is received' in status.message
    assert robot.camera('/idle/depth/image').get_subscription_count() == 0


def test_an_input_without_a_publisher_is_named(robot: Robot, start_filter: Callable[..., Process]) -> None:
    start_filter('-r', '__ns:=/alone', '-p', 'stale_after_s:=0.2')
    robot.subscribe('/alone/points/no_people', PointCloud2)
    status = robot.diagnosis('points', lambda one: 'no publisher' in one.message, 'alone/depth_filter')
    assert status.message == (
        '/alone/points has no publisher: start the node that publishes it, or remap the topic, -r points:=...'
    )


def test_people_of_the_segmentation_node_are_removed_and_located(
    robot: Robot,
    start_plain: Callable[..., Process],
    start_filter: Callable[..., Process],
    astronaut: np.ndarray,
) -> None:
    start_plain('-r', '__ns:=/both', '-r', 'image:=color/image_raw', '-p', 'internal_resolution:=257')
    start_filter('-r', '__ns:=/both', '-p', 'max_wait_s:=1.0')
    for topic, kind in (('depth/no_people', Image), ('mask', Image), ('people_3d', Person3DArray)):
        robot.subscribe(f'/both/{topic}', kind)
    picture = robot.message(astronaut)
    depth = image(picture.header, np.full((512, 512), 2000, np.uint16), '16UC1')

    def answers() -> list[Any]:
        topics = ('depth/no_people', 'mask', 'people_3d')
        return [one for topic in topics for one in robot.received[f'/both/{topic}'][:1]]

    for _ in range(30):  # until the model is loaded
        robot.show(info(picture.header, Pinhole(512, 512, 500.0, 500.0, 255.5, 255.5)), '/both/depth/camera_info')
        robot.show(depth, '/both/depth/image')
        robot.show(picture, '/both/color/image_raw')
        if robot.until(lambda: len(answers()) == 3, 1.0, required=False):
            break
    filtered, mask, people = answers()
    assert filtered.header == mask.header == people.header == picture.header
    removed = values(filtered, np.uint16) == 0
    person = values(mask, np.uint8) > 0
    assert 0.2 < person.mean() < 0.8
    assert removed[person].all()
    assert removed[~person].mean() < 0.2
    assert people.people[0].id == 1
    assert people.people[0].position.z == pytest.approx(2.0, abs=1e-3)
    assert {'left_face', 'right_face', 'torso_front'} <= {part.name for part in people.people[0].parts}
    assert 'nose' in [keypoint.name for keypoint in people.people[0].keypoints]
