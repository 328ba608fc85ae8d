# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cases of a benchmark, and their images."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bodypix_ros.bench import cases
from bodypix_ros.bench.cases import Case, all_cases, fit
from bodypix_ros.errors import BodyPixError
from bodypix_ros.settings import NetworkSettings


def test_every_combination_is_a_case() -> None:
    choices = {'multiplier': [0.5, 0.75], 'stride': [8, 16]}
    found = list(all_cases([(640, 480), (64, 48)], [1, 4], NetworkSettings(quant_bytes=2), choices))
    assert len(found) == 16
    assert len(set(found)) == 16
    assert {case.network.quant_bytes for case in found} == {2}
    assert found[0] == Case(640, 480, 1, NetworkSettings(quant_bytes=2, multiplier=0.5, stride=8))


def test_a_title_names_network_and_resolution() -> None:
    assert Case(640, 480, 1, NetworkSettings(model='bodypix_ros')).title == '640x480, bodypix_ros, auto'
    assert Case(640, 480, 1, NetworkSettings(model='bodypix')).title == '640x480, 0.75, stride 16, auto'


def test_a_title_names_what_is_not_the_default() -> None:
    settings = NetworkSettings(
        model='bodypix', architecture='resnet50', internal_resolution='full', precision='fp32', threads=1, stride=32
    )
    assert Case(64, 48, 8, settings).title == '64x48, ResNet50, stride 32, full, batch of 8, fp32, 1 thread'


def test_a_batch_is_the_fitted_picture_several_times(astronaut: np.ndarray) -> None:
    first, second = Case(64, 48, 2, NetworkSettings()).images(astronaut)
    assert first.shape == (48, 64, 3)
    assert np.array_equal(first, second)
    assert np.array_equal(first, fit(astronaut, 64, 48))


@pytest.mark.parametrize(('width', 'height'), [(640, 480), (480, 640), (1920, 1080), (100, 100), (3, 200), (1, 1)])
def test_the_whole_picture_is_in_the_frame_and_its_borders_fill_the_rest(width: int, height: int) -> None:
    picture = np.zeros((50, 100, 3), np.uint8)
    picture[:, :50] = 200
    frame = fit(picture, width, height)
    assert frame.shape == (height, width, 3)
    assert frame.flags.c_contiguous
    if width > 2:
        assert frame[0, 0, 0] == frame[-1, 0, 0] == 200
        assert frame[0, -1, 0] == frame[-1, -1, 0] == 0


def test_the_default_picture_is_bgr(astronaut: np.ndarray) -> None:
    assert np.array_equal(cases.astronaut(), astronaut)


def test_without_scikit_image_the_error_names_the_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'skimage', None)
    with pytest.raises(BodyPixError, match='requires scikit-image, .* `pip install scikit-image` or pass --picture'):
        cases.astronaut()
