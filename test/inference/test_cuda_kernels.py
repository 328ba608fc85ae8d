# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kernels of the GPU, compiled as C++: against the JavaScript library, and against numpy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from golden import CASES_WITH_LOGITS, THRESHOLDS, Golden
from gpu_on_cpu import SAME_NUMBERS, constant_network, labelled, prepared

from bodypix_ros.inference import numpy_kernels
from bodypix_ros.inference.cuda_kernels import SOURCE, input_taps
from bodypix_ros.inference.geometry import Geometry, bodypix1_geometry, bodypix2_geometry, own_geometry
from bodypix_ros.parts import renumbering

NETWORK = constant_network(np.zeros(25))
SIZES = [(97, 131), (60, 200), (240, 80), (1, 1), (1, 50), (50, 1)]


def _geometries(size: tuple[int, int]) -> list[Geometry]:
    """All families, strides and directions of resizing."""
    second = [bodypix2_geometry(*size, share, stride) for share in (0.5, 1.7) for stride in (8, 16, 32)]
    return [*second, bodypix1_geometry(*size, 16), own_geometry(*size, 'auto'), own_geometry(*size, 97)]


def _heads(seed: int, count: int, geometry: Geometry) -> np.ndarray:
    """Logits with many equal maxima."""
    noise = np.random.default_rng(seed).normal(0, 3, (count, 25, geometry.output_height, geometry.output_width))
    return np.round(noise, 1).astype(np.float32)


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
@pytest.mark.parametrize('threshold', THRESHOLDS)
def test_masks_and_parts_equal_the_javascript_library_on_its_own_logits(shared, name, threshold) -> None:
    case = Golden.load(shared, name)
    logits = case.arrays('logits')
    heads = np.concatenate([logits['segmentation'], logits['partHeatmaps']], axis=-1).transpose(2, 0, 1)[None]
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    mask, parts, _ = labelled(heads, NETWORK, geometry, threshold)
    assert np.count_nonzero(mask[0] != case.outputs[f'person_t{threshold}'].astype(bool)) <= 1
    assert np.count_nonzero(parts[0] != case.outputs[f'parts_t{threshold}']) <= 3


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
def test_the_input_equals_the_javascript_library(shared, name) -> None:
    case = Golden.load(shared, name)
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    grey_levels = (prepared(case.image[None], NETWORK, geometry)[0] + 1) * 127.5
    expected = case.arrays('input')['input_resized'].transpose(2, 0, 1)
    assert np.abs(grey_levels - expected).max() < 1e-4


@pytest.mark.parametrize('size', SIZES)
def test_the_input_equals_that_of_numpy_in_every_place_of_a_batch(size) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    for architecture in ('mobilenet_v1', 'resnet50'):
        network = dataclasses.replace(NETWORK, architecture=architecture)
        for geometry in _geometries(size):
            found = prepared(images, network, geometry)
            for image, planes in zip(images, found, strict=True):
                expected = np.empty_like(planes)
                numpy_kernels.preprocess(image, geometry, architecture, out=expected)
                assert np.allclose(planes, expected, atol=1e-4 if architecture == 'resnet50' else 2e-6)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('threshold', [0.05, 0.5, 0.9])
def test_labels_equal_those_of_numpy_in_every_place_of_a_batch(size, threshold) -> None:
    for seed, geometry in enumerate(_geometries(size)):
        heads = _heads(seed, 2, geometry)
        masks, parts, confidences = labelled(heads, NETWORK, geometry, threshold)
        for place in range(2):
            person, part_logits = heads[place, 0], heads[place, 1:]
            mask = numpy_kernels.decode_mask(person, geometry, threshold)
            confidence = numpy_kernels.decode_confidence(person, geometry)
            assert np.mean(masks[place] != mask) <= 1e-4
            assert np.abs(confidences[place].astype(int) - confidence).max() <= 1
            expected = numpy_kernels.decode_parts(part_logits, masks[place], geometry, SAME_NUMBERS)
            assert np.mean(parts[place] != expected) <= 2e-3  # equal maxima differ by the rounding of float32


@pytest.mark.parametrize('threshold', [0.0, 1.0])
def test_the_ends_of_the_threshold_are_everything_and_nothing(threshold) -> None:
    for geometry in _geometries((97, 131)):
        mask, parts, _ = labelled(_heads(0, 1, geometry), NETWORK, geometry, threshold)
        assert np.all(mask == (threshold == 0))
        assert np.all((parts >= 0) == (threshold == 0))


def test_the_threshold_is_strict() -> None:
    heads = np.zeros((1, 25, 3, 3), np.float32)  # a score of one half everywhere
    geometry = bodypix2_geometry(33, 33, 'full', 16)
    assert not labelled(heads, NETWORK, geometry, 0.5)[0].any()
    assert labelled(heads, NETWORK, geometry, 0.4999)[0].all()


def test_the_first_of_equal_maxima_wins_and_is_numbered() -> None:
    heads = np.full((1, 25, 3, 3), -4, np.float32)
    heads[0, [0, 8, 20]] = 2
    numbers = renumbering('bodypix2', 'bodypix1')
    _, parts, _ = labelled(heads, NETWORK, bodypix2_geometry(33, 33, 'full', 16), 0.5, numbers)
    assert np.all(parts == numbers[7])


def test_confidence_is_255_times_the_probability() -> None:
    heads = np.full((1, 25, 3, 3), -4, np.float32)
    heads[0, 0] = np.log(0.8 / 0.2)
    for geometry in (bodypix2_geometry(33, 33, 'full', 16), bodypix1_geometry(33, 33, 16), own_geometry(33, 33, 65)):
        cells = np.full((1, 25, geometry.output_height, geometry.output_width), heads[0, 0, 0, 0], np.float32)
        assert np.all(labelled(cells, NETWORK, geometry, 0.5)[2] == 204)


def test_area_sampling_takes_the_mean_of_what_an_output_covers() -> None:
    rows, _ = input_taps(own_geometry(260, 260, 65))
    assert rows.inputs.shape == rows.weight.shape
    assert np.allclose(rows.weight[:, :4], 0.25)
    assert np.allclose(rows.weight[:, 4:], 0)
    assert rows.inputs[1, :4].tolist() == [4, 5, 6, 7]


def test_the_source_is_short_enough_to_be_read() -> None:
    assert len(SOURCE.read_text().splitlines()) < 300


@pytest.mark.parametrize('architecture', ['75', '80', '86', '87', '89', '90', '100', '120'])
def test_nvrtc_compiles_the_kernels(architecture) -> None:
    core = pytest.importorskip('cuda.core', reason='cuda-core is not installed')
    options = core.ProgramOptions(std='c++17', arch=f'sm_{architecture}')
    try:
        program = core.Program(SOURCE.read_text(), 'c++', options)
    except Exception as error:
        if type(error).__name__ != 'DynamicLibNotFoundError':
            raise
        pytest.skip('NVRTC is not installed: pip install nvidia-cuda-nvrtc')
    code = program.compile('cubin').code
    assert b'label_pixels' in code
    assert b'prepare_input' in code
