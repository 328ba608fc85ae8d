# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A consumer that reads our messages as the semantic layer of Nav2 does, and a room to look at.

Written from the behaviour of kiwicampus/semantic_segmentation_layer (commit a70cf6e), see docs/consumers.md: it reads
bytes by their index, keeps observations per cell and class, and never resets the cost of a cell by itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cell = tuple[int, int]


@dataclass
class Observations:
    """What was seen in one cell: time and confidence by class id, and the class that the cell belongs to."""

    by_class: defaultdict[int, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    dominant: int | None = None

    def push(self, class_id: int, stamp_s: float, confidence: int, priority: bool) -> None:
        self.by_class[class_id].append((stamp_s, confidence))
        largest = 0 if self.dominant is None else len(self.by_class[self.dominant])
        if priority or len(self.by_class[class_id]) > largest:
            if self.dominant not in (None, class_id):
                self.by_class = defaultdict(list, {class_id: self.by_class[class_id]})
            self.dominant = class_id

    def purge(self, oldest_s: float) -> None:
        for class_id in list(self.by_class):
            self.by_class[class_id] = [one for one in self.by_class[class_id] if one[0] >= oldest_s]
            if not self.by_class[class_id]:
                del self.by_class[class_id]
        if self.dominant not in self.by_class:
            self.dominant = max(self.by_class, key=lambda one: len(self.by_class[one]), default=None)


class SemanticLayer:
    """The costs of one observation source.

    Args:
        parameters: of the source, as in the parameter file of Nav2.
        resolution: of the costmap, metres per cell.
    """

    def __init__(self, parameters: dict[str, Any], resolution: float = 0.05) -> None:
        self._parameters, self._resolution = parameters, resolution
        self._classes: dict[int, dict[str, Any]] = {}
        self._cells: defaultdict[Cell, Observations] = defaultdict(Observations)
        self._costs: dict[Cell, int] = {}
        self.ignored_classes: list[str] = []

    def label_info(self, class_map: dict[int, str]) -> None:
        """Receive names and ids; names that the parameters do not mention are ignored."""
        kinds = [self._parameters[kind] for kind in self._parameters['class_types']]
        known = {name: kind for kind in kinds for name in kind['classes']}
        self.ignored_classes = [name for name in class_map.values() if name not in known]
        self._classes = {class_id: known[name] for class_id, name in class_map.items() if name in known}

    def observe(
        self, mask: bytes, confidence: bytes, points: NDArray[np.float32], camera: NDArray[np.float32], stamp_s: float
    ) -> None:
        """Receive one set of synchronised messages.

        Args:
            mask: data of the label image.
            confidence: data of the confidence image.
            points: (height * width, 3) in the frame of the costmap.
            camera: (3,) its position there.
            stamp_s: of the cloud.
        """
        assert self._classes, 'masks before the first label info are discarded'
        assert len(mask) >= len(points), 'a mask that is smaller than the cloud is discarded'
        best: dict[Cell, int] = {}
        for index in np.flatnonzero(self._in_range(points, camera)).tolist():
            cell = self._cell(points[index])
            if cell not in best or self._is_better(mask, confidence, index, best[cell]):
                best[cell] = index
        for observations in self._cells.values():
            observations.purge(stamp_s - self._parameters['tile_map_decay_time'])
        for cell, index in best.items():
            kind = self._classes.get(mask[index])
            if kind is not None:
                self._cells[cell].push(mask[index], stamp_s, confidence[index], kind['dominant_priority'])

    def costs(self, now_s: float) -> dict[Cell, int]:
        """Return the costs of all cells that ever had one."""
        for cell, observations in self._cells.items():
            observations.purge(now_s - self._parameters['tile_map_decay_time'])
            if observations.dominant is not None:
                kind = self._classes[observations.dominant]
                confidences = [one[1] for one in observations.by_class[observations.dominant]]
                enough = len(confidences) >= kind['samples_to_max_cost']
                sure = sum(confidences) / len(confidences) > kind['mark_confidence']
                self._costs[cell] = kind['max_cost'] if enough and sure else kind['base_cost']
        return self._costs

    def _in_range(self, points: NDArray[np.float32], camera: NDArray[np.float32]) -> NDArray[np.bool_]:
        distances = np.linalg.norm(points - camera, axis=1)
        near, far = self._parameters['min_obstacle_distance'], self._parameters['max_obstacle_distance']
        return np.isfinite(points[:, 2]) & (distances > near) & (distances < far)

    def _cell(self, point: NDArray[np.float32]) -> Cell:
        x, y = np.floor(point[:2] / self._resolution).astype(int)
        return int(x), int(y)

    def _is_better(self, mask: bytes, confidence: bytes, index: int, other: int) -> bool:
        if not self._parameters['use_cost_selection']:
            return confidence[index] > confidence[other]
        return self._max_cost(mask[index]) > self._max_cost(mask[other])

    def _max_cost(self, class_id: int) -> int:
        return int(self._classes.get(class_id, {'max_cost': 0})['max_cost'])


def room(
    height: int, width: int, *, person: bool
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Return what a camera 1.2 m above the floor sees of a room with a wall 4 m away, and perhaps a person 2 m away.

    Returns:
        (height * width, 3) points, (height * width,) uint8 1 where they show the person and 0 elsewhere, and the
        (3,) position of the camera. x is forward, y to the left, z up; metres.
    """
    v, u = np.mgrid[0:height, 0:width].reshape(2, -1)
    focal = 0.6 * width
    ray = np.stack([np.ones(u.shape), -(u - width / 2 + 0.5) / focal, -(v - height / 2 + 0.5) / focal], axis=1)
    camera = np.array([0.0, 0.0, 1.2])
    with np.errstate(divide='ignore'):
        to_floor = np.where(ray[:, 2] < 0, -camera[2] / ray[:, 2], np.inf)
    distance = np.minimum(to_floor, 4.0)
    at_person = camera + 2.0 * ray
    shows_person = (np.abs(at_person[:, 1]) < 0.25) & (at_person[:, 2] > 0) & (at_person[:, 2] < 1.7) & person
    distance[shows_person] = 2.0
    points = camera + distance[:, None] * ray
    return points.astype(np.float32), shows_person.astype(np.uint8), camera.astype(np.float32)
