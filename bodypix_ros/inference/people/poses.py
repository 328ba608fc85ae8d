# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decodes the poses of several people from heatmaps and offsets, with the greedy algorithm of PoseNet and BodyPix.

It starts at the keypoint with the highest score, follows the edges of the skeleton to the other sixteen, and continues
with the next keypoint that does not belong to a person yet. There are few candidates: they are found with numpy and
then followed one by one, in double precision like JavaScript.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...parts import KEYPOINTS
from ...people import Keypoint, Pose
from ...settings import SegmentSettings
from ..geometry import Geometry, round_half_up

_OFFSET_REFINEMENTS = 2
_VISIBLE = 7
"""Number of keypoints in the score of a pose against the mask: those visible in a head-and-shoulders view."""

_CERTAINTY_POWER = 3
"""Weight of the best keypoint in that score; chosen with `tools/score_network.py`."""

_SKELETON = (
    (0, 1), (1, 3), (0, 2), (2, 4), (0, 5), (5, 7), (7, 9), (5, 11), (11, 13), (13, 15),
    (0, 6), (6, 8), (8, 10), (6, 12), (12, 14), (14, 16),
)  # fmt: skip
"""The edges of the tree from parent to child keypoint; the index of an edge is its channel in the displacements."""


class _Point(NamedTuple):
    """A keypoint in pixels of the network input."""

    score: float
    y: float
    x: float


class _Candidate(NamedTuple):
    """A cell of a heatmap that may contain a keypoint."""

    score: float
    row: int
    column: int
    keypoint: int


def decode_poses(
    heads: Mapping[str, NDArray[np.float32]],
    geometry: Geometry,
    settings: SegmentSettings,
    *,
    against_mask: bool = False,
) -> tuple[Pose, ...]:
    """Find the 17 keypoints of each person.

    Args:
        heads: the network's raw output by head, each (channels, rows, columns) float32: heatmaps (logits; the sigmoid
            is applied here), short_offsets, displacement_fwd, displacement_bwd (pixels of the network input; first all
            dy, then all dx), and segments with `against_mask`.
        geometry: of the image.
        settings: max_people, score_threshold (of the keypoint from which a pose is decoded) and nms_radius are used.
        against_mask: whether the score of a pose is not the mean score of its 17 keypoints, as in BodyPix, but the mean
            of the `_VISIBLE` largest products of a keypoint's score and the probability of a person at its position,
            times a power of the highest keypoint score. People who are partly out of view then keep a high score, and
            poses without a person get a low one.

    Returns:
        The poses in the order in which they were found, in pixels of the image. They are not filtered by their own
        score, so the last ones often do not belong to a person.

    Source: BodyPix 2.2 `decodeMultiplePoses`, `scalePoses`.
    """
    decoder = _Decoder(heads, geometry.pose_stride)
    queue = _Queue()
    for candidate in _candidates(decoder.scores, settings.score_threshold):
        queue.push(candidate)
    found: list[list[_Point]] = []
    poses: list[Pose] = []
    while len(found) < settings.max_people and queue:
        root = queue.pop()
        start = decoder.start(root)
        if _taken(root.keypoint, start, found, settings.nms_radius):
            continue
        points = decoder.follow(root.keypoint, start)
        own = [
            0.0 if _taken(index, point, found, settings.nms_radius) else point.score
            for index, point in enumerate(points)
        ]
        score = sum(own) / len(own)
        if against_mask:
            score = _score_against_mask(points, own, heads['segments'][0], geometry.stride)
        poses.append(_to_image(points, score, geometry))
        found.append(points)
    return tuple(poses)


def _score_against_mask(
    points: list[_Point], scores: list[float], segment_logits: NDArray[np.float32], stride: int
) -> float:
    """Return the score of a pose with `against_mask`, see `decode_poses`."""
    height, width = segment_logits.shape
    products = []
    for point, score in zip(points, scores, strict=True):
        row, column = round_half_up(point.y / stride), round_half_up(point.x / stride)
        if 0 <= row < height and 0 <= column < width:
            products.append(score / (1 + math.exp(-float(segment_logits[row, column]))))
    return max(scores) ** _CERTAINTY_POWER * sum(sorted(products)[-_VISIBLE:]) / _VISIBLE


