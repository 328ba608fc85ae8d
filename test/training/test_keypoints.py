# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keypoints: found in the teacher's output, and drawn as targets."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch', reason='the training needs PyTorch')
keypoints = pytest.importorskip('training.keypoints', reason='the training is not beside the package')
mirror = pytest.importorskip('training.mirror')

SIZE, STRIDE = 97, 16
SHORT, FORWARD = slice(0, 34), slice(34, 66)
"""Channels among the offsets."""


def _person(x: float, y: float, spread: float = 4.0) -> torch.Tensor:
    """Return 17 keypoints in a row, (17, 3)."""
    return torch.stack([torch.tensor([x + spread * index, y, 1.0]) for index in range(17)])


@pytest.mark.parametrize(('x', 'y'), [(8.0, 8.0), (40.0, 24.0), (23.9, 71.2)])
def test_every_keypoint_has_a_cell_that_is_one_wherever_it_lies(x: float, y: float) -> None:
    people = _person(x, y, 0.0)[None, None]
    target = keypoints.draw_pose(people, SIZE)
    assert target.heatmaps.shape == (1, 17, 7, 7)
    assert target.heatmaps.amax((2, 3)) == pytest.approx(1.0)


def test_discs_have_one_radius_in_pixels_of_the_sample() -> None:
    target = keypoints.draw_pose(_person(48, 48, 0.0)[None, None], SIZE)
    disc = target.heatmaps[0, 0]
    assert disc[3, 3] == 1, 'at the keypoint'
    assert disc[3, 4] == pytest.approx(0.75), 'at a distance of 16 of 12 to 28 pixels'
    assert disc[3, 5] == 0, 'at a distance of 32'


def test_offsets_lead_from_each_cell_to_the_keypoint_and_along_the_edges() -> None:
    people = _person(30, 40)[None, None]
    target = keypoints.draw_pose(people, SIZE)
    row, column, nose, left_eye = 2, 2, 0, 1
    dy, dx = target.offsets[0, SHORT][nose, row, column], target.offsets[0, SHORT][17 + nose, row, column]
    assert (row * STRIDE + dy, column * STRIDE + dx) == (40, 30)
    edge = mirror.EDGES.index((nose, left_eye))
    dx = target.offsets[0, FORWARD][16 + edge, row, column]
    assert column * STRIDE + dx == 34, 'the left eye lies 4 pixels to the right'
    assert target.offset_weights[0, FORWARD][edge, row, column] > 0.5
    assert target.offset_weights[0, FORWARD][edge, 6, 6] == 0


def test_cells_between_two_people_belong_to_the_nearer_one() -> None:
    people = torch.stack([_person(10, 48, 0.0), _person(86, 48, 0.0)])[None]
    offsets = keypoints.draw_pose(people, SIZE).offsets[0, -17:]
    assert offsets[0, 3, 1] == 10 - 16
    assert offsets[0, 3, 5] == 86 - 80


def test_an_unsure_keypoint_is_not_judged_and_an_absent_one_is_nowhere() -> None:
    person = _person(48, 48, 0.0)
    person[0, 2], person[1, 2] = 0.3, 0.05
    target = keypoints.draw_pose(person[None, None], SIZE)
    assert target.heatmaps[0, :2].max() == 0
    assert target.heatmap_weights[0, 0, 3, 3] == 0
    assert target.heatmap_weights[0, 0, 0, 0] == 1
    assert target.heatmap_weights[0, 1].min() == 1
    edge = mirror.EDGES.index((0, 1))
    assert target.offset_weights[0, FORWARD][edge].max() == 0


def test_found_keypoints_are_those_of_the_person_in_the_box() -> None:
    """Two people: the other one's heatmap is surer, but the long offsets lead to the person in the box."""
    cells, stride = 12, 8
    places = keypoints.cell_places(cells, stride, torch.device('cpu'))
    output = torch.full((1, 174, cells, cells), -6.0)
    output[:, 0, :, :6] = 4.0
    pose = output[:, mirror.FINE_CHANNELS :]
    mine, other = torch.tensor([20.0, 44.0]), torch.tensor([76.0, 44.0])
    for head in ('short_offsets', 'long_offsets'):
        vectors = torch.where(places[..., :1] < 48, mine - places, other - places)
        pose[0, mirror.HEADS[head]] = torch.cat(
            [vectors[..., 1].expand(17, -1, -1), vectors[..., 0].expand(17, -1, -1)]
        )
    pose[0, :17, 5, 3] = 1.0
    pose[0, :17, 5, 9] = 5.0
    found = keypoints.find_keypoints(output, torch.tensor([[0.0, 0.0, 44.0, 88.0]]), stride)
    assert found.shape == (1, 17, 3)
    assert found[0, :, :2] == pytest.approx(mine.expand(17, 2), abs=0.5)
    assert found[0, :, 2] == pytest.approx(torch.tensor(1.0).sigmoid().expand(17))
