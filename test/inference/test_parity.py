# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pictures that a GPU is verified with, and how results are compared."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from gpu_on_cpu import cpu_engine, own_network

from bodypix_ros.inference.engine import Decoded, network_geometry
from bodypix_ros.inference.parity import FP16, FP32, Difference, compare, person_pictures, shows_people, worst
from bodypix_ros.segmentation import Timings


def _result(mask: np.ndarray, parts: np.ndarray | None = None, confidence: np.ndarray | None = None) -> Decoded:
    return Decoded(mask, parts, {}, Timings(), confidence)


@pytest.mark.parametrize('size', [(90, 120), (120, 90), (40, 400), (400, 40), (300, 300)])
def test_pictures_have_the_size_and_differ_from_each_other(size) -> None:
    pictures = list(islice(person_pictures(*size), 9))
    assert all(picture.shape == (*size, 3) for picture in pictures)
    assert all(picture.dtype == np.uint8 for picture in pictures)
    for index, picture in enumerate(pictures):
        for other in pictures[:index]:
            assert np.mean(np.abs(picture.astype(int) - other)) > 4


@pytest.mark.parametrize('size', [(480, 640), (120, 160), (640, 360), (96, 640)])
def test_our_network_finds_people_in_most_of_them(size) -> None:
    network = own_network()
    geometry = network_geometry(network, 161, 'cpu', *size)
    pictures = [(picture, geometry) for picture in islice(person_pictures(*size), 12)]
    found = cpu_engine(network).segment(pictures, 0.5, parts=False)
    assert sum(shows_people(one) for one in found) >= 9


def test_the_share_of_people_decides_what_proves_anything() -> None:
    half = np.zeros((10, 10), bool)
    half[:5] = True
    assert shows_people(_result(half))
    assert not shows_people(_result(np.zeros((10, 10), bool)))
    assert not shows_people(_result(np.ones((10, 10), bool)))


def test_each_kind_of_difference_is_counted_in_shares_of_the_pixels() -> None:
    mask, parts, confidence = np.zeros((10, 10), bool), np.zeros((10, 10), np.int8), np.zeros((10, 10), np.uint8)
    expected = _result(mask, parts, confidence)
    other_mask, other_parts, other_confidence = mask.copy(), parts.copy(), confidence.copy()
    other_mask[0, :3] = True
    other_parts[1] = 7
    other_confidence[2:4], other_confidence[4:] = 9, 8  # 8 steps are nothing
    assert compare(_result(other_mask, other_parts, other_confidence), expected) == Difference(0.03, 0.1, 0.2)
    assert compare(expected, expected) == Difference(0, 0, 0)


def test_what_was_not_asked_for_is_not_compared() -> None:
    mask = np.ones((4, 4), bool)
    assert compare(_result(mask), _result(mask, np.zeros((4, 4), np.int8))) == Difference(0, 0, 0)


def test_another_shape_differs_everywhere() -> None:
    assert compare(_result(np.ones((4, 5), bool)), _result(np.ones((5, 4), bool))).mask == 1


@pytest.mark.parametrize(
    ('difference', 'fp32', 'fp16'),
    [
        (Difference(0.0009, 0.004, 0.0009), False, False),
        (Difference(0.0011, 0, 0), True, False),
        (Difference(0, 0.0051, 0), True, False),
        (Difference(0, 0, 0.0011), True, False),
        (Difference(0.0051, 0, 0), True, True),
        (Difference(0, 0.011, 0), True, True),
    ],
)
def test_tolerances_are_those_of_the_precision(difference, fp32, fp16) -> None:
    assert (difference.exceeds(FP32), difference.exceeds(FP16)) == (fp32, fp16)


def test_the_worst_of_the_excessive_differences_is_reported() -> None:
    full = _result(np.ones((10, 10), bool))
    bad, worse = full.mask.copy(), full.mask.copy()
    bad[0], worse[:3] = False, False
    assert worst([full, _result(bad), _result(worse)], [full] * 3, FP16) == Difference(0.3, 0, 0)
    assert worst([full] * 3, [full] * 3, FP16) is None
    assert worst([full], [full] * 2, FP16) == Difference(1, 1, 1)
