# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decoding of the outputs of BlazePose's landmark network for a batch of crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.mediapipe.catalogue import find_model
from .ssd import sigmoid

Floats = NDArray[np.float32]

LANDMARKER = find_model('pose_landmarks_full')
"""The landmark network; the others have the same inputs and outputs."""

SIDE = LANDMARKER.size[0]
"""Height and width of the input of the landmark network and of its masks, pixels."""

LANDMARKS = 33
"""Number of landmarks of the body; two auxiliary points for the region of the next image follow them."""

_OUTPUTS = 39  # landmarks of the network; MediaPipe does not use the last four
_VALUES = 5  # of each landmark: x, y, z, visibility, presence
_RADIUS = 4  # of the window in a heatmap: kernel_size 9 in the graphs of MediaPipe 0.10.21, 7 in later sources
_CONFIDENT = 0.5  # a heatmap moves a landmark if a cell of the window reaches this probability


@dataclass(frozen=True, eq=False)
class PoseLandmarks:
    """Landmarks and masks of N crops.

    Attributes:
        points: (N, 39, 3) float32: x, y and z (smaller is closer to the camera), pixels of the crop.
        visibility, presence: (N, 39) float32, 0..1.
        world: (N, 39, 3) float32, metres, origin midway between the hips, axes of the crop.
        scores: (N,) float32, probability that there is a person, 0..1.
        masks: (N, 256, 256) float32, probability of the person, 0..1.
    """

    points: Floats
    visibility: Floats
    presence: Floats
    world: Floats
    scores: Floats
    masks: Floats


def decode_landmarks(outputs: dict[str, Floats]) -> PoseLandmarks:
    """Convert the outputs of the landmark network.

    Args:
        outputs: landmarks (N, 195), presence (N, 1), segmentation (N, 1, 256, 256), heatmaps (N, 39, 64, 64), world
            (N, 117), float32; segmentation and heatmaps are logits.

    Source: the graph TensorsToPoseLandmarksAndSegmentation of MediaPipe.
    """
    landmarks = outputs['landmarks'].reshape(-1, _OUTPUTS, _VALUES)
    points = landmarks[..., :3].copy()
    points[..., :2] = refine(points[..., :2], outputs['heatmaps'])
    return PoseLandmarks(
        points,
        visibility=sigmoid(landmarks[..., 3]),
        presence=sigmoid(landmarks[..., 4]),
        world=outputs['world'].reshape(-1, _OUTPUTS, 3),
        scores=outputs['presence'][:, 0],
        masks=sigmoid(outputs['segmentation'][:, 0]),
    )


def refine(points: Floats, heatmaps: Floats) -> Floats:
    """Replace landmarks by the centroid of the heatmap around them where the heatmap is confident.

    Args:
        points: (N, K, 2) float32, x and y, pixels of the crop.
        heatmaps: (N, K, h, w) float32, logits.

    Returns:
        (N, K, 2) float32. Landmarks outside the crop are unchanged.

    Source: RefineLandmarksFromHeatmapCalculator of MediaPipe with kernel_size 9.
    """
    height, width = heatmaps.shape[2:]
    cells = np.trunc(points * np.array([width / SIDE, height / SIDE], np.float32))
    inside = np.all((cells >= 0) & (cells < [width, height]), axis=-1)
    center = np.where(inside[..., None], cells, np.float32(0)).astype(np.intp)
    window = np.arange(-_RADIUS, _RADIUS + 1)
    columns, rows = center[..., :1] + window, center[..., 1:] + window  # (N, K, 9)
    known = ((rows >= 0) & (rows < height))[..., :, None] & ((columns >= 0) & (columns < width))[..., None, :]
    image, landmark = np.indices(points.shape[:2])[..., None, None]
    values = heatmaps[image, landmark, rows.clip(0, height - 1)[..., :, None], columns.clip(0, width - 1)[..., None, :]]
    weights = sigmoid(values) * known  # (N, K, 9, 9)
    total = np.maximum(weights.sum((-2, -1)), np.finfo(np.float32).tiny)
    x = (weights.sum(-2) * columns).sum(-1) / total * (SIDE / width)
    y = (weights.sum(-1) * rows).sum(-1) / total * (SIDE / height)
    moved = inside & (weights.max((-2, -1)) >= _CONFIDENT)
    return np.where(moved[..., None], np.stack([x, y], axis=-1), points).astype(np.float32)
