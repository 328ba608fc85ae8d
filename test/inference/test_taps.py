# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Interpolation along one axis; see also test_geometry.py and test_preprocess.py."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bodypix_ros.inference.taps import area_taps, centred_taps


@pytest.mark.parametrize(('size', 'target'), [(640, 449), (641, 33), (100, 99), (97, 97), (3, 1)])
def test_area_weights_cover_the_axis_evenly(size, target) -> None:
    taps = area_taps(size, target)
    assert np.allclose(taps.weights.sum(axis=1), 1)
    total = np.zeros(size + taps.weights.shape[1])
    for first, weights in zip(taps.first, taps.weights, strict=True):
        total[first : first + len(weights)] += weights
    assert np.allclose(total[:size], target / size, atol=1e-5)
    assert np.all(total[size:] == 0)


@pytest.mark.parametrize(('size', 'target'), [(640, 449), (100, 257), (1, 5), (7, 7)])
def test_centred_taps_are_those_of_opencv(size, target) -> None:
    values = np.random.default_rng(0).random((1, size), np.float32)
    expected = cv2.resize(values, (target, 1), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(values @ centred_taps(size, target).matrix(size).T, expected, atol=1e-4)
