# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Distances between the estimated keypoints of pixels and the keypoints of poses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...people import Pose
from .block_labels import PersonLabels
from .long_offsets import Floats, Positions


class PoseDistances:
    """The keypoints of poses that estimates are compared with.

    Attributes:
        keypoints: numbers of the keypoints that are compared for at least one pose, ascending.
        labels: numbers of the poses that have such keypoints; the first pose is 1.
    """

    def __init__(self, poses: Sequence[Pose], *, keypoints: int, min_keypoint_score: float, reach_px2: float) -> None:
        """Choose the keypoints.

        Args:
            poses: in pixels of the image.
            keypoints: only the first `keypoints` of each pose are compared.
            min_keypoint_score: only keypoints above this score are compared.
            reach_px2: estimates that are not closer than this to any pose, in square pixels, belong to nobody.
        """
        strong = [
            [index for index, point in enumerate(pose.keypoints[:keypoints]) if point.score > min_keypoint_score]
            for pose in poses
        ]
        self.keypoints = sorted(set().union(*strong))
        self._reach_px2 = reach_px2
        self.labels = [label for label, chosen in enumerate(strong, start=1) if chosen]
        self._places = [
            (
                [self.keypoints.index(index) for index in chosen],
                np.array([[complex(pose.keypoints[index].x, pose.keypoints[index].y)] for index in chosen]),
            )
            for pose, chosen in zip(poses, strong, strict=True)
            if chosen
        ]

    def of(self, estimates: Positions) -> Floats:
        """Return the (poses, n) mean squared distances, square pixels of the image, for (keypoints, n) estimates."""
        distances: Floats = np.empty((len(self.labels), estimates.shape[1]), estimates.real.dtype)
        for mean, (rows, places) in zip(distances, self._places, strict=True):
            away = estimates[rows] - places.astype(estimates.dtype)
            squared = np.square(away.real)
            squared += np.square(away.imag)
            np.divide(squared.sum(axis=0), len(rows), out=mean)
        return distances

    def nearest(self, distances: Floats) -> tuple[PersonLabels, Floats]:
        """Return the labels of the nearest poses, and their distances, (n,) each, for (poses, n) distances.

        The first of equally near poses wins; a distance of NaN never does.
        """
        best: NDArray[Any] = np.full(distances.shape[1], self._reach_px2, distances.dtype)
        labels = np.zeros(distances.shape[1], np.uint8)
        for label, distance in zip(self.labels, distances, strict=True):
            nearer = distance < best
            np.copyto(best, distance, where=nearer)
            labels[nearer] = label
        return labels, best
