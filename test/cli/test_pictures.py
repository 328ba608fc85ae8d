# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Results as files."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodypix_ros.cli.pictures import describe_people, draw_pictures, write_files, write_pictures
from bodypix_ros.errors import BodyPixError, ImageError
from bodypix_ros.people import Keypoint, PartRegion, People, Person
from bodypix_ros.regions import Box
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import PictureSettings

GREY = {'mask': np.full((4, 6), 7, np.uint8)}


def person() -> Person:
    nose = Keypoint('nose', np.float32(1.5), np.float32(2.5), np.float32(0.75))
    part = PartRegion(0, 'left_face', 3, 1.0, 2.0, Box(1, 2, 3, 4))
    world = Keypoint('nose', 0.0, -0.6, 0.75, np.float64(-0.25))
    return Person(1, 0.5, Box(0, 0, 6, 4), (nose,), 9, (part,), (world,))


def test_pictures_are_written_as_png(tmp_path: Path) -> None:
    color = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    paths = write_pictures(tmp_path / 'a' / 'b', {**GREY, 'overlay': color}, 'cam_')
    assert paths == [tmp_path / 'a' / 'b' / 'cam_mask.png', tmp_path / 'a' / 'b' / 'cam_overlay.png']
    assert sorted(paths[0].parent.iterdir()) == paths
    np.testing.assert_array_equal(cv2.imread(str(paths[0]), cv2.IMREAD_UNCHANGED), GREY['mask'])
    np.testing.assert_array_equal(cv2.imread(str(paths[1]), cv2.IMREAD_UNCHANGED), color)


def test_files_have_the_permissions_of_the_user(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        (path,) = write_pictures(tmp_path, GREY)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write_files(tmp_path, {'x.json': b'old'})

    def fill_up(part: Path, data: bytes) -> int:
        with part.open('wb') as file:
            file.write(data[:2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, 'write_bytes', fill_up)
    with pytest.raises(BodyPixError) as caught:
        write_files(tmp_path, {'x.json': b'newer'})
    assert str(caught.value) == (
        f'failed to write to {tmp_path} (No space left on device); free some space, or choose another --output'
    )
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b'old'


def test_a_folder_that_cannot_be_created_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(BodyPixError) as caught:
        write_pictures(tmp_path / 'file', GREY)
    assert str(caught.value) == f'failed to write to {tmp_path}/file (File exists); choose another --output'


def test_an_input_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'cam_mask.png').write_bytes(b'an input')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BodyPixError) as caught:
        write_pictures(tmp_path / '.', {'parts': GREY['mask'], **GREY}, 'cam_', inputs=[Path('cam_mask.png')])
    assert str(caught.value) == (
        f'{tmp_path}/cam_mask.png is one of the inputs and is not overwritten; choose another --output'
    )
    assert [path.name for path in tmp_path.iterdir()] == ['cam_mask.png']
    assert (tmp_path / 'cam_mask.png').read_bytes() == b'an input'


def test_people_are_described_as_json() -> None:
    (one,) = json.loads(describe_people([person()]))
    assert one == {
        'id': 1,
        'score': 0.5,
        'box': {'x': 0, 'y': 0, 'width': 6, 'height': 4},
        'keypoints': [{'name': 'nose', 'x': 1.5, 'y': 2.5, 'score': 0.75}],
        'area_px': 9,
        'parts': [
            {
                'part': 0,
                'name': 'left_face',
                'area_px': 3,
                'x': 1.0,
                'y': 2.0,
                'box': {'x': 1, 'y': 2, 'width': 3, 'height': 4},
            }
        ],
        'world_keypoints': [{'name': 'nose', 'x': 0.0, 'y': -0.6, 'score': 0.75, 'z': -0.25}],
        'hands': [],
    }


def test_instances_are_drawn_where_people_were_asked_for() -> None:
    mask = np.array([[True, False]])
    parts = np.where(mask, 3, -1).astype(np.int8)
    image = np.zeros((1, 2, 3), np.uint8)
    people = People((person(),), mask.astype(np.uint8), ())
    without = draw_pictures(image, Segmentation(mask, parts), PictureSettings(), 'bodypix1')
    with_people = draw_pictures(image, Segmentation(mask, parts, people), PictureSettings(), 'bodypix1')
    assert list(without) == ['mask', 'parts', 'parts_color', 'overlay']
    assert without['mask'].tolist() == [[255, 0]]
    assert without['parts'].tolist() == [[3, 255]]
    assert with_people.keys() - without.keys() == {'instances'}
    assert with_people['instances'].tolist() == [[1, 0]]


def test_without_parts_the_overlay_shows_the_mask() -> None:
    image = np.full((1, 2, 3), 100, np.uint8)
    found = Segmentation(np.array([[True, False]]))
    pictures = draw_pictures(image, found, PictureSettings(overlay_opacity=0.7), 'bodypix1')
    assert list(pictures) == ['mask', 'overlay']
    assert pictures['mask'].tolist() == [[255, 0]]
    assert pictures['overlay'].tolist() == [[[100] * 3, [30] * 3]]
    with pytest.raises(ImageError, match='overlay_effect blur_faces requires body parts'):
        draw_pictures(image, found, PictureSettings(overlay_effect='blur_faces'), 'bodypix1')
