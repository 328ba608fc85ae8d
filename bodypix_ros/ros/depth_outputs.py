# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All published topics of `depth_filter`, and how their messages are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import ColorRGBA

from .. import msg
from ..depth.people_mask import Depth
from ..depth.positions import POINT, Measured
from .depth_msg import copy_cloud, write_cloud
from .outputs import Output, OutputMessage, write_camera_info

try:
    from visualization_msgs.msg import Marker, MarkerArray
except ImportError:
    Marker = MarkerArray = None

_BONES = (
    ('left_shoulder', 'right_shoulder'), ('left_hip', 'right_hip'), ('left_shoulder', 'left_hip'),
    ('right_shoulder', 'right_hip'), ('left_shoulder', 'left_elbow'), ('left_elbow', 'left_wrist'),
    ('right_shoulder', 'right_elbow'), ('right_elbow', 'right_wrist'), ('left_hip', 'left_knee'),
    ('left_knee', 'left_ankle'), ('right_hip', 'right_knee'), ('right_knee', 'right_ankle'),
)  # fmt: skip
"""Pairs of keypoints that markers connect."""


@dataclass(frozen=True)
class FilteredDepth:
    """A depth image and the people in it; `people` is None if it is published with them."""

    image: Image
    depth: Depth
    people: NDArray[np.bool_] | None
    camera_info: CameraInfo | None

    @property
    def header(self) -> Any:
        """The header of the depth image."""
        return self.image.header


@dataclass(frozen=True)
class FilteredPoints:
    """A cloud and the people in it; `people` is None if it is published with them."""

    cloud: PointCloud2
    people: NDArray[np.bool_] | None


@dataclass(frozen=True)
class LocatedPerson:
    """The measurements of one person.

    Attributes:
        person: the message of the person in the image.
        position: of the person.
        parts: positions by part id.
        keypoints: positions of the person's keypoints; None for those without depth.
        points: (N,) of type `depth.positions.POINT`.
    """

    person: msg.Person
    position: Measured
    parts: dict[int, Measured]
    keypoints: Sequence[tuple[float, float, float] | None]
    points: NDArray[np.void]


@dataclass(frozen=True)
class LocatedPeople:
    """The people in a depth image with this header, and the message that describes them in the camera image."""

    header: Any
    array: msg.PersonArray
    persons: Sequence[LocatedPerson]


def _write_depth(message: OutputMessage, result: FilteredDepth) -> bool:
    pixels = message.pixels(result.header, result.depth.shape, result.depth.dtype, result.image.encoding)
    np.copyto(pixels, result.depth)
    if result.people is not None:
        nothing = np.nan if pixels.dtype == np.float32 else 0
        np.copyto(pixels, nothing, where=result.people)
    return True


def _write_points(message: OutputMessage, result: FilteredPoints) -> bool:
    points = copy_cloud(result.cloud, message.content)
    if result.people is not None:
        message.content.is_dense = False
        for values in points:
            np.copyto(values, np.nan, where=result.people)
    return True


def _write_people_3d(message: OutputMessage, result: LocatedPeople) -> bool:
    array = message.content
    array.header = result.header
    array.model, array.part_ids = result.array.model, result.array.part_ids
    array.keypoint_set = result.array.keypoint_set
    array.people = [_person_message(one) for one in result.persons]
    return True


def _person_message(one: LocatedPerson) -> msg.Person3D:
    names = {part.id: part.name for part in one.person.parts}
    return msg.Person3D(
        id=one.person.id,
        track_id=one.person.track_id,
        score=one.person.score,
        position=_point(one.position),
        spread_m=one.position.spread_m,
        count=one.position.samples,
        keypoints=[
            msg.Keypoint(
                name=keypoint.name,
                x=position[0],
                y=position[1],
                z=position[2],
                score=keypoint.score,
                presence=keypoint.presence,
            )
            for keypoint, position in zip(one.person.keypoints, one.keypoints, strict=True)
            if position is not None
        ],
        parts=[
            msg.BodyPart3D(
                id=part,
                name=names.get(part, ''),
                position=_point(position),
                spread_m=position.spread_m,
                count=position.samples,
            )
            for part, position in sorted(one.parts.items())
        ],
    )


def _point(position: Sequence[float]) -> Point:
    return Point(x=position[0], y=position[1], z=position[2])


def _write_people_points(message: OutputMessage, result: LocatedPeople) -> bool:
    points = [one.points for one in result.persons]
    joined = np.concatenate([np.zeros(0, POINT), *points]).astype(POINT)  # NumPy joins them without padding
    write_cloud(message.content, result.header, joined)
    return True


def _write_markers(message: OutputMessage, result: LocatedPeople) -> bool:
    markers = [Marker(header=result.header, action=Marker.DELETEALL)]
    for one in result.persons:
        number = one.person.track_id or one.person.id
        for namespace, kind, size, color in (
            ('position', Marker.SPHERE, 0.2, (0.1, 0.7, 1.0)),
            ('id', Marker.TEXT_VIEW_FACING, 0.2, (1.0, 1.0, 1.0)),
            ('skeleton', Marker.LINE_LIST, 0.03, (1.0, 0.8, 0.1)),
        ):
            marker = Marker(header=result.header, ns=namespace, id=one.person.id, type=kind, action=Marker.ADD)
            marker.scale = Vector3(x=size, y=size, z=size)
            marker.color = ColorRGBA(r=color[0], g=color[1], b=color[2], a=1.0)
            marker.pose.orientation.w = 1.0
            if kind == Marker.LINE_LIST:
                marker.points = _bones(one)
            else:
                marker.pose.position = _point(one.position)
            if kind == Marker.TEXT_VIEW_FACING:
                marker.text = str(number)
            if kind != Marker.LINE_LIST or marker.points:
                markers.append(marker)
    message.content.markers = markers
    return True


def _bones(one: LocatedPerson) -> list[Point]:
    points = {
        keypoint.name: _point(position)
        for keypoint, position in zip(one.person.keypoints, one.keypoints, strict=True)
        if position is not None
    }
    return [points[name] for bone in _BONES if points.keys() >= set(bone) for name in bone]


DEPTH = (
    Output('depth/no_people', Image, _write_depth),
    Output('depth/no_people/camera_info', CameraInfo, write_camera_info),
)
"""The outputs of a FilteredDepth."""

POINTS = (Output('points/no_people', PointCloud2, _write_points),)
"""The outputs of a FilteredPoints."""

PEOPLE = (
    Output('people_3d', msg.Person3DArray, _write_people_3d),
    Output('people/points', PointCloud2, _write_people_points),
    *([] if MarkerArray is None else [Output('people/markers', MarkerArray, _write_markers)]),
)
"""The outputs of LocatedPeople; markers require visualization_msgs."""
