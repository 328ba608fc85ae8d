# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Our network on pictures in the repository: what it finds is near the truth, and the same on every machine."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros import Segmenter

PICTURES = Path(__file__).resolve().parent / 'data' / 'people'

# Corners of the people's outlines, x and y in pixels, drawn by hand.
OUTLINES = {
    'astronaut': '77,45 78,32 90,15 115,8 138,15 150,35 149,50 138,66 132,68 128,85 145,100 152,118 172,140 181,172 '
    '163,185 145,205 140,230 140,256 25,256 12,225 13,170 20,145 42,113 58,103 62,85 75,75 92,76 90,62 82,58',
    'cameraman': '82,45 90,38 103,32 120,38 133,50 135,62 128,66 127,83 120,96 121,108 115,115 118,125 128,115 133,105 '
    '150,95 165,90 163,105 150,120 150,135 140,147 123,155 108,150 92,165 71,190 75,256 0,256 0,125 15,108 25,88 40,70 '
    '65,62 75,53',
    'grace_hopper': '90,155 83,140 80,120 77,100 76,85 78,62 85,43 95,25 110,17 130,11 150,20 168,25 176,38 184,45 '
    '185,90 187,100 182,125 175,150 167,158 190,172 215,185 240,193 250,205 256,225 256,300 5,300 12,250 17,205 30,188 '
    '60,180 85,172 98,160',
}
EMPTY = ('cat', 'coffee')


@pytest.fixture(scope='module', params=['numpy', 'numba'])
def net(request: pytest.FixtureRequest) -> Segmenter:
    if request.param == 'numba':
        pytest.importorskip('numba', reason='numba is not installed')
    return bodypix_ros.load(provider='cpu', kernels=request.param)


def _read(name: str, flag: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8]:
    picture = cv2.imread(str(PICTURES / f'{name}.png'), flag)
    assert picture is not None, name
    return picture


def _outline(name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    corners = np.array([[int(value) for value in corner.split(',')] for corner in OUTLINES[name].split()])
    return cv2.fillPoly(np.zeros(shape[:2], np.uint8), [corners], 1).astype(bool)


@pytest.mark.parametrize(('name', 'bound'), [('astronaut', 0.85), ('cameraman', 0.85), ('grace_hopper', 0.8)])
def test_people_are_found_where_they_are(net: Segmenter, name: str, bound: float) -> None:
    image = _read(name)
    mask, truth = net.segment(image).mask, _outline(name, image.shape)
    assert (mask & truth).sum() / (mask | truth).sum() > bound


@pytest.mark.parametrize(('name', 'bound'), [('coffee', 0.001), ('cat', 0.2)])  # a face of an animal is a known limit
def test_little_is_found_where_nobody_is(net: Segmenter, name: str, bound: float) -> None:
    assert net.segment(_read(name)).mask.mean() < bound


@pytest.mark.parametrize('name', [*OUTLINES, *EMPTY])
def test_labels_are_the_same_on_every_machine(net: Segmenter, name: str) -> None:
    expected = _read(f'{name}.labels', cv2.IMREAD_GRAYSCALE).astype(int) - 1
    found = net.segment(_read(name))
    assert np.mean(found.parts != expected) < 1e-3  # processors add in different orders
    assert np.array_equal(found.mask, found.parts >= 0)


def test_the_flag_behind_the_astronaut_is_nobody(net: Segmenter) -> None:
    assert not net.segment(_read('astronaut')).mask[:200, :10].any()


@pytest.mark.parametrize('name', OUTLINES)
def test_each_picture_shows_one_person(net: Segmenter, name: str) -> None:
    people = net.segment(_read(name), people=True).people
    assert len(people.persons) == 1
    truth = _outline(name, people.labels.shape)
    inside = [
        truth[min(int(point.y), truth.shape[0] - 1), min(int(point.x), truth.shape[1] - 1)]
        for point in people.persons[0].keypoints
        if point.score > 0.3
    ]
    assert np.mean(inside) > 0.6
