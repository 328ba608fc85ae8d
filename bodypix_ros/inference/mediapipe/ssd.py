# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's single-shot detectors (SSD), which find faces, palms and people: boxes and alignment points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.mediapipe.catalogue import find_model
from ...regions import RotatedRegion
from ..numpy_kernels import Image
from .regions import crop, network_input, project
from .session import LazySession, Session

Floats = NDArray[np.float32]

_LARGEST_LOGIT = 80.0  # MediaPipe has 100, of which the exponential overflows in float32; the scores are equal
_BOX = 4  # numbers of a box: centre x and y, width, height; the alignment points follow


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector found, best first, in fractions of the width and height of its input or in pixels of the image.

    Attributes:
        scores: (M,) float32, 0..1.
        boxes: (M, 4) float32: left, top, right, bottom.
        points: (M, K, 2) float32: x and y of the alignment points.
    """

    scores: Floats
    boxes: Floats
    points: Floats

    def __len__(self) -> int:
        return len(self.scores)


def sigmoid(logits: Floats) -> Floats:
    """Return the probabilities of logits of any shape."""
    return np.float32(1) / (1 + np.exp(-logits.clip(-_LARGEST_LOGIT, _LARGEST_LOGIT)))


def anchor_centers(side: int, strides: Sequence[int], per_cell: int = 2) -> Floats:
    """Return the centres of the anchors of all layers in the order of the network's outputs.

    Args:
        side: height and width of the network's input, pixels.
        strides: of each layer, pixels; adjacent layers with the same stride share one grid.
        per_cell: anchors of each layer in a cell; 2 means one of the layer's scale and one between this scale and the
            next.

    Returns:
        (A, 2) float32, x and y in fractions of the input. Width and height of every anchor are 1.

    Source: SsdAnchorsCalculator of MediaPipe with fixed_anchor_size.
    """
    grids = []
    for stride in dict.fromkeys(strides):
        cells = -(-side // stride)
        centers = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) / np.float32(cells)
        grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, per_cell * strides.count(stride), axis=0))
    return np.concatenate(grids)


def decode(boxes: Floats, scores: Floats, anchors: Floats, side: int, min_score: float = 0.5) -> Detections:
    """Convert the outputs of a detector for one image to detections.

    Args:
        boxes: (A, 4 + 2 K) float32, pixels relative to the anchors: centre x and y, width, height, alignment points.
        scores: (A, 1) float32, logits.
        anchors: (A, 2) float32, as `anchor_centers` returns them.
        side: height and width of the network's input, pixels.
        min_score: detections below it are omitted, 0..1.

    Returns:
        All detections, overlapping ones included.

    Raises:
        ValueError: the number of boxes, scores and anchors differs.

    Source: TensorsToDetectionsCalculator of MediaPipe.
    """
    if not len(boxes) == len(scores) == len(anchors):
        raise ValueError(f'expected boxes and scores for {len(anchors)} anchors, got {len(boxes)} and {len(scores)}')
    probabilities = sigmoid(scores[:, 0])
    size = boxes[:, 2:_BOX]
    chosen = np.flatnonzero((probabilities >= min_score) & (size >= 0).all(1))  # false for NaN
    chosen = chosen[np.argsort(-probabilities[chosen], kind='stable')]
    values = boxes[chosen] / np.float32(side)
    origin = anchors[chosen]
    center, half = values[:, :2] + origin, values[:, 2:_BOX] / 2
    points = values[:, _BOX:].reshape(len(chosen), (boxes.shape[1] - _BOX) // 2, 2) + origin[:, None]
    return Detections(probabilities[chosen], np.concatenate([center - half, center + half], axis=1), points)


def suppress(detections: Detections, max_overlap: float = 0.3) -> Detections:
    """Merge overlapping detections: weighted non-maximum suppression.

    Args:
        detections: best first.
        max_overlap: detections with a larger intersection over union than this belong together.

    Returns:
        One detection for each group, with the score of its best member and the mean of all boxes and points, weighted
        by their scores. Best first.

    Source: NonMaxSuppressionCalculator of MediaPipe with the algorithm WEIGHTED.
    """
    scores, boxes, points = detections.scores, detections.boxes, detections.points
    best, merged_boxes, merged_points = [], [], []
    remaining = np.arange(len(scores))
    while remaining.size:
        first = remaining[0]
        together = _overlaps(boxes[first], boxes[remaining]) > max_overlap
        together[0] = True  # even if its area is 0
        group = remaining[together]
        best.append(first)
        merged_boxes.append(np.average(boxes[group], axis=0, weights=scores[group]))
        merged_points.append(np.average(points[group], axis=0, weights=scores[group]))
        remaining = remaining[~together]
    if not best:
        return detections
    return Detections(scores[best], np.stack(merged_boxes), np.stack(merged_points))


class Detector:
    """One detector, applied to regions of an image."""

    def __init__(
        self, session: Session | LazySession, name: str, strides: Sequence[int], anchors_per_cell: int = 2
    ) -> None:
        """Use the session of a network.

        Args:
            session: of the network.
            name: of the network in the catalogue.
            strides: see `anchor_centers`.
            anchors_per_cell: see `anchor_centers`.
        """
        network = find_model(name)
        self._session, self._side, self._range = session, network.size[0], network.input_range
        self._anchors = anchor_centers(self._side, strides, anchors_per_cell)

    def find(self, image: Image, regions: Sequence[RotatedRegion], min_score: float = 0.5) -> Detections:
        """Return the detections of all regions, overlapping ones merged, best first, in pixels of the image.

        Args:
            image: (H, W, 3) uint8 BGR.
            regions: at least one, upright.
            min_score: detections below it are omitted, 0..1; the default is that of MediaPipe.
        """
        crops = [crop(image, region, self._side, 'black') for region in regions]
        outputs = self._session.run(network_input(crops, *self._range))
        found = [
            self._in_image(decode(boxes, scores, self._anchors, self._side, min_score), region)
            for boxes, scores, region in zip(outputs['boxes'], outputs['scores'], regions, strict=True)
        ]
        return suppress(_join(found))

    def _in_image(self, found: Detections, region: RotatedRegion) -> Detections:
        """Convert detections in a region to pixels of the image."""
        corners = found.boxes.reshape(len(found), 2, 2)
        return Detections(
            found.scores,
            project(corners * self._side, region, self._side).reshape(len(found), 4),
            project(found.points * self._side, region, self._side),
        )


def _join(found: Sequence[Detections]) -> Detections:
    """Return the detections of several regions, best first."""
    scores = np.concatenate([one.scores for one in found])
    order = np.argsort(-scores, kind='stable')
    boxes, points = np.concatenate([one.boxes for one in found]), np.concatenate([one.points for one in found])
    return Detections(scores[order], boxes[order], points[order])


def _overlaps(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection over union of a (4,) box and each of (M, 4) boxes, (M,) float32."""
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    intersection = size.clip(0).prod(1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
