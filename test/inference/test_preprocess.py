# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From pictures to the network's input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from golden import CASES_WITH_LOGITS, Golden

from bodypix_ros.inference.geometry import bodypix1_geometry, bodypix2_geometry, own_geometry
from bodypix_ros.inference.kernels import choose_kernels


@pytest.fixture(params=['numpy', 'numba'], scope='module')
def network_input(request: pytest.FixtureRequest) -> Callable[..., np.ndarray]:
    """Both implementations, which must agree with the references."""
    if request.param == 'numba':
        pytest.importorskip('numba', reason='numba is not installed')
    kernels = choose_kernels(request.param)

    def prepare(image, geometry, architecture='mobilenet_v1'):
        planes = np.empty((3, geometry.input_height, geometry.input_width), np.float32)
        kernels.preprocess(image, geometry, architecture, out=planes)
        return planes

    return prepare


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
def test_the_input_equals_the_javascript_library(network_input, shared: Path, name: str) -> None:
    case = Golden.load(shared, name)
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    grey_levels = (network_input(case.image, geometry) + 1) * 127.5
    expected = case.arrays('input')['input_resized'].transpose(2, 0, 1)
    assert np.abs(grey_levels - expected).max() < 1e-4


def test_a_black_border_is_black_after_normalisation(network_input) -> None:
    white = np.full((342, 548, 3), 255, np.uint8)
    planes = network_input(white, bodypix2_geometry(342, 548, 'medium', 16))
    assert np.allclose(planes[:, :, 0], -1, atol=1e-6)
    assert np.allclose(planes[:, :, 100], 1, atol=1e-6)


def test_bodypix1_pads_after_the_resize(network_input) -> None:
    white = np.full((480, 640, 3), 255, np.uint8)
    planes = network_input(white, bodypix1_geometry(480, 640, 16))
    assert np.allclose(planes[:, :80], -1, atol=1e-6)
    assert np.allclose(planes[:, 80:273], 1, atol=1e-6)
    assert np.allclose(planes[:, 273:], -1, atol=1e-6)


def test_resnet_wants_grey_levels_less_the_mean_of_imagenet_in_rgb(network_input) -> None:
    blue = np.zeros((33, 33, 3), np.uint8)
    blue[..., 0] = 200
    planes = network_input(blue, bodypix2_geometry(33, 33, 'full', 32), 'resnet50')
    assert planes[:, 5, 5].tolist() == pytest.approx([-123.15, -115.90, 200 - 103.06], abs=1e-4)


def test_our_network_sees_a_smaller_picture_by_area_sampling(network_input) -> None:
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    planes = network_input(image, own_geometry(480, 640, 'auto'), 'efficientnet_lite0')
    expected = cv2.resize(image.astype(np.float32), (449, 321), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose((planes + 1) * 127.5, expected[..., ::-1].transpose(2, 0, 1), atol=1e-3)


@pytest.mark.parametrize('size', [(100, 150), (440, 300)])
def test_our_network_sees_a_larger_picture_by_linear_interpolation(network_input, size) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    geometry = own_geometry(*size, 'auto')
    planes = network_input(image, geometry, 'efficientnet_lite0')
    size = (geometry.input_width, geometry.input_height)
    expected = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose((planes + 1) * 127.5, expected[..., ::-1].transpose(2, 0, 1), atol=1e-2)
