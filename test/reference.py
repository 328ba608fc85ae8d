# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The decoding of BodyPix and of our network, plainly: in doubles and at full size, slow, simple enough to trust."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.inference.geometry import Geometry
from bodypix_ros.inference.taps import Taps


def interpolate(values: NDArray[np.float64], rows: Taps, columns: Taps) -> NDArray[np.float64]:
    """Interpolate (..., h, w) along both axes."""
    matrix = rows.matrix(values.shape[-2]).astype(np.float64)
    return matrix @ values @ columns.matrix(values.shape[-1]).astype(np.float64).T


def scores(logits: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float64]:
    """(..., output_height, output_width) logits to (..., H, W) scores."""
    values = logits.astype(np.float64)
    if geometry.sigmoid == 'before':
        values = sigmoid(values)
    values = geometry.upsample_rows.astype(np.float64) @ values @ geometry.upsample_columns.astype(np.float64)
    if geometry.sigmoid == 'between':
        values = sigmoid(values)
    values = interpolate(values, geometry.rows, geometry.columns)
    return sigmoid(values) if geometry.sigmoid == 'after' else values


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of logits."""
    return 1 / (1 + np.exp(-values))
