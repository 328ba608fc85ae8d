# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds heads in a segmentation, and prefers a false head to a missed one.

Sources of evidence, each of which is sufficient: pixels that are labelled as face, keypoints of the head of any pose,
and shoulders without a head. Regions of people in which none of these is found are returned as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .parts import PartIds, part_numbers
from .people import Keypoint, People
from .regions import Box
from .segmentation import Segmentation

POSSIBLE = 0.25
"""Keypoints with this score and pixels with this probability count as evidence of a person."""

_HEAD_KEYPOINTS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')

# In heights of a head. Proportions of adults: a head is 23 cm high, shoulders are 40 cm and eyes 6.3 cm apart.
_HEADS_PER_SHOULDERS = 0.6
_HEADS_PER_EARS = 1.5
_HEADS_PER_EYES = 3.6
_HEADS_PER_NECK = 0.9
"""Distance from the nose to the centre of the shoulders is about one head."""
_HEADS_PER_TORSO = 0.45
"""A torso, from a shoulder to the hip below it, is about two heads long."""
_OWN_SHOULDER = 1.5
"""A shoulder that is farther from the head than this number of heads belongs to another person."""

_MIN_AREA_PX = 12
MIN_REGION_SHARE = 0.02
"""Smaller regions of possible people are noise: side of the region as a fraction of the longer side of the image."""


class HeadBox(NamedTuple):
    """A rectangle in pixels that contains a head, with fractions; it may extend beyond the image."""

    x: float
    y: float
    width: float
    height: float

    @property
    def size(self) -> float:
        """The longer side."""
        return max(self.width, self.height)

    @property
    def center(self) -> tuple[float, float]:
        """The centre, x and y."""
        return self.x + self.width / 2, self.y + self.height / 2

    def grown(self, by_px: float) -> HeadBox:
        """Return the box with each side moved outwards."""
        return HeadBox(self.x - by_px, self.y - by_px, self.width + 2 * by_px, self.height + 2 * by_px)

    def moved(self, x: float, y: float) -> HeadBox:
        """Return the box at a distance."""
        return HeadBox(self.x + x, self.y + y, self.width, self.height)

    def joined(self, other: HeadBox) -> HeadBox:
        """Return the bounding box of both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return HeadBox(x, y, right - x, bottom - y)

    def overlap(self, other: HeadBox) -> float:
        """Return the common area as a fraction of the smaller box."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        smaller = min(self.width * self.height, other.width * other.height)
        return max(width, 0.0) * max(height, 0.0) / smaller if smaller else 0.0

    def is_inside(self, height: int, width: int) -> bool:
        """Return whether the whole box is in an image of this size."""
        return self.x >= 0 and self.y >= 0 and self.x + self.width <= width and self.y + self.height <= height

    def inside(self, height: int, width: int) -> Box | None:
        """Return the pixels of the box that are in an image of this size; None if there are none."""
        x, y = max(0, math.floor(self.x)), max(0, math.floor(self.y))
        right = min(width, math.ceil(self.x + self.width))
        bottom = min(height, math.ceil(self.y + self.height))
        return Box(x, y, right - x, bottom - y) if right > x and bottom > y else None


def find_heads(found: Segmentation, part_ids: PartIds) -> list[HeadBox]:
    """Return the boxes of all heads, joined where several kinds of evidence show the same head.

    Args:
        found: segmentation of an image, with parts, people or both.
        part_ids: numbering of the parts.
    """
    boxes: list[HeadBox] = []
    if found.parts is not None:
        boxes += _face_boxes(found.parts, part_ids)
    if found.people is not None:
        boxes += _pose_boxes(found.people)
    return join_overlapping(boxes)


