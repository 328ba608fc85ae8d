# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names and numbers of the body parts."""

from __future__ import annotations

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS, KEYPOINTS, PARTS, mirrored, opposite_side, part_names, renumbering


def test_the_default_numbers_are_those_of_bodypix1() -> None:
    names = part_names('bodypix1')
    assert names[:4] == ('left_face', 'right_face', 'right_upper_leg_front', 'right_lower_leg_back')
    assert names[20:] == ('left_lower_arm_back', 'right_hand', 'right_lower_arm_front', 'left_hand')


def test_bodypix2_numbers_limbs_one_after_the_other() -> None:
    names = part_names('bodypix2')
    assert names[2:6] == (
        'left_upper_arm_front',
        'left_upper_arm_back',
        'right_upper_arm_front',
        'right_upper_arm_back',
    )
    assert names[22:] == ('left_feet', 'right_feet')


@pytest.mark.parametrize('part_ids', ['bodypix1', 'bodypix2'])
def test_each_number_names_one_part(part_ids) -> None:
    assert sorted(part.id(part_ids) for part in PARTS) == list(range(24))


def test_another_numbering_is_refused() -> None:
    with pytest.raises(SettingError, match="part_ids must be bodypix1 or bodypix2, got 'bodypix3'"):
        part_names('bodypix3')  # type: ignore[arg-type]


def test_side_and_facing_agree_with_the_names() -> None:
    for part in PARTS:
        assert part.name.startswith(part.side) or (part.side, part.name.split('_')[0]) == ('middle', 'torso')
        assert part.name.endswith(part.facing) or part.facing == 'any'


def test_renumbering_there_and_back_changes_nothing() -> None:
    there, back = renumbering('bodypix1', 'bodypix2'), renumbering('bodypix2', 'bodypix1')
    labels = list(range(-1, 24))
    assert back[there[labels]].tolist() == labels
    assert there[2] == 16  # right_upper_leg_front
    assert there[-1] == -1


@pytest.mark.parametrize('part_ids', ['bodypix1', 'bodypix2'])
def test_mirroring_exchanges_left_and_right(part_ids) -> None:
    names, table = part_names(part_ids), mirrored(part_ids)
    assert names[table[names.index('left_hand')]] == 'right_hand'
    assert names[table[names.index('right_upper_leg_back')]] == 'left_upper_leg_back'
    assert names[table[names.index('torso_back')]] == 'torso_back'
    assert table[table].tolist() == [*range(24), -1]


def test_there_are_17_keypoints_with_the_nose_first() -> None:
    assert len(KEYPOINTS) == 17
    assert KEYPOINTS[0] == 'nose'
    assert KEYPOINTS[16] == 'right_ankle'


def test_blazepose_has_every_keypoint_of_bodypix() -> None:
    assert len(set(BLAZEPOSE_KEYPOINTS)) == 33
    assert set(KEYPOINTS) <= set(BLAZEPOSE_KEYPOINTS)


@pytest.mark.parametrize('name', [*KEYPOINTS, *BLAZEPOSE_KEYPOINTS])
def test_every_keypoint_has_one_on_the_other_side(name: str) -> None:
    assert opposite_side(name) in BLAZEPOSE_KEYPOINTS
    assert (opposite_side(name) == name) == (name == 'nose')
    assert opposite_side(opposite_side(name)) == name
