# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How well masks and keypoints agree with what is true."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_BOUNDARY_TOLERANCE = 0.008
"""Distance that boundaries may be apart, share of the picture's diagonal. Source: the DAVIS benchmark."""

_KEYPOINT_TOLERANCE = 0.1
"""Distance that a keypoint may be off, share of the longer side of the person's box."""


def overlap(mask: Mask, truth: Mask, counted: Mask) -> float:
    """Return intersection over union of the pixels that count, 0..1; 1 where both are empty."""
    union = int(((mask | truth) & counted).sum())
    return int((mask & truth & counted).sum()) / union if union else 1.0


def boundary_score(mask: Mask, truth: Mask, counted: Mask) -> float:
    """Return the F-score of the boundary, 0..1: the mean of how much of each lies near the other.

    Args:
        mask: (H, W), the one to judge.
        truth: (H, W).
        counted: (H, W), pixels that count.
    """
    tolerance = max(round(float(np.hypot(mask.shape[0], mask.shape[1])) * _BOUNDARY_TOLERANCE), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance + 1, 2 * tolerance + 1))
    edges = [_boundary(one) & counted for one in (mask, truth)]
    near = [cv2.dilate(edge.astype(np.uint8), disc) > 0 for edge in edges]
    if not edges[0].any() or not edges[1].any():
        return float(edges[0].any() == edges[1].any())
    precision = (edges[0] & near[1]).sum() / edges[0].sum()
    recall = (edges[1] & near[0]).sum() / edges[1].sum()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def _boundary(mask: Mask) -> Mask:
    """Return the person's pixels that touch another pixel; the picture's own border is no boundary."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    edge: Mask = mask & (inner == 0)
    return edge


def found_keypoints(people: Iterable[NDArray[np.float64]], truth: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Match people with those that are labelled, the best match first, and count their keypoints.

    Args:
        people: (17, 2) x, y each.
        truth: of COCO: 'keypoints' 17 times x, y, label (0: not labelled), and 'bbox' x, y, w, h.

    Returns:
        How many labelled keypoints have the matched person's near them, and how many are labelled.
    """
    people, labelled_people = list(people), [one for one in truth if one['keypoints'] and any(one['keypoints'][2::3])]
    hits = np.zeros((len(labelled_people), len(people)), int)
    for row, one in enumerate(labelled_people):
        points = np.reshape(one['keypoints'], (17, 3))
        limit = _KEYPOINT_TOLERANCE * max(one['bbox'][2:])
        for column, person in enumerate(people):
            near = np.hypot(*(person - points[:, :2]).T) <= limit
            hits[row, column] = (near & (points[:, 2] > 0)).sum()
    found = 0
    while hits.size and hits.max() > 0:
        row, column = divmod(int(hits.argmax()), len(people))
        found += int(hits[row, column])
        hits[row], hits[:, column] = 0, 0
    return found, sum(int((np.array(one['keypoints'][2::3]) > 0).sum()) for one in labelled_people)
