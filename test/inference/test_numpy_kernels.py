# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From logits to masks and labels."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from golden import CASES_WITH_LOGITS, THRESHOLDS, Golden

from bodypix_ros.inference.geometry import (
    Geometry,
    bodypix1_geometry,
    bodypix2_geometry,
    own_geometry,
    sampled_geometry,
)
from bodypix_ros.inference.kernels import Kernels, choose_kernels
from bodypix_ros.parts import renumbering

SAME = renumbering('bodypix2', 'bodypix2')


@pytest.fixture(params=['numpy', 'numba'], scope='module')
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """Both implementations, which must agree with the references."""
    if request.param == 'numba':
        pytest.importorskip('numba', reason='numba is not installed')
    return choose_kernels(request.param)


def _noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)


def _geometries() -> list[Geometry]:
    sizes = [(97, 131), (60, 200), (1, 1), (1, 50), (50, 1)]
    second = [bodypix2_geometry(*size, share, stride) for size in sizes for share in (0.5, 1.7) for stride in (8, 16)]
    return second + [bodypix1_geometry(*size, 16) for size in sizes] + [own_geometry(*size, 'auto') for size in sizes]


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
@pytest.mark.parametrize('threshold', THRESHOLDS)
def test_masks_and_parts_equal_the_javascript_library_on_its_own_logits(
    kernels: Kernels, shared, name, threshold
) -> None:
    case = Golden.load(shared, name)
    logits = case.arrays('logits')
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    mask = kernels.decode_mask(logits['segmentation'][..., 0], geometry, threshold)
    parts = kernels.decode_parts(logits['partHeatmaps'].transpose(2, 0, 1), mask, geometry, SAME)
    assert np.count_nonzero(mask != case.outputs[f'person_t{threshold}'].astype(bool)) <= 1
    assert np.count_nonzero(parts != case.outputs[f'parts_t{threshold}']) <= 3


@pytest.mark.parametrize('threshold', [0.0, 0.05, 0.5, 0.95, 1.0])
def test_masks_equal_the_plain_reference_for_noise(kernels: Kernels, threshold: float) -> None:
    for seed, geometry in enumerate(_geometries()):
        logits = _noise(seed, geometry.output_height, geometry.output_width)
        scores = reference.scores(logits, geometry)
        mask = kernels.decode_mask(logits, geometry, threshold)
        assert mask.shape == (geometry.height, geometry.width)
        doubtful = np.abs(scores - threshold) < 1e-5  # scores are probabilities here, for our network too
        assert np.array_equal(mask[~doubtful], (scores > threshold)[~doubtful])


def test_parts_equal_the_plain_reference_for_noise(kernels: Kernels) -> None:
    for seed, geometry in enumerate(_geometries()):
        logits = _noise(seed, 24, geometry.output_height, geometry.output_width)
        mask = _noise(seed, geometry.height, geometry.width) > -1
        parts = kernels.decode_parts(logits, mask, geometry, SAME)
        scores = reference.scores(logits, geometry)
        second, first = np.sort(scores, axis=0)[-2:]
        clear = mask & (first - second > 1e-5)
        assert np.array_equal(parts[clear], scores.argmax(axis=0)[clear])
        assert np.all(parts[~mask] == -1)


def test_the_threshold_is_strict(kernels: Kernels) -> None:
    geometry = bodypix2_geometry(33, 33, 'full', 16)
    even = np.zeros((3, 3), np.float32)  # a score of one half everywhere
    assert not kernels.decode_mask(even, geometry, 0.5).any()
    assert kernels.decode_mask(even, geometry, 0.4999).all()


def test_the_first_of_equal_maxima_wins(kernels: Kernels) -> None:
    geometry = bodypix2_geometry(33, 33, 'full', 16)
    logits = np.full((24, 3, 3), -4, np.float32)
    logits[[7, 19]] = 2
    parts = kernels.decode_parts(logits, np.ones((33, 33), bool), geometry, SAME)
    assert np.all(parts == 7)


def test_an_empty_mask_has_no_parts(kernels: Kernels) -> None:
    geometry = bodypix2_geometry(33, 33, 'full', 16)
    parts = kernels.decode_parts(_noise(0, 24, 3, 3), np.zeros((33, 33), bool), geometry, SAME)
    assert parts.dtype == np.int8
    assert np.all(parts == -1)


@pytest.mark.parametrize('size', [(480, 640), (123, 77), (720, 300), (1, 1), (40, 1)])
@pytest.mark.parametrize('threshold', [0.05, 0.5, 0.9])
def test_numba_labels_every_pixel_of_our_network_as_numpy_does(size: tuple[int, int], threshold: float) -> None:
    pytest.importorskip('numba', reason='numba is not installed')
    plain, compiled = choose_kernels('numpy'), choose_kernels('numba')
    for seed, resolution in enumerate(('auto', 'medium', 97)):
        geometry = own_geometry(*size, resolution)
        logits = _noise(seed, 25, geometry.output_height, geometry.output_width)
        logits = np.round(logits, 1)  # many equal maxima
        mask = plain.decode_mask(logits[0], geometry, threshold)
        assert np.array_equal(mask, compiled.decode_mask(logits[0], geometry, threshold))
        parts = plain.decode_parts(logits[1:], mask, geometry, SAME)
        assert np.array_equal(parts, compiled.decode_parts(logits[1:], mask, geometry, SAME))


def test_the_confidence_is_the_probability_in_255ths(kernels: Kernels) -> None:
    for seed, geometry in enumerate(_geometries()):
        logits = 2 * _noise(seed, geometry.output_height, geometry.output_width)
        confidence = kernels.decode_confidence(logits, geometry)
        assert confidence.dtype == np.uint8
        exact = 255 * reference.scores(logits, geometry)
        assert np.abs(confidence - exact).max() <= 0.5 + 1e-2


@pytest.mark.parametrize(('top', 'left', 'step_px'), [(0, 0, 1), (2, 1, 5), (4, 4, 8), (0, 0, 300)])
def test_the_confidence_of_every_nth_pixel_is_the_same(kernels: Kernels, top: int, left: int, step_px: int) -> None:
    for seed, geometry in enumerate(_geometries()):
        if top >= geometry.height or left >= geometry.width:
            continue
        logits = 2 * _noise(seed, geometry.output_height, geometry.output_width)
        sampled = kernels.decode_confidence(logits, sampled_geometry(geometry, top, left, step_px))
        every = kernels.decode_confidence(logits, geometry)
        np.testing.assert_array_equal(sampled, every[top::step_px, left::step_px])


def test_the_mask_is_where_the_confidence_exceeds_the_threshold(kernels: Kernels) -> None:
    geometry = own_geometry(97, 131, 'auto')
    logits = _noise(0, geometry.output_height, geometry.output_width)
    confidence = kernels.decode_confidence(logits, geometry)
    assert np.array_equal(kernels.decode_mask(logits, geometry, 0.5), confidence > 127)
