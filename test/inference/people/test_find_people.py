# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the network's output to the people of a picture."""

from __future__ import annotations

import json

import numpy as np
import pytest
from crowd import CROWDS, crowd, golden_heads, heads_of
from golden import CASES, THRESHOLDS, Golden

from bodypix_ros.errors import SettingError
from bodypix_ros.inference.geometry import bodypix2_geometry
from bodypix_ros.inference.numpy_kernels import decode_mask, decode_parts
from bodypix_ros.inference.people.find_people import find_people
from bodypix_ros.parts import renumbering
from bodypix_ros.settings import SegmentSettings


@pytest.mark.parametrize('name', CASES)
def test_parts_of_each_person_equal_the_javascript_library(shared, server, model_dir, name) -> None:
    case = Golden.load(shared, name)
    geometry, heads = golden_heads(case, server, model_dir)
    for threshold in THRESHOLDS:
        mask, parts = case.outputs[f'person_t{threshold}'].astype(bool), case.outputs[f'parts_t{threshold}']
        people = find_people(heads, mask, parts, geometry, SegmentSettings(instances='cpu'), 'bodypix2')
        assert len(people.poses) == len(case.poses['allPoses'])
        assert [person.score for person in people.persons] == [
            pytest.approx(pose['score'], abs=1e-5) for pose in case.poses['allPoses'] if pose['score'] >= 0.4
        ]
        together = np.full_like(parts, -1)
        for person in people.persons:
            own = people.parts_of(person, parts)
            together = np.where(own >= 0, own, together)
            assert person.area_px == np.count_nonzero(own >= 0)
        wrong = together != case.outputs[f'multi_parts_t{threshold}']
        assert np.count_nonzero(wrong) <= 1e-4 * np.count_nonzero(mask)


def test_weak_poses_are_listed_but_are_nobody(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'karolina_640x480__s16__rmedium')
    geometry, heads = golden_heads(case, server, model_dir)
    mask = case.outputs['person_t0.5'].astype(bool)
    people = find_people(heads, mask, None, geometry, SegmentSettings(), 'bodypix1')
    assert len(people.poses) == 5
    (person,) = people.persons
    assert person.score == pytest.approx(0.588444, abs=1e-5)
    assert person.keypoints == people.poses[0].keypoints
    assert np.array_equal(people.labels, mask)
    assert person.parts == ()
    stricter = find_people(heads, mask, None, geometry, SegmentSettings(score_threshold=0.6), 'bodypix1')
    assert stricter.persons == ()
    assert len(stricter.poses) == 3  # the keypoint that a pose is found by must reach it, too
    assert not stricter.labels.any()


@pytest.mark.parametrize(('name', 'count'), CROWDS.items())
def test_everybody_gets_a_face_of_their_own(shared, server, model_dir, name, count) -> None:
    image = crowd(shared, name)
    geometry = bodypix2_geometry(*image.shape[:2], 'medium', 16)
    heads = heads_of(image, geometry, server, model_dir)
    mask = decode_mask(heads['segments'][0], geometry, 0.5)
    parts = decode_parts(heads['part_heatmaps'], mask, geometry, renumbering('bodypix2', 'bodypix2'))
    people = find_people(heads, mask, parts, geometry, SegmentSettings(), 'bodypix2')
    assert len(people.persons) == count
    for person in people.persons:
        nose = person.keypoints[0]
        row, column = round(nose.y), round(nose.x)
        around = people.labels[row - 8 : row + 9, column - 8 : column + 9]
        assert set(np.unique(around)) - {0} == {person.id}
        assert {'left_face', 'right_face'} & {part.name for part in person.parts}
        x, y, width, height = person.box
        assert x <= nose.x < x + width
        assert y <= nose.y < y + height


def test_a_mirrored_view_gives_the_people_as_the_camera_saw_them(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'three_people_1049x861__s16__rmedium')
    geometry, heads = golden_heads(case, server, model_dir)
    mask = case.outputs['person_t0.5'].astype(bool)
    plain = find_people(heads, mask, None, geometry, SegmentSettings(), 'bodypix1')
    seen = heads_of(np.ascontiguousarray(case.image[:, ::-1]), geometry, server, model_dir)
    mirrored = find_people(seen, mask[:, ::-1], None, geometry, SegmentSettings(), 'bodypix1').mirrored(
        None, 'bodypix1'
    )
    assert len(mirrored.persons) == len(plain.persons) == 3
    for person in plain.persons:
        nose = person.keypoints[0]
        other = mirrored.persons[mirrored.labels[round(nose.y), round(nose.x)] - 1]
        own, theirs = plain.mask_of(person), mirrored.mask_of(other)
        assert np.count_nonzero(own & theirs) / np.count_nonzero(own | theirs) > 0.9
        for index in (1, 2, 5, 6):  # eyes and shoulders
            point, counterpart = person.keypoints[index], other.keypoints[index]
            assert point.name == counterpart.name
            if min(point.score, counterpart.score) > 0.9:
                assert np.hypot(point.x - counterpart.x, point.y - counterpart.y) < 25


def test_settings_are_refused_where_the_javascript_library_refuses_them(shared) -> None:
    ours = {
        'segmentationThreshold': 'threshold',
        'maxDetections': 'max_people',
        'scoreThreshold': 'score_threshold',
        'nmsRadius': 'nms_radius',
        'minKeypointScore': 'min_keypoint_score',
        'refineSteps': 'refine_steps',
    }
    tried = 0
    for entry in json.loads((shared / 'golden' / 'errors.json').read_text()):
        function, _, options = entry['call'].removesuffix(')').partition('(')
        if function != 'segmentMultiPerson':
            continue
        ((name, value),) = json.loads(options).items()
        if name in ours and entry['error']:
            with pytest.raises(SettingError, match=f'{ours[name]} must be .*, got {value}'):
                SegmentSettings(**{ours[name]: value})
            tried += 1
    assert tried == 8
