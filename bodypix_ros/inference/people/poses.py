# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From heatmaps and offsets to poses: the greedy decoding of several people that BodyPix shares with PoseNet.

It starts at the surest keypoint of anybody, walks along the skeleton's edges to the other sixteen, and continues with
the next surest keypoint that belongs to nobody yet. Few places are candidates; they are found with numpy and then
followed one by one, in double precision as JavaScript does.
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
"""Keypoints that count for the score of a pose against the mask: as many as a head-and-shoulders view shows."""
_CERTAINTY_POWER = 3
"""Weight of the best keypoint in that score; chosen with `tools/score_network.py`."""

_SKELETON = (
    (0, 1), (1, 3), (0, 2), (2, 4), (0, 5), (5, 7), (7, 9), (5, 11), (11, 13), (13, 15),
    (0, 6), (6, 8), (8, 10), (6, 12), (12, 14), (14, 16),
)  # fmt: skip
"""The tree's edges from parent to child keypoint; an edge's index is its channel among the displacements."""


class _Point(NamedTuple):
    """A keypoint in pixels of the network input."""

    score: float
    y: float
    x: float


class _Candidate(NamedTuple):
    """A cell of a heatmap where somebody's keypoint may be."""

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
    """Find everybody's 17 keypoints.

    Args:
        heads: the network's raw output by head, each (channels, rows, columns) float32: heatmaps (logits; the sigmoid
            is applied here), short_offsets, displacement_fwd, displacement_bwd (pixels of the network input; first all
            dy, then all dx), and segments with `against_mask`.
        geometry: of the picture.
        settings: max_people, score_threshold (of the keypoint that a pose starts from) and nms_radius count here.
        against_mask: score a pose not by the mean of its 17 keypoints, as BodyPix does, but by the `_VISIBLE` best
            products of a keypoint's score and the probability of a person at its place, times a power of the best
            keypoint's score. People who are partly out of view keep their score, and poses without people lose it.

    Returns:
        The poses in the order in which they were found, in pixels of the picture. They are not filtered by their own
        score, so that the last ones are often nobody.

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
        poses.append(_to_picture(points, score, geometry))
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
    """The network's output, read as positions in pixels of the network input."""

    def __init__(self, heads: Mapping[str, NDArray[np.float32]], stride: int) -> None:
        self.scores: NDArray[np.float32] = (1 / (1 + np.exp(-heads['heatmaps'].astype(np.float64)))).astype(np.float32)
        self._offsets = heads['short_offsets']
        self._forward = heads['displacement_fwd']
        self._backward = heads['displacement_bwd']
        self._stride = stride
        self._last_row, self._last_column = (size - 1 for size in self.scores.shape[1:])

    def start(self, candidate: _Candidate) -> _Point:
        """Return where the cell of a candidate places its keypoint."""
        return _Point(candidate.score, *self._position(candidate.keypoint, candidate.row, candidate.column))

    def follow(self, root: int, start: _Point) -> list[_Point]:
        """Walk from the root keypoint to all others: up the tree to its top, then down every branch."""
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
        """Walk along one edge, then let the cells there correct the place."""
        row, column = self._cell(source.y, source.x)
        y = source.y + displacements.item(edge, row, column)
        x = source.x + displacements.item(len(_SKELETON) + edge, row, column)
        for _ in range(_OFFSET_REFINEMENTS):
            y, x = self._position(target, *self._cell(y, x))
        return _Point(self.scores.item(target, *self._cell(y, x)), y, x)

    def _position(self, keypoint: int, row: int, column: int) -> tuple[float, float]:
        """Return where a cell places a keypoint: y and x."""
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
    """Candidates, the best first; among equals in the order of JavaScript's heap, which Python's heapq does not keep.

    That heap counts from 0 but finds parents by halving, as if it counted from 1: the top has one child, its index 1.
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
    """Return the cells that reach the threshold and have no better neighbour, by row, column and keypoint."""
    # In doubles: 0.4 as float32 is a little more than 0.4.
    rows, columns, keypoints = np.nonzero((scores.astype(np.float64) >= threshold).transpose(1, 2, 0))
    padded = np.pad(scores, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    around = sliding_window_view(padded, (3, 3), axis=(1, 2))[keypoints, rows, columns].max(axis=(1, 2))
    own = scores[keypoints, rows, columns]
    best = own >= around
    places = (own[best], rows[best], columns[best], keypoints[best])
    return list(map(_Candidate, *(values.tolist() for values in places)))


def _taken(keypoint: int, point: _Point, found: list[list[_Point]], radius: float) -> bool:
    """Say whether an earlier pose has this keypoint within the radius."""
    return any(
        (point.y - other[keypoint].y) ** 2 + (point.x - other[keypoint].x) ** 2 <= radius * radius for other in found
    )


def _to_picture(points: list[_Point], score: float, geometry: Geometry) -> Pose:
    """Return the pose in pixels of the picture, including the borders that the network has seen."""
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
