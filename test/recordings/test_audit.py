# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audit finds faces that remain, and not those that are covered."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ModelError
from bodypix_ros.head_boxes import HeadBox
from bodypix_ros.recordings.audit import Finder, find_remaining_faces, is_visible, open_finders
from bodypix_ros.regions import Box
from bodypix_ros.render.anonymize import Cover, cover_regions
from bodypix_ros.settings import AnonymizeStyle, NetworkSettings

FACE = Box(175, 65, 95, 125)
HEAD = Box(140, 10, 170, 200)
STYLES: tuple[AnonymizeStyle, ...] = get_args(AnonymizeStyle)


class Fixed:
    """A finder that always finds the same boxes."""

    name = 'fixed'

    def __init__(self, *boxes: HeadBox) -> None:
        self.boxes = list(boxes)

    def find(self, image: NDArray[np.uint8]) -> list[HeadBox]:
        return self.boxes


@cache
def _finders(model_dir: str) -> tuple[list[Finder], list[str]]:
    return open_finders(NetworkSettings(provider='cpu', model_dir=model_dir))


@pytest.fixture
def finders(model_dir: str) -> list[Finder]:
    return _finders(model_dir)[0]


def covered(image: NDArray[np.uint8], style: AnonymizeStyle) -> NDArray[np.uint8]:
    """The image with its head covered, after JPEG."""
    picture = cover_regions(image, [Cover(HEAD, 170.0)], style)
    return cv2.imdecode(cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], cv2.IMREAD_COLOR)


def test_a_face_is_visible(astronaut: NDArray[np.uint8]) -> None:
    assert is_visible(astronaut, FACE)


@pytest.mark.parametrize('style', STYLES)
def test_a_covered_face_is_not_visible(astronaut: NDArray[np.uint8], style: AnonymizeStyle) -> None:
    assert not is_visible(covered(astronaut, style), FACE)


def test_a_small_face_is_visible_until_it_is_covered(astronaut: NDArray[np.uint8]) -> None:
    small = cv2.resize(astronaut, None, fx=0.12, fy=0.12, interpolation=cv2.INTER_AREA)
    box = Box(21, 8, 11, 15)
    assert is_visible(small, box)
    assert not is_visible(cover_regions(small, [Cover(Box(17, 1, 20, 25), 20.0)], 'pixelate'), box)


def test_the_face_of_the_astronaut_remains(astronaut: NDArray[np.uint8], finders: list[Finder]) -> None:
    remaining = find_remaining_faces(astronaut, finders)
    assert any(
        box.x <= 220 < box.x + box.width and box.y <= 125 < box.y + box.height and 'bodypix_ros' in finder
        for box, finder in remaining
    )


@pytest.mark.parametrize('style', STYLES)
def test_the_covered_face_of_the_astronaut_does_not_remain(
    astronaut: NDArray[np.uint8], finders: list[Finder], style: AnonymizeStyle
) -> None:
    remaining = find_remaining_faces(covered(astronaut, style), finders)
    assert [box for box, _ in remaining if box.x <= 220 < box.x + box.width and box.y <= 125 < box.y + box.height] == []


def test_each_finder_reports_its_faces(astronaut: NDArray[np.uint8]) -> None:
    face = HeadBox(*map(float, FACE))
    assert find_remaining_faces(astronaut, [Fixed(face), Fixed()]) == [(FACE, 'fixed')]


def test_faces_that_are_too_small_or_outside_are_ignored(astronaut: NDArray[np.uint8]) -> None:
    assert find_remaining_faces(astronaut, [Fixed(HeadBox(200, 100, 7, 7), HeadBox(600, 0, 50, 50))]) == []


def test_missing_weights_are_named_and_required_only_if_they_were_requested(tmp_path: Path) -> None:
    model_dir = str(tmp_path)  # a folder without the weights that other tests may have put into the shared one
    finders, missing = _finders(model_dir)
    assert finders[0].name == 'bodypix_ros 1.0 at 897, mirrored'
    assert missing[0].startswith('BodyPix: ')
    settings = NetworkSettings(provider='cpu', model_dir=model_dir, multiplier=0.5)
    with pytest.raises(ModelError):
        open_finders(settings, ('multiplier',))
