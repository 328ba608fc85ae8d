# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Assigns the pixels of a mask to poses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...parts import KEYPOINTS
from ...people import Pose
from ...settings import SegmentSettings
from ..geometry import Geometry
from .block_labels import Indices, PersonLabels, label_mask
from .cell_instances import assign_by_cells
from .long_offsets import InterpolatedOffsets, NearestOffsets
from .pose_distances import PoseDistances

_CHUNK = 16384  # positions; with all intermediate results they fit into the cache of a core


@dataclass(frozen=True)
class _Variant:
    """One of the two ways in which TensorFlow.js assigns pixels.

    Attributes:
        estimates: how the keypoints of a pixel are estimated.
        keypoints: number of keypoints that are compared, from the first on.
        min_keypoint_score: keypoints of a pose above this score are compared; None means the setting.
        reach_px2: estimates farther from every pose than this, in square pixels of the image, belong to nobody.
        steps: see `label_mask`.
        margin: see `label_mask`.
        trust_cells: estimates that are closer to their pose than this number of output cells resemble those of
            neighbouring pixels. Offsets that are not interpolated jump between pixels, more so far from the pose.
    """

    estimates: type[InterpolatedOffsets] | type[NearestOffsets]
    keypoints: int
    min_keypoint_score: float | None
    reach_px2: float
    steps: tuple[int, ...]
    margin: int
    trust_cells: float


_VARIANTS = {
    'webgl': _Variant(InterpolatedOffsets, len(KEYPOINTS), None, 1e6, steps=(16, 4, 1), margin=0, trust_cells=np.inf),
    'cpu': _Variant(NearestOffsets, 5, 0.3, np.inf, steps=(16, 1), margin=1, trust_cells=2),
}


def assign_pixels(
    mask: NDArray[np.bool_],
    poses: Sequence[Pose],
    long_offsets: NDArray[np.float32],
    geometry: Geometry,
    settings: SegmentSettings,
) -> PersonLabels:
    """Assign every pixel of the mask to the pose nearest to its estimated keypoints.

    The distance of a pixel from a pose is the mean squared distance between its estimates and the keypoints of the pose
    that score above `min_keypoint_score`; a pose without such keypoints gets no pixels. The variant `webgl` compares
    all 17 keypoints; pixels that are 1000 pixels or more from every pose belong to nobody, even if there is only one
    pose. `cpu` compares nose, eyes and ears and has no such limit.

    Args:
        mask: (H, W) bool, true where a person is.
        poses: in pixels of the image.
        long_offsets: (34, rows, columns) float32, pixels of the network input; first all dy, then all dx.
        geometry: of the image.
        settings: instances, min_keypoint_score (webgl only) and refine_steps are used.

    Returns:
        (H, W) uint8, 0 nobody, n the n-th pose.

    Source: BodyPix 2.2 `decodeMultipleMasksGPU`, `decodeMultipleMasksCPU`. Not every pixel is computed, see
    `label_mask`.
    """
    variant = _VARIANTS[settings.instances]
    by_cells = settings.instances == 'webgl' and geometry.sigmoid == 'after'
    min_keypoint_score = variant.min_keypoint_score
    if min_keypoint_score is None:
        min_keypoint_score = float(np.float32(settings.min_keypoint_score))  # shaders compare in float32
    distances = PoseDistances(
        poses,
        keypoints=variant.keypoints,
        min_keypoint_score=min_keypoint_score,
        reach_px2=np.inf if by_cells else variant.reach_px2,
    )
    if not distances.labels:
        return np.zeros(mask.shape, np.uint8)
    if by_cells:
        return assign_by_cells(mask, distances, long_offsets, geometry, settings.refine_steps)
    estimates = variant.estimates(long_offsets, distances.keypoints, geometry, settings.refine_steps)
    trusted_px2 = (variant.trust_cells * _cell_px(geometry)) ** 2
    chunk = _CHUNK // len(distances.keypoints)

    def label_at(rows: Indices, columns: Indices) -> tuple[PersonLabels, NDArray[np.bool_]]:
        labels, sure = np.empty(rows.size, np.uint8), np.empty(rows.size, bool)
        for start in range(0, rows.size, chunk):
            part = slice(start, start + chunk)
            labels[part], distance_px2 = distances.nearest(distances.of(estimates(rows[part], columns[part])))
            np.less(distance_px2, trusted_px2, out=sure[part])
        return labels, sure

    return label_mask(mask, label_at, variant.steps, margin=variant.margin)


def _cell_px(geometry: Geometry) -> float:
    """Return the height of an output cell of the pose heads, pixels of the image."""
    padding = geometry.padding
    return geometry.pose_stride * (padding.top + geometry.height + padding.bottom) / geometry.input_height
