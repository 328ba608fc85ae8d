# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names and numbers of the 24 body parts of BodyPix, and names of the keypoints of all models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import SettingError, quoted

BACKGROUND = -1
"""Label of the pixels that do not belong to a person."""

PartIds = Literal['bodypix1', 'bodypix2']


@dataclass(frozen=True)
class Part:
    """One body part. `side` is as seen by the person; `facing` is the visible surface of a limb or the torso."""

    name: str
    bodypix1: int
    bodypix2: int
    side: Literal['left', 'right', 'middle']
    facing: Literal['front', 'back', 'any']

    def id(self, part_ids: PartIds) -> int:
        """Return the number of this part, 0..23, in the given numbering.

        Raises:
            SettingError: there is no such numbering.
        """
        if part_ids not in get_args(PartIds):
            raise SettingError(f'part_ids must be bodypix1 or bodypix2, got {quoted(part_ids)}')
        return self.bodypix1 if part_ids == 'bodypix1' else self.bodypix2


# Source: BodyPix 1.x and 2.x. In the order of BodyPix 1, the default numbering of this package.
PARTS: tuple[Part, ...] = (
    Part('left_face', 0, 0, 'left', 'any'),
    Part('right_face', 1, 1, 'right', 'any'),
    Part('right_upper_leg_front', 2, 16, 'right', 'front'),
    Part('right_lower_leg_back', 3, 21, 'right', 'back'),
    Part('right_upper_leg_back', 4, 17, 'right', 'back'),
    Part('left_lower_leg_front', 5, 18, 'left', 'front'),
    Part('left_upper_leg_front', 6, 14, 'left', 'front'),
    Part('left_upper_leg_back', 7, 15, 'left', 'back'),
    Part('left_lower_leg_back', 8, 19, 'left', 'back'),
    Part('right_feet', 9, 23, 'right', 'any'),
    Part('right_lower_leg_front', 10, 20, 'right', 'front'),
    Part('left_feet', 11, 22, 'left', 'any'),
    Part('torso_front', 12, 12, 'middle', 'front'),
    Part('torso_back', 13, 13, 'middle', 'back'),
    Part('right_upper_arm_front', 14, 4, 'right', 'front'),
    Part('right_upper_arm_back', 15, 5, 'right', 'back'),
    Part('right_lower_arm_back', 16, 9, 'right', 'back'),
    Part('left_lower_arm_front', 17, 6, 'left', 'front'),
    Part('left_upper_arm_front', 18, 2, 'left', 'front'),
    Part('left_upper_arm_back', 19, 3, 'left', 'back'),
    Part('left_lower_arm_back', 20, 7, 'left', 'back'),
    Part('right_hand', 21, 11, 'right', 'any'),
    Part('right_lower_arm_front', 22, 8, 'right', 'front'),
    Part('left_hand', 23, 10, 'left', 'any'),
)

KEYPOINTS: tuple[str, ...] = (
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow',
    'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle',
    'right_ankle',
)  # fmt: skip
"""Keypoint names; the index of a name is its number in every version of BodyPix."""

BLAZEPOSE_KEYPOINTS: tuple[str, ...] = (
    'nose', 'left_eye_inner', 'left_eye', 'left_eye_outer', 'right_eye_inner', 'right_eye', 'right_eye_outer',
    'left_ear', 'right_ear', 'mouth_left', 'mouth_right', 'left_shoulder', 'right_shoulder', 'left_elbow',
    'right_elbow', 'left_wrist', 'right_wrist', 'left_pinky', 'right_pinky', 'left_index', 'right_index', 'left_thumb',
    'right_thumb', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle', 'left_heel',
    'right_heel', 'left_foot_index', 'right_foot_index',
)  # fmt: skip
"""The 33 landmarks of BlazePose in the order of MediaPipe's `PoseLandmark`; all 17 of `KEYPOINTS` are among them."""

HAND_KEYPOINTS: tuple[str, ...] = (
    'wrist', 'thumb_cmc', 'thumb_mcp', 'thumb_ip', 'thumb_tip', 'index_finger_mcp', 'index_finger_pip',
    'index_finger_dip', 'index_finger_tip', 'middle_finger_mcp', 'middle_finger_pip', 'middle_finger_dip',
    'middle_finger_tip', 'ring_finger_mcp', 'ring_finger_pip', 'ring_finger_dip', 'ring_finger_tip', 'pinky_mcp',
    'pinky_pip', 'pinky_dip', 'pinky_tip',
)  # fmt: skip
"""The 21 landmarks of a hand in the order of MediaPipe's `HandLandmark`: the wrist, then four of each finger."""

KeypointSet = Literal['coco17', 'blazepose33']
"""Names of the keypoint sets: `KEYPOINTS` and `BLAZEPOSE_KEYPOINTS`."""

_GROUPS = {'faces': '_face', 'torso': 'torso_', 'arms': '_arm_', 'hands': '_hand', 'legs': '_leg_', 'feet': '_feet'}

PART_GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(part.name for part in PARTS if text in part.name) for group, text in _GROUPS.items()
}
"""Names for several parts at once, and the parts of each; every part is in one group."""


def part_numbers(names: Iterable[str], part_ids: PartIds) -> tuple[int, ...]:
    """Return the numbers of parts, ascending.

    Args:
        names: of parts or of `PART_GROUPS`.
        part_ids: the numbering.

    Raises:
        KeyError: there is no part or group of a name.
    """
    by_name = {part.name: part.id(part_ids) for part in PARTS}
    return tuple(sorted({by_name[part] for name in names for part in PART_GROUPS.get(name, (name,))}))


def part_names(part_ids: PartIds) -> tuple[str, ...]:
    """Return the 24 names in the order of their numbers in the given numbering."""
    return tuple(part.name for part in sorted(PARTS, key=lambda part: part.id(part_ids)))


def opposite_side(name: str) -> str:
    """Return the name of a part or keypoint with left and right swapped: 'mouth_left' becomes 'mouth_right'."""
    swapped = {'left': 'right', 'right': 'left'}
    return '_'.join(swapped.get(word, word) for word in name.split('_'))


def renumbering(source: PartIds, target: PartIds) -> NDArray[np.int8]:
    """Return a (25,) int8 table that converts one numbering to another.

    The last entry is BACKGROUND, so that the table can be indexed with labels -1..23.
    """
    table = np.full(len(PARTS) + 1, BACKGROUND, np.int8)
    for part in PARTS:
        table[part.id(source)] = part.id(target)
    return table


def mirrored(part_ids: PartIds) -> NDArray[np.int8]:
    """Return a (25,) int8 table that swaps left and right parts; the last entry is BACKGROUND."""
    by_name = {part.name: part for part in PARTS}
    table = np.full(len(PARTS) + 1, BACKGROUND, np.int8)
    for part in PARTS:
        table[part.id(part_ids)] = by_name[opposite_side(part.name)].id(part_ids)
    return table