class _Decoder:
    """Converts outputs of the network to positions in pixels of the network input."""

    def __init__(self, heads: Mapping[str, NDArray[np.float32]], stride: int) -> None:
        self.scores: NDArray[np.float32] = (1 / (1 + np.exp(-heads['heatmaps'].astype(np.float64)))).astype(np.float32)
        self._offsets = heads['short_offsets']
        self._forward = heads['displacement_fwd']
        self._backward = heads['displacement_bwd']
        self._stride = stride
        self._last_row, self._last_column = (size - 1 for size in self.scores.shape[1:])

    def start(self, candidate: _Candidate) -> _Point:
        """Return the keypoint of a candidate."""
        return _Point(candidate.score, *self._position(candidate.keypoint, candidate.row, candidate.column))

    def follow(self, root: int, start: _Point) -> list[_Point]:
        """Follow the edges from the root keypoint to all others: to the top of the tree, then down every branch."""
        points: dict[int, _Point] = {root: start}
        for edge in reversed(range(len(_SKELETON))):
            parent, child = _SKELETON[edge]
            if child in points and parent not in points:
                points[parent] = self._step(points[child], parent, edge, self._backward)
        for edge, (parent, child) in enumerate(_SKELETON):
            if parent in points and child not in points:
                points[child] = self._step(points[parent], child, edge, self._forward)
        return [points[keypoint] for keypoint in range(len(KEYPOINTS))]

    def _step(self, source: _Point, target: int, edge: int, displacements: NDArray[np.float32]) -> _Point:
        """Follow one edge, then correct the position with the short offsets there."""
        row, column = self._cell(source.y, source.x)
        y = source.y + displacements.item(edge, row, column)
        x = source.x + displacements.item(len(_SKELETON) + edge, row, column)
        for _ in range(_OFFSET_REFINEMENTS):
            y, x = self._position(target, *self._cell(y, x))
        return _Point(self.scores.item(target, *self._cell(y, x)), y, x)

    def _position(self, keypoint: int, row: int, column: int) -> tuple[float, float]:
        """Return y and x of a keypoint according to the short offsets of a cell."""
        y = row * self._stride + self._offsets.item(keypoint, row, column)
        x = column * self._stride + self._offsets.item(len(KEYPOINTS) + keypoint, row, column)
        return y, x

    def _cell(self, y: float, x: float) -> tuple[int, int]:
        """Return the row and column of the nearest cell."""
        row, column = math.floor(y / self._stride + 0.5), math.floor(x / self._stride + 0.5)
        row = 0 if row < 0 else self._last_row if row > self._last_row else row
        column = 0 if column < 0 else self._last_column if column > self._last_column else column
        return row, column


class _Queue:
    """Candidates, best first; equal scores in the order of BodyPix's heap, which differs from that of heapq.

    Its indices start at 0, but it computes the indices of parents by halving, as if they started at 1, so the root has
    only one child, with index 1.
    """

    def __init__(self) -> None:
        self._heap: list[_Candidate] = []

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, candidate: _Candidate) -> None:
        heap = self._heap
        heap.append(candidate)
        index = len(heap) - 1
        while index > 0 and heap[index // 2].score < heap[index].score:
            heap[index], heap[index // 2] = heap[index // 2], heap[index]
            index //= 2

    def pop(self) -> _Candidate:
        heap = self._heap
        best, last = heap[0], heap.pop()
        if heap:
            heap[0] = last
            self._sink(0)
        return best

    def _sink(self, index: int) -> None:
        heap = self._heap
        while (child := 2 * index) < len(heap):
            if child + 1 < len(heap) and heap[child].score < heap[child + 1].score:
                child += 1
            if heap[index].score >= heap[child].score:
                return
            heap[index], heap[child] = heap[child], heap[index]
            index = child


def _candidates(scores: NDArray[np.float32], threshold: float) -> list[_Candidate]:
    """Return the cells that reach the threshold and have no better neighbour, ordered by row, column and keypoint."""
    # In double precision, because 0.4 as float32 is slightly larger than 0.4.
    rows, columns, keypoints = np.nonzero((scores.astype(np.float64) >= threshold).transpose(1, 2, 0))
    padded = np.pad(scores, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    around = sliding_window_view(padded, (3, 3), axis=(1, 2))[keypoints, rows, columns].max(axis=(1, 2))
    own = scores[keypoints, rows, columns]
    best = own >= around
    places = (own[best], rows[best], columns[best], keypoints[best])
    return list(map(_Candidate, *(values.tolist() for values in places)))


def _taken(keypoint: int, point: _Point, found: list[list[_Point]], radius: float) -> bool:
    """Return whether an earlier pose has this keypoint within the radius."""
    return any(
        (point.y - other[keypoint].y) ** 2 + (point.x - other[keypoint].x) ** 2 <= radius * radius for other in found
    )


def _to_image(points: list[_Point], score: float, geometry: Geometry) -> Pose:
    """Convert points from pixels of the network input, which includes the borders, to a pose in pixels of the image."""
    padding = geometry.padding
    scale_y = (geometry.height + padding.top + padding.bottom) / geometry.input_height
    scale_x = (geometry.width + padding.left + padding.right) / geometry.input_width
    return Pose(
        score,
        tuple(
            Keypoint(name, point.x * scale_x - padding.left, point.y * scale_y - padding.top, point.score)
            for name, point in zip(KEYPOINTS, points, strict=True)
        ),
    )
