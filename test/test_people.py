# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The people of one picture, measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from crowd import pose_at
from golden import Golden

from bodypix_ros.parts import BACKGROUND, KEYPOINTS, PARTS, mirrored, part_names
from bodypix_ros.people import Hand, Keypoint, People, Pose, describe_persons
from bodypix_ros.regions import Box

FIRST, SECOND, THIRD = pose_at((3, 3, 0.9), score=0.9), pose_at((8, 8, 0.8), score=0.8), pose_at(score=0.5)


def _two_people() -> tuple[np.ndarray, np.ndarray]:
    """Labels and parts: the first person is a block of two parts, the second has three pixels, nobody has one."""
    labels, parts = np.zeros((10, 12), np.uint8), np.full((10, 12), BACKGROUND, np.int8)
    labels[1:5, 2:6] = 1
    parts[1:3, 2:6], parts[3:5, 2:6] = 0, 12
    labels[7, 8:11] = 2
    parts[7, 8:11] = 23
    parts[9, 11] = 5  # a pixel of the mask that is nobody's
    return labels, parts


def test_persons_carry_the_score_and_keypoints_of_their_pose() -> None:
    labels, parts = _two_people()
    persons = describe_persons(labels, parts, [FIRST, SECOND], 'bodypix1')
    assert [person.id for person in persons] == [1, 2]
    assert [person.score for person in persons] == [0.9, 0.8]
    assert [person.keypoints for person in persons] == [FIRST.keypoints, SECOND.keypoints]
    assert tuple(point.name for point in persons[0].keypoints) == KEYPOINTS


def test_persons_and_their_parts_are_measured() -> None:
    labels, parts = _two_people()
    first, second = describe_persons(labels, parts, [FIRST, SECOND], 'bodypix1')
    assert (first.area_px, first.box) == (16, Box(2, 1, 4, 4))
    assert (second.area_px, second.box) == (3, Box(8, 7, 3, 1))
    face, torso = first.parts
    assert (face.part, face.name, face.area_px, face.x, face.y, face.box) == (0, 'left_face', 8, 3.5, 1.5, (2, 1, 4, 2))
    assert (torso.part, torso.name, torso.y) == (12, 'torso_front', 3.5)
    assert [(part.name, part.x, part.y) for part in second.parts] == [('left_hand', 9, 7)]


def test_part_names_follow_the_numbering() -> None:
    labels, parts = _two_people()
    _, second = describe_persons(labels, parts, [FIRST, SECOND], 'bodypix2')
    assert [part.name for part in second.parts] == ['right_feet']


def test_a_person_without_pixels_has_no_box() -> None:
    labels, parts = _two_people()
    third = describe_persons(labels, parts, [FIRST, SECOND, THIRD], 'bodypix1')[2]
    assert (third.id, third.area_px, third.box, third.parts) == (3, 0, None, ())
    assert describe_persons(labels, parts, [], 'bodypix1') == ()


def test_persons_are_measured_without_parts_too() -> None:
    labels, parts = _two_people()
    with_parts = describe_persons(labels, parts, [FIRST, SECOND], 'bodypix1')
    without = describe_persons(labels, None, [FIRST, SECOND], 'bodypix1')
    assert [person.area_px for person in without] == [person.area_px for person in with_parts] == [16, 3]
    assert [person.box for person in without] == [person.box for person in with_parts]
    assert [person.parts for person in without] == [(), ()]


@pytest.mark.parametrize('name', ['three_people_1049x861__s16__rmedium', 'messi_548x342__s16__rfull'])
def test_real_people_equal_a_plain_measurement(shared, name) -> None:
    outputs = Golden.load(shared, name).outputs
    labels, parts = (outputs['multi_id_t0.5'] + 1).astype(np.uint8), outputs['parts_t0.5']
    poses = [pose_at() for _ in range(labels.max())]
    persons = describe_persons(labels, parts, poses, 'bodypix2')
    assert len(persons) == 3
    for person in persons:
        assert person.area_px == np.count_nonzero(labels == person.id)
        shown = [part for part in range(len(PARTS)) if np.any((labels == person.id) & (parts == part))]
        assert [region.part for region in person.parts] == shown
        for region in person.parts:
            rows, columns = np.nonzero((labels == person.id) & (parts == region.part))
            assert region.name == part_names('bodypix2')[region.part]
            assert region.area_px == rows.size
            assert region.x == pytest.approx(columns.mean())
            assert region.y == pytest.approx(rows.mean())
            x, y, width, height = region.box
            assert (x, x + width - 1, y, y + height - 1) == (columns.min(), columns.max(), rows.min(), rows.max())


