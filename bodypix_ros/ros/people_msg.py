"""From people to their messages."""

from __future__ import annotations

import math
from typing import Any

from sensor_msgs.msg import RegionOfInterest

from .. import msg, people
from ..parts import PartIds
from ..regions import Box


def write_people(
    message: msg.PersonArray, header: Any, found: people.People, size: tuple[int, int], part_ids: PartIds
) -> None:
    """Write the people of one image into a message.

    Args:
        message: the message to write to.
        header: std_msgs/Header of the image.
        found: the people.
        size: height and width of the image, pixels.
        part_ids: numbering of their parts.
    """
    message.header = header
    message.height, message.width = size
    message.part_ids = part_ids
    message.keypoint_set = 'coco17'
    message.z_kind = msg.PersonArray.Z_NONE
    message.people = [_person(person) for person in found.persons]


def _person(person: people.Person) -> msg.Person:
    return msg.Person(
        id=person.id,
        score=person.score,
        box=_box(person.box),
        area_px=person.area_px,
        keypoints=[
            msg.Keypoint(name=point.name, x=point.x, y=point.y, z=math.nan, score=point.score)
            for point in person.keypoints
        ],
        parts=[
            msg.BodyPart(id=part.part, name=part.name, area_px=part.area_px, x=part.x, y=part.y, box=_box(part.box))
            for part in person.parts
        ],
    )


def _box(box: Box | None) -> RegionOfInterest:
    if box is None:
        return RegionOfInterest()
    x, y, width, height = box
    return RegionOfInterest(x_offset=x, y_offset=y, width=width, height=height)
