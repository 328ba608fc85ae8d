# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights of TensorFlow.js in the layout of ONNX; see also test_build.py."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.bodypix.layers import depthwise_kernel_of, kernel_of


def test_kernels_have_the_layout_of_onnx() -> None:
    assert kernel_of(np.zeros((3, 5, 8, 16), np.float32)).shape == (16, 8, 3, 5)
    assert depthwise_kernel_of(np.zeros((3, 5, 8, 1), np.float32)).shape == (8, 1, 3, 5)


@pytest.mark.parametrize('transpose', [kernel_of, depthwise_kernel_of])
def test_kernels_have_four_axes(transpose) -> None:
    with pytest.raises(ModelError, match=r'must have four axes, got the shape \(3, 4\)'):
        transpose(np.zeros((3, 4), np.float32))