def find_people_without_head(found: Segmentation, heads: Sequence[HeadBox]) -> list[HeadBox]:
    """Return the boxes of regions that may show people, and in which there is no head.

    Args:
        found: segmentation of an image, with confidence if possible.
        heads: as returned by `find_heads`.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(possible_people(found))
    taken = {0}
    height, width = labels.shape
    for head in heads:
        box = head.inside(height, width)
        if box is not None:
            taken.update(np.unique(labels[box.y : box.y + box.height, box.x : box.x + box.width]).tolist())
    smallest = MIN_REGION_SHARE * max(height, width)
    return [
        HeadBox(*map(float, stats[label, :4]))
        for label in range(count)
        if label not in taken and max(stats[label, 2:4]) >= smallest
    ]


def possible_people(found: Segmentation) -> NDArray[np.uint8]:
    """Return (H, W) uint8, 1 where a person is possible; with confidence, from a lower threshold than the mask."""
    mask = found.mask.view(np.uint8)
    if found.confidence is None:
        return mask
    return mask | (found.confidence > 255 * POSSIBLE).view(np.uint8)


def join_overlapping(boxes: Iterable[HeadBox]) -> list[HeadBox]:
    """Join boxes that overlap by more than half of the smaller one, until none do."""
    joined: list[HeadBox] = []
    for box in boxes:
        current = box
        while (other := next((one for one in joined if one.overlap(current) > 0.5), None)) is not None:
            joined.remove(other)
            current = current.joined(other)
        joined.append(current)
    return joined


def _face_boxes(parts: NDArray[np.int8], part_ids: PartIds) -> list[HeadBox]:
    left, right = part_numbers(['faces'], part_ids)
    faces = ((parts == left) | (parts == right)).view(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(faces)
    return [HeadBox(*map(float, stats[label, :4])) for label in range(1, count) if stats[label, 4] >= _MIN_AREA_PX]


def _pose_boxes(people: People) -> list[HeadBox]:
    """Return the head of each pose, including poses below the score threshold."""
    people_keypoints = [person.keypoints for person in people.persons] + [pose.keypoints for pose in people.poses]
    boxes = []
    for keypoints in people_keypoints:
        sure = {point.name: point for point in keypoints if point.score >= POSSIBLE}
        box = _head_of(sure)
        if box is not None:
            boxes.append(box)
        boxes += _heads_of_others(sure, box)
    return boxes


def _head_of(sure: Mapping[str, Keypoint]) -> HeadBox | None:
    """Return the head of a pose from its keypoints by name; None if neither head nor shoulders were found."""
    head = [sure[name] for name in _HEAD_KEYPOINTS if name in sure]
    if head:
        x, y = (sum(getattr(point, axis) for point in head) / len(head) for axis in ('x', 'y'))
        size = max(_head_sizes(sure, x, y), default=0.0)
        return _square(x, y, size) if size > 0 else None
    if 'left_shoulder' in sure and 'right_shoulder' in sure:
        return _above_shoulders(sure)
    return None


def _head_sizes(sure: Mapping[str, Keypoint], x: float, y: float) -> list[float]:
    """Return estimates of the height of a head at (x, y), pixels; those of the shoulders only if they are needed."""
    sizes = [*_distance(sure, 'ear', _HEADS_PER_EARS), *_distance(sure, 'eye', _HEADS_PER_EYES)]
    if len(sizes) == 2:
        return sizes
    sizes += _distance(sure, 'shoulder', _HEADS_PER_SHOULDERS)
    shoulders = [sure[name] for name in ('left_shoulder', 'right_shoulder') if name in sure]
    if shoulders:
        neck = (
            sum(point.x for point in shoulders) / len(shoulders),
            sum(point.y for point in shoulders) / len(shoulders),
        )
        sizes.append(_HEADS_PER_NECK * math.dist((x, y), neck))
    return sizes


def _distance(sure: Mapping[str, Keypoint], name: str, factor: float) -> list[float]:
    """Return the distance between the left and the right keypoint of a name times a factor, if both are sure."""
    left, right = sure.get(f'left_{name}'), sure.get(f'right_{name}')
    return [] if left is None or right is None else [factor * math.dist((left.x, left.y), (right.x, right.y))]


def _above_shoulders(sure: Mapping[str, Keypoint]) -> HeadBox:
    """Return where the head of two shoulders is: away from the hips, or upwards if these are not visible."""
    left, right = sure['left_shoulder'], sure['right_shoulder']
    x, y = (left.x + right.x) / 2, (left.y + right.y) / 2
    size = _HEADS_PER_SHOULDERS * math.dist((left.x, left.y), (right.x, right.y))
    hips = [sure[name] for name in ('left_hip', 'right_hip') if name in sure]
    down_x, down_y = 0.0, 1.0
    if hips:
        down_x, down_y = sum(point.x for point in hips) / len(hips) - x, sum(point.y for point in hips) / len(hips) - y
        # Shoulders seen from the side are narrow.
        size = max(size, _HEADS_PER_TORSO * math.hypot(down_x, down_y))
    return _above(x, y, down_x, down_y, size)


def _heads_of_others(sure: Mapping[str, Keypoint], head: HeadBox | None) -> Iterator[HeadBox]:
    """Yield the heads above shoulders that are too far from the head of their pose, or whose pose has none.

    Where people overlap, a pose may consist of keypoints of two of them.
    """
    for side in ('left', 'right'):
        shoulder, hip = sure.get(f'{side}_shoulder'), sure.get(f'{side}_hip')
        if shoulder is None or hip is None:
            continue
        size = _HEADS_PER_TORSO * math.dist((shoulder.x, shoulder.y), (hip.x, hip.y))
        stray = head is None or math.dist(head.center, (shoulder.x, shoulder.y)) > _OWN_SHOULDER * size
        if size > 0 and stray:
            yield _above(shoulder.x, shoulder.y, hip.x - shoulder.x, hip.y - shoulder.y, size)


def _above(x: float, y: float, down_x: float, down_y: float, size: float) -> HeadBox:
    """Return the region of a head of this size above the neck or a shoulder at (x, y) of a body in a direction."""
    length = math.hypot(down_x, down_y)
    if length:
        x, y = x - down_x / length * size * 0.75, y - down_y / length * size * 0.75
    return _square(x, y, size * 1.3)


def _square(x: float, y: float, size: float) -> HeadBox:
    return HeadBox(x - size / 2, y - size / 2, size, size)
