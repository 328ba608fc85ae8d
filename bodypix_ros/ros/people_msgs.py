# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages about people: PersonArray, detections, and the direction of the followed person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from .. import msg
from ..errors import ImageError
from ..people import CERTAIN, SIDES, Z_KINDS, Keypoint, Person
from ..regions import Box
from .result import Result, Track

__all__ = ['Detection2DArray', 'bearing', 'middle_of', 'write_detections', 'write_people', 'write_pose']

try:
    from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose
except ImportError:
    Detection2D = Detection2DArray = ObjectHypothesisWithPose = None

_DISTORTION_SIZES = (4, 5, 8, 12, 14)
"""Numbers of coefficients that OpenCV supports."""
_TORSO = ('left_shoulder', 'right_shoulder', 'left_hip', 'right_hip')


def write_people(array: msg.PersonArray, result: Result) -> bool:
    """Write all information about each person."""
    array.header = result.header
    array.height, array.width = result.image.shape[:2]
    array.model, array.part_ids = result.model, '' if result.segmentation.parts is None else result.part_ids
    array.keypoint_set = result.people.keypoint_set
    array.z_kind = Z_KINDS[result.people.keypoint_set]
    array.people = [_person_message(person, track) for person, track in result.tracked_people]
    return True


def write_detections(array: Any, result: Result) -> bool:
    """Write a vision_msgs/Detection2DArray: the box of each person with pixels, the score, and the id."""
    array.header = result.header
    array.detections = [
        _detection(result.header, person, person.box, track)
        for person, track in result.tracked_people
        if person.box is not None
    ]
    return True


def write_pose(message: PoseStamped, result: Result) -> bool:
    """Write the direction of the followed person; return false if nobody is followed or the direction is unknown.

    The position is a unit vector in the optical frame of the camera, because a camera without depth does not measure
    distances. The orientation is the identity.
    """
    info = result.camera_info
    followed = next((person for person, track in result.tracked_people if track.followed), None)
    if followed is None or info is None:
        return False
    direction = bearing(middle_of(followed), info, *result.image.shape[:2])
    if direction is None:
        return False
    message.header = result.header
    position = message.pose.position
    position.x, position.y, position.z = map(float, direction)
    message.pose.orientation.w = 1.0
    return True


def middle_of(person: Person) -> tuple[float, float]:
    """Return column and row of the centre of a person: of the torso if visible, otherwise of the box or keypoints."""
    certain = [point for point in person.keypoints if point.score >= CERTAIN]
    points = [point for point in certain if point.name in _TORSO]
    if len(points) < 2 and person.box is not None:
        box = person.box
        return box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2
    points = points or certain or list(person.keypoints)
    return float(np.mean([point.x for point in points])), float(np.mean([point.y for point in points]))


def bearing(pixel: tuple[float, float], info: CameraInfo, height: int, width: int) -> NDArray[np.float64] | None:
    """Return the direction of a pixel in the optical frame: x right, y down, z forward.

    Args:
        pixel: column and row in the raw image, which camera_info describes.
        info: of the camera; if it is for another size, it is scaled.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        (3,) unit vector; None if the camera is not calibrated.

    Raises:
        ImageError: the number of distortion coefficients is not supported.
    """
    if not (info.k[0] > 0 and info.k[4] > 0):
        return None
    scale_x, scale_y = width / (info.width or width), height / (info.height or height)
    matrix = np.array(info.k, float).reshape(3, 3)
    point = np.array([[[(pixel[0] + 0.5) / scale_x - 0.5, (pixel[1] + 0.5) / scale_y - 0.5]]])
    distortion = np.array(info.d, float)
    if distortion.any() and distortion.size not in _DISTORTION_SIZES:
        raise ImageError(f'camera_info has {distortion.size} distortion coefficients, expected 4, 5, 8, 12 or 14')
    if info.distortion_model == 'equidistant' and distortion.size >= 4:
        flat = cv2.fisheye.undistortPoints(point, matrix, distortion[:4])
    else:
        flat = cv2.undistortPoints(point, matrix, distortion if distortion.any() else None)
    with np.errstate(all='ignore'):
        direction = np.append(flat.reshape(2), 1.0)
        direction /= np.linalg.norm(direction)
    return direction if np.isfinite(direction).all() else None


def _person_message(person: Person, track: Track) -> msg.Person:
    return msg.Person(
        id=person.id,
        track_id=track.id,
        score=person.score,
        box=_box_message(person.box),
        area_px=person.area_px,
        keypoints=_keypoint_messages(person.keypoints),
        world_keypoints=_keypoint_messages(person.world_keypoints),
        hands=[
            msg.Hand(side=SIDES[hand.side], score=hand.score, keypoints=_keypoint_messages(hand.keypoints))
            for hand in person.hands
        ],
        parts=[
            msg.BodyPart(
                id=part.part, name=part.name, area_px=part.area_px, x=part.x, y=part.y, box=_box_message(part.box)
            )
            for part in person.parts
        ],
        gestures=sum(int(kind) for kind, _ in track.gestures),
        gesture_times=[msg.Gesture(kind=int(kind), since=_time(since_ns)) for kind, since_ns in track.gestures],
    )


def _keypoint_messages(points: Sequence[Keypoint]) -> list[msg.Keypoint]:
    return [
        msg.Keypoint(name=point.name, x=point.x, y=point.y, z=point.z, score=point.score, presence=point.presence)
        for point in points
    ]


def _box_message(box: Box | None) -> RegionOfInterest:
    if box is None:
        return RegionOfInterest()
    return RegionOfInterest(x_offset=box.x, y_offset=box.y, width=box.width, height=box.height)


def _detection(header: Any, person: Person, box: Box, track: Track) -> Any:
    detection = Detection2D(header=header, id=str(track.id) if track.id else '')
    detection.bbox.center.position.x = box.x + box.width / 2
    detection.bbox.center.position.y = box.y + box.height / 2
    detection.bbox.size_x, detection.bbox.size_y = float(box.width), float(box.height)
    hypothesis = ObjectHypothesisWithPose()
    hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = 'person', float(person.score)
    detection.results = [hypothesis]
    return detection


def _time(stamp_ns: int) -> Time:
    return Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