def test_the_mask_and_parts_of_one_person_are_cut_out() -> None:
    labels, parts = _two_people()
    people = People(describe_persons(labels, parts, [FIRST, SECOND], 'bodypix1'), labels, (FIRST, SECOND))
    mask = people.mask_of(people.persons[1])
    assert mask.dtype == bool
    assert np.argwhere(mask).tolist() == [[7, 8], [7, 9], [7, 10]]
    own = people.parts_of(people.persons[1], parts)
    assert own.dtype == np.int8
    assert np.all(own[mask] == 23)
    assert np.all(own[~mask] == BACKGROUND)


def test_a_mirrored_pose_exchanges_left_and_right() -> None:
    pose = pose_at((30, 5, 0.9), (10, 6, 0.8), (20, 7, 0.7))
    seen = pose.mirrored(100)
    nose, left_eye, right_eye = seen.keypoints[:3]
    assert (nose.name, nose.x, nose.y, nose.score) == ('nose', 69, 5, 0.9)
    assert (left_eye.name, left_eye.x, left_eye.y, left_eye.score) == ('left_eye', 79, 7, 0.7)
    assert (right_eye.name, right_eye.x, right_eye.y, right_eye.score) == ('right_eye', 89, 6, 0.8)
    assert seen.mirrored(100) == pose
    assert mirrored('bodypix1')[0] == 1  # as the parts do


def test_a_mirrored_pose_of_blazepose_is_mirrored_in_metres_too() -> None:
    names = ('mouth_left', 'mouth_right', 'nose')
    points = tuple(
        Keypoint(name, x, 5.0, 0.9, z=x / 10, presence=0.8) for name, x in zip(names, (10.0, 20.0, 30.0), strict=True)
    )
    world = tuple(Keypoint(name, x, 0.5, 0.9, z=0.25) for name, x in zip(names, (0.1, -0.1, 0.3), strict=True))
    seen = Pose(0.9, points, world).mirrored(100)
    assert [(point.name, point.x, point.z) for point in seen.keypoints] == [
        ('mouth_left', 79, 2), ('mouth_right', 89, 1), ('nose', 69, 3),
    ]  # fmt: skip
    assert [(point.name, point.x, point.y, point.z) for point in seen.world_keypoints] == [
        ('mouth_left', 0.1, 0.5, 0.25), ('mouth_right', -0.1, 0.5, 0.25), ('nose', -0.3, 0.5, 0.25),
    ]  # fmt: skip


def test_persons_have_the_world_keypoints_of_their_pose() -> None:
    world = (Keypoint('nose', 0.0, -0.6, 0.9, z=-0.2),)
    (person,) = describe_persons(np.ones((2, 2), np.uint8), None, [Pose(0.9, FIRST.keypoints, world)], 'bodypix1')
    assert person.world_keypoints == world
    assert person.hands == ()


def test_hands_of_mirrored_people_change_sides() -> None:
    labels, parts = _two_people()
    persons = describe_persons(labels, parts, [FIRST, SECOND], 'bodypix1')
    left, right = (Hand(side, 0.9, (Keypoint('wrist', x, 4, 0.9),)) for side, x in (('left', 2), ('right', 9)))
    people = People((replace(persons[0], hands=(left, right)), persons[1]), labels, (FIRST, SECOND))
    first, second = people.mirrored(np.ascontiguousarray(parts[:, ::-1]), 'bodypix1').persons
    assert [(hand.side, hand.keypoints[0].x) for hand in first.hands] == [('left', 2), ('right', 9)]
    assert first.hands[0] == right.mirrored(12)
    assert second.hands == ()
