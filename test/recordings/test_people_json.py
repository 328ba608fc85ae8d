# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math

import clips
import numpy as np

from bodypix_ros.people import Keypoint, PartRegion, Person
from bodypix_ros.recordings.frames import Frame
from bodypix_ros.recordings.people_json import describe_frame, describe_person
from bodypix_ros.regions import Box

PERSON = Person(
    id=1,
    score=0.9,
    box=Box(1, 2, 3, 4),
    keypoints=(Keypoint('nose', 1.5, 2.5, np.float32(0.5)),),  # type: ignore[arg-type]
    area_px=12,
    parts=(PartRegion(0, 'left_face', 12, 2.0, 3.0, Box(1, 2, 3, 4)),),
)


def test_a_person_has_all_fields() -> None:
    described = describe_person(PERSON)
    assert described | {'world_keypoints': [], 'hands': []} == {
        'id': 1,
        'score': 0.9,
        'box': {'x': 1, 'y': 2, 'width': 3, 'height': 4},
        'keypoints': [{'name': 'nose', 'x': 1.5, 'y': 2.5, 'score': 0.5}],
        'area_px': 12,
        'parts': [
            {
                'part': 0, 'name': 'left_face', 'area_px': 12, 'x': 2.0, 'y': 3.0,
                'box': {'x': 1, 'y': 2, 'width': 3, 'height': 4},
            }
        ],
        'world_keypoints': [],
        'hands': [],
    }  # fmt: skip


def test_values_that_are_nan_are_omitted() -> None:
    point = Keypoint('nose', 1.0, 2.0, math.nan)
    described = describe_person(Person(1, 0.5, None, (point,), 0, ()))
    assert described['keypoints'] == [{'name': 'nose', 'x': 1.0, 'y': 2.0}]
    assert described['box'] is None


def test_a_frame_is_one_line() -> None:
    frame = Frame(7, 0.23333333333333334, clips.picture(0), 'cam_7')
    line = describe_frame(frame, [PERSON], [3])
    assert line.count(b'\n') == 1
    assert line.endswith(b'\n')
    described = json.loads(line)
    (person,) = described.pop('people')
    assert described == {'index': 7, 'stamp_s': 0.233333333, 'name': 'cam_7', 'height': 48, 'width': 64}
    assert person == {**json.loads(json.dumps(describe_person(PERSON))), 'track_id': 3}


def test_without_tracking_there_are_no_track_ids() -> None:
    line = json.loads(describe_frame(Frame(0, 0.0, clips.picture(0), '000000'), [PERSON], []))
    assert 'track_id' not in line['people'][0]
