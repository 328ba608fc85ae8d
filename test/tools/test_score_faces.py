# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The marked faces, and the fraction of them that is covered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bodypix_ros
from bodypix_ros.settings import AnonymizeSettings
from tools.score_faces import ENOUGH, Face, read_marks, shares

MARKS = read_marks()


def test_there_are_enough_marked_faces_of_every_size() -> None:
    sizes = [face.size for marked in MARKS for face in marked.faces]
    assert len(sizes) >= 300
    assert min(sizes.count(size) for size in ('near', 'far', 'tiny')) >= 80


def test_boxes_are_unique_and_have_an_area() -> None:
    boxes = [(marked.path, marked.frame, face) for marked in MARKS for face in marked.faces]
    assert len(set(boxes)) == len(boxes)
    assert all(min(face) >= 0 and face.width > 3 and face.height > 3 for _, _, face in boxes)


def test_the_covered_fraction_of_a_face() -> None:
    covered = np.zeros((20, 20), bool)
    covered[:, :10] = True
    assert Face(8, 5, 4, 4).share_of(covered) == 0.5


def test_a_third_of_the_faces_is_held_out() -> None:
    held_out = [marked for marked in MARKS if 'held out' in marked.groups]
    assert sum(len(marked.faces) for marked in held_out) == 188
    assert any('not trained on' in marked.groups for marked in held_out)


@pytest.mark.parametrize(('height', 'size'), [(32, 'near'), (31, 'far'), (16, 'far'), (15, 'tiny')])
def test_sizes_are_by_height(height: int, size: str) -> None:
    assert Face(0, 0, 5, height).size == size


def test_nearly_all_faces_are_covered(shared: Path) -> None:
    """On a sixth of the marked pictures; `tools/score_faces.py` measures all of them."""
    pictures = [marked for marked in MARKS if marked.frame is None][::6]
    modes = [AnonymizeSettings(anonymize=mode, anonymize_style='fill') for mode in ('faces', 'heads', 'people')]
    net = bodypix_ros.load(provider='cpu')
    found = list(shares(net, shared / 'images', pictures, modes))
    covered = np.array([share for _, face, share in found if face.size != 'tiny']) >= ENOUGH
    assert len(covered) > 45
    assert covered.mean(axis=0).min() >= 0.98
