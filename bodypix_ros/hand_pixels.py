# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Adds the palm and the fingers of hands, of which keypoints are known, to the pixels of people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .parts import PartIds, part_numbers
from .people import Hand, describe_persons
from .segmentation import Segmentation

_FINGERS = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
_PALM = (0, 1, 5, 9, 13, 17)
_WIDTHS = (0.24, 0.22, 0.22, 0.21, 0.18)  # of the fingers, as a fraction of the length of the palm
_PALM_BREADTH = 0.62  # from the index to the little finger, as a fraction of the length of the palm
_BITS = 4  # fractional bits of the coordinates for OpenCV


def draw_hands(segmentation: Segmentation, hands: Sequence[Sequence[Hand]], part_ids: PartIds) -> Segmentation:
    """Add hands to a segmentation: to its persons, mask, labels, confidence and parts.

    Args:
        segmentation: with people.
        hands: of each person of the segmentation.
        part_ids: numbering of the parts.

    Returns:
        The segmentation with the hands; fingers are capsules, palms polygons. Boxes, areas and parts of the people
        are measured again.

    Raises:
        ValueError: the segmentation has no people, or the numbers of people and hands differ.
    """
    people = segmentation.people
    if people is None or len(hands) != len(people.persons):
        raise ValueError(f'expected the hands of each person of a segmentation with people, got {len(hands)}')
    if not any(hands):
        return segmentation
    mask, labels = segmentation.mask.copy(), people.labels.copy()
    parts = None if segmentation.parts is None else segmentation.parts.copy()
    confidence = None if segmentation.confidence is None else segmentation.confidence.copy()
    for person, found in zip(people.persons, hands, strict=True):
        for hand in found:
            pixels = hand_pixels(hand, mask.shape[0], mask.shape[1])
            mask |= pixels
            labels[pixels] = person.id
            if parts is not None:
                parts[pixels] = part_numbers([f'{hand.side}_hand'], part_ids)[0]
            if confidence is not None:
                confidence[pixels] = np.maximum(confidence[pixels], round(255 * hand.score))
    described = describe_persons(labels, parts, [person.pose for person in people.persons], part_ids)
    persons = tuple(replace(one, hands=tuple(found)) for one, found in zip(described, hands, strict=True))
    return replace(
        segmentation,
        mask=mask,
        parts=parts,
        confidence=confidence,
        people=replace(people, persons=persons, labels=labels),
    )


def hand_pixels(hand: Hand, height: int, width: int) -> NDArray[np.bool_]:
    """Return the pixels of a hand, (height, width) bool: capsules for the fingers, a polygon for the palm.

    Args:
        hand: with 21 keypoints.
        height: of the image, pixels.
        width: of the image, pixels.
    """
    points = np.array([(point.x, point.y) for point in hand.keypoints])
    palm_px = palm_length_px(points)
    canvas = np.zeros((height, width), np.uint8)
    fixed = np.rint(points.clip(-height - width, 2 * (height + width)) * (1 << _BITS)).astype(np.int32)
    cv2.fillPoly(canvas, [fixed[list(_PALM)]], 1, shift=_BITS)
    fingers = zip(_FINGERS, _WIDTHS, strict=True)
    for joints, breadth in (*fingers, ((5, 9, 13, 17), min(_WIDTHS)), ((0, 1), _WIDTHS[0])):
        thickness = max(1, round(breadth * palm_px))
        cv2.polylines(canvas, [fixed[list(joints)]], False, 1, thickness, shift=_BITS)
    return canvas.astype(np.bool_)


def palm_length_px(points: NDArray[np.float64]) -> float:
    """Return the distance from the wrist to the base of the middle finger, as far as it is not foreshortened.

    Args:
        points: (21, 2), x and y, pixels.
    """
    length, breadth = math.dist(points[0], points[9]), math.dist(points[5], points[17])
    return max(length, breadth / _PALM_BREADTH)
