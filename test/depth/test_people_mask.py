# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest
from rendered_room import VOXEL_STEPS, Room, View, millimetres, voxels, with_noise

from bodypix_ros.depth.people_mask import MAX_MOTION_PX, find_people, motion_px

WALKING_M_S, FRAME_S = 1.4, 1 / 30
DIRECTIONS = {'to the right': (1.0, 0.0), 'to the left': (-1.0, 0.0), 'away': (0.0, 1.0), 'closer': (0.0, -1.0)}


@cache
def view(x: float, z: float) -> View:
    return Room().view((x, z))


def gone(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the share of the person that was found, and of everything else."""
    return float((found[truth > 0] > 0).mean()), float((found[truth == 0] > 0).mean())


@pytest.mark.parametrize('unit', [np.uint16, np.float32])
def test_a_person_disappears_and_little_else(unit: type) -> None:
    scene = view(0.3, 1.6)
    assert 58_000 < (scene.mask > 0).sum() < 65_000
    noisy = with_noise(scene.depth_m, 1)
    person, others = gone(find_people(scene.mask, millimetres(noisy) if unit is np.uint16 else noisy, 8), scene.mask)
    assert person == 1.0
    assert others < 0.04


@pytest.mark.parametrize('direction', DIRECTIONS)
@pytest.mark.parametrize('distance_m', [1.6, 3.0])
def test_a_walking_person_disappears_with_the_mask_of_the_frame_before(direction: str, distance_m: float) -> None:
    right, away = (one * WALKING_M_S * FRAME_S for one in DIRECTIONS[direction])
    now, before = view(0.3, distance_m), view(0.3 - right, distance_m - away)
    depth = millimetres(with_noise(now.depth_m, 2))
    moved = motion_px(before.mask, depth, 525.0, 1.5 * FRAME_S)
    person, others = gone(find_people(before.mask, depth, 8, moved), now.mask)
    assert person >= 0.999
    assert others < 0.04


def test_without_motion_the_mask_of_the_frame_before_is_not_enough() -> None:
    now, before = view(0.3, 1.6), view(0.3 - WALKING_M_S * FRAME_S, 1.6)
    person, _ = gone(find_people(before.mask, millimetres(with_noise(now.depth_m, 2)), 8), now.mask)
    assert person < 0.96


def test_a_map_of_what_remains_has_no_voxel_of_the_person() -> None:
    empty: set[int] = set()
    room: set[int] = set()
    people: set[int] = set()
    for frame in range(8):
        x = -0.4 + WALKING_M_S * FRAME_S * frame
        now, before = view(x, 2.0), view(x - WALKING_M_S * FRAME_S, 2.0)
        depth = with_noise(now.depth_m, frame)
        found = find_people(before.mask, depth, 8, motion_px(before.mask, depth, 525.0, 1.5 * FRAME_S))
        people |= voxels(np.where(now.mask > 0, depth, 0))
        room |= voxels(np.where(found > 0, 0, depth))
        empty |= voxels(with_noise(Room().view(None).depth_m, 100 + frame))
    of_the_person = people - around(empty)
    assert len(of_the_person) > 500
    assert room & of_the_person == set()
    assert len(empty - around(room)) < 0.05 * len(empty)


def around(cells: set[int]) -> set[int]:
    steps = [int(np.dot(step, VOXEL_STEPS)) for step in product((-1, 0, 1), repeat=3)]
    return {cell + step for cell in cells for step in steps}


def test_pixels_just_outside_of_the_mask_go_where_nothing_is_behind_them() -> None:
    mask, depth = np.zeros((60, 80), np.uint8), np.full((60, 80), 2000, np.uint16)
    mask[20:40, 30:50] = 255
    found = find_people(mask, depth, 4)
    rows, columns = np.nonzero(found)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 43, 26, 53)
    assert found[16, 26] == 0  # corners are round


def test_the_wall_behind_a_person_stays_outside_of_the_mask_and_edges_go() -> None:
    mask, depth = np.zeros((60, 80), np.uint8), np.full((60, 80), 4.0, np.float32)
    mask[20:40, 30:50] = 255
    depth[20:40, 30:50] = 2.0
    found = find_people(mask, depth, 8)
    rows, columns = np.nonzero(found)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 43, 26, 53)


def test_the_mask_goes_where_there_is_no_depth_at_all() -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 255
    for nothing in (np.zeros((60, 80), np.uint16), np.full((60, 80), np.nan, np.float32)):
        assert (find_people(mask, nothing, 8, 5)[20:40, 30:50] == 255).any()
        assert motion_px(mask, nothing, 525.0, 0.1) == 0


def test_nothing_is_found_without_people() -> None:
    assert not find_people(np.zeros((48, 64), np.uint8), np.full((48, 64), 2000, np.uint16), 8, 20).any()


@pytest.mark.parametrize(('distance_m', 'pixels'), [(0.0, 0), (0.05, 14), (5.0, MAX_MOTION_PX)])
def test_motion_is_measured_at_the_depth_of_the_nearest_person(distance_m: float, pixels: int) -> None:
    mask, depth = np.zeros((60, 80), np.uint8), np.full((60, 80), 2000, np.uint16)
    mask[20:40, 30:50] = 255
    assert motion_px(mask, depth, 525.0, distance_m) == pixels
