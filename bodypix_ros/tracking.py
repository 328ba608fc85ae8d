# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tracks people, so that a person has the same id in every image.

Source: ByteTrack (Zhang et al. 2022, arXiv:2110.06864) for the two-stage association, C-BIoU (Yang et al. 2023,
arXiv:2211.13317) for boxes that are enlarged before they are compared, COCO's object keypoint similarity (OKS).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .parts import KEYPOINTS
from .people import CERTAIN, Person
from .settings import TrackingSettings

Floats = NDArray[np.float64]

_MIN_COMMON_KEYPOINTS = 3
_MIN_SIMILARITY = 0.05
_MIN_WEAK_SIMILARITY = 0.3  # a person with a low score must match better

# In heights of the person's box.
_BOX_NOISE = 0.08  # standard deviation of a measured centre
_SPEED_NOISE = 0.5  # standard deviation of the speed of a newly detected person, 1/s; walking is about 0.8
_ACCELERATION = 0.5  # spectral density of the acceleration, 1/s^3: the speed changes by about 0.7 in a second
_MAX_SPREAD = 0.5  # limit of the standard deviation with which a prediction is compared

# COCO's per-keypoint constants, cocoeval.py: an OKS deviation is 2 sigma times the square root of the person's area.
_SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000


class _Sight(NamedTuple):
    """One detection.

    Attributes:
        box: (4,) centre, width and height, pixels.
        keypoints: (17, 2) pixels, in the order of `KEYPOINTS`, which all models provide.
        known: (17,) whether the score of the keypoint is high enough.
    """

    box: Floats
    keypoints: Floats
    known: NDArray[np.bool_]


class _Track:
    """A tracked person: a constant-velocity Kalman filter of the box.

    The four numbers of the box share one (2, 2) covariance of position and speed in units of the box's height, because
    noise and motion scale with the person. Width and height are filtered without a speed, with which the box of a
    hidden person could grow or vanish.
    """

    def __init__(self, number: int, sight: _Sight, stamp_s: float) -> None:
        self.id = number
        self.box = sight.box.copy()
        self.velocity = np.zeros(2)  # of the centre, pixels per second
        self.covariance = np.diag([_BOX_NOISE**2, _SPEED_NOISE**2])
        self.keypoints, self.known = sight.keypoints, sight.known
        self.seen_s = stamp_s
        self.sightings = 1

    def predict(self, step_s: float) -> None:
        """Predict box and keypoints for a later time."""
        self.box[:2] += step_s * self.velocity
        self.keypoints = self.keypoints + step_s * self.velocity
        motion = np.array([[1, step_s], [0, 1]])
        noise = np.array([[step_s**3 / 3, step_s**2 / 2], [step_s**2 / 2, step_s]])
        self.covariance = motion @ self.covariance @ motion.T + _ACCELERATION * noise

    def correct(self, sight: _Sight, stamp_s: float) -> None:
        """Update the filter with a measurement."""
        innovation = self.covariance[0, 0] + _BOX_NOISE**2
        gain = self.covariance[:, 0] / innovation
        error = sight.box - self.box
        self.box = self.box + gain[0] * error
        self.velocity += gain[1] * error[:2]
        self.covariance = self.covariance - innovation * np.outer(gain, gain)
        self.keypoints, self.known = sight.keypoints, sight.known
        self.seen_s = stamp_s
        self.sightings += 1

    @property
    def spread_px(self) -> float:
        """Standard deviation of the next measured centre from the predicted one."""
        return float(min(math.sqrt(self.covariance[0, 0] + _BOX_NOISE**2), _MAX_SPREAD) * self.box[3])


class Tracker:
    """Assigns people ids that stay the same in all images of one camera.

    People with a score of at least `track_threshold` are matched with the tracks first, then the others with the
    remaining tracks. A track without a match is predicted and kept for `track_hold_s`.

    Example:
        >>> tracker = Tracker()
        >>> ids = tracker.update(result.people.persons, stamp_s)
    """

    def __init__(self, settings: TrackingSettings | None = None) -> None:
        """Create a tracker without tracks; `settings` may be replaced between two images."""
        self.settings = settings or TrackingSettings()
        self._tracks: list[_Track] = []
        self._stamp_s = -math.inf
        self._last_id = 0

    def update(self, people: Sequence[Person], stamp_s: float) -> list[int]:
        """Match the people of the next image with the tracks.

        Args:
            people: all people in the image, including those with low scores.
            stamp_s: when the image was taken, seconds; the intervals may vary. If it is earlier than that of the
                previous image, as in a repeated recording, all tracks end. Ids are not reused.

        Returns:
            The id of each person, 1 or more; 0 for a person below `track_threshold` that matches no track, and for one
            without pixels and without certain keypoints.
        """
        if stamp_s < self._stamp_s:
            self.reset()
        for track in self._tracks:
            track.predict(stamp_s - self._stamp_s)
        self._stamp_s = stamp_s
        self._tracks = [track for track in self._tracks if stamp_s - track.seen_s <= self.settings.track_hold_s]
        sights = {index: sight for index, person in enumerate(people) if (sight := _look_at(person)) is not None}
        ids = self._associate(people, sights, stamp_s)
        # A person who is detected in one image but not in the next is considered a false detection.
        self._tracks = [track for track in self._tracks if track.sightings > 1 or track.seen_s == stamp_s]
        return ids

    def reset(self) -> None:
        """End all tracks."""
        self._tracks = []

    def _associate(self, people: Sequence[Person], sights: dict[int, _Sight], stamp_s: float) -> list[int]:
        ids = [0] * len(people)
        strong = [index for index in sights if people[index].score >= self.settings.track_threshold]
        weak = [index for index in sights if people[index].score < self.settings.track_threshold]
        tracks = list(self._tracks)
        for group, minimum in ((strong, _MIN_SIMILARITY), (weak, _MIN_WEAK_SIMILARITY)):
            similarity = _similarity(tracks, [sights[index] for index in group])
            for row, column in assign(np.where(similarity < minimum, 0.0, similarity)):
                if similarity[row, column] >= minimum:
                    tracks[row].correct(sights[group[column]], stamp_s)
                    ids[group[column]] = tracks[row].id
            tracks = [track for track in tracks if track.id not in ids]
        for index in strong:
            if ids[index] == 0:
                ids[index] = self._start(sights[index], stamp_s)
        return ids

    def _start(self, sight: _Sight, stamp_s: float) -> int:
        self._last_id += 1
        self._tracks.append(_Track(self._last_id, sight, stamp_s))
        return self._last_id


def assign(similarity: Floats) -> list[tuple[int, int]]:
    """Assign rows to columns, one to one, so that the sum of their similarities is maximal.

    Args:
        similarity: (R, C) finite.

    Returns:
        min(R, C) pairs of row and column.

    Source: the Hungarian method with shortest augmenting paths and potentials (Jonker and Volgenant 1987).
    """
    if 0 in similarity.shape:
        return []
    if similarity.shape[0] > similarity.shape[1]:
        return [(row, column) for column, row in assign(similarity.T)]
    cost = similarity.max() - similarity
    rows, columns = cost.shape
    row_potential, column_potential = np.zeros(rows), np.zeros(columns + 1)
    row_of = np.full(columns + 1, -1)  # of each column; paths start at an additional last column
    for row in range(rows):
        row_of[columns] = row
        column, previous = _shortest_path(cost, row_of, row_potential, column_potential)
        while column != columns:  # each column on the path takes the row of its predecessor
            row_of[column] = row_of[previous[column]]
            column = int(previous[column])
    return [(int(row_of[column]), column) for column in range(columns) if row_of[column] >= 0]


def _shortest_path(
    cost: Floats, row_of: NDArray[np.int_], row_potential: Floats, column_potential: Floats
) -> tuple[int, NDArray[np.int_]]:
    """Find the cheapest path to a free column and update the potentials.

    Returns:
        The free column, and the predecessor of each column on its path.
    """
    columns = cost.shape[1]
    distance = np.full(columns, np.inf)
    previous = np.full(columns, columns)
    visited = np.zeros(columns + 1, bool)
    column = columns
    while row_of[column] >= 0:
        visited[column] = True
        row = row_of[column]
        reduced = cost[row] - row_potential[row] - column_potential[:columns]
        shorter = ~visited[:columns] & (reduced < distance)
        distance[shorter], previous[shorter] = reduced[shorter], column
        column = int(np.argmin(np.where(visited[:columns], np.inf, distance)))
        step = distance[column]
        row_potential[row_of[visited]] += step
        column_potential[visited] -= step
        distance[~visited[:columns]] -= step
    return column, previous


def _look_at(person: Person) -> _Sight | None:
    """Return box and keypoints of a person; None if neither certain keypoints nor pixels were found.

    The box is the bounding box of the certain keypoints: if the pose decoder misses a person, that person's pixels are
    assigned to others, whose pixel boxes can then extend across the image.
    """
    by_name = {point.name: (point.x, point.y, point.score) for point in person.keypoints}
    points = np.array([by_name.get(name, (0.0, 0.0, 0.0)) for name in KEYPOINTS])
    known = (points[:, 2] >= CERTAIN) & np.isfinite(points).all(axis=1)
    keypoints = np.where(known[:, None], points[:, :2], 0.0)
    if known.sum() >= _MIN_COMMON_KEYPOINTS:
        size = np.ptp(keypoints[known], axis=0)
        size = np.maximum(size, max(size.max() / 4, 1.0))  # keypoints on a line do not mean a person without width
        center = (keypoints[known].min(axis=0) + keypoints[known].max(axis=0)) / 2
    elif person.box is not None:
        x, y, width, height = person.box
        center, size = np.array([x + width / 2, y + height / 2]), np.array([width, height], float)
    else:
        return None
    return _Sight(np.concatenate([center, size]), keypoints, known)


def _similarity(tracks: Sequence[_Track], sights: Sequence[_Sight]) -> Floats:
    """Return (T, S) 0..1, how well each track matches each person: the mean similarity of boxes and keypoints.

    Both take the spread of the prediction into account, so that a person hidden for a second is found again near the
    predicted position. Both are lower for a wide spread, so that such a track does not take a person from a track that
    matches exactly. If too few keypoints are common, only the boxes are compared.
    """
    if not tracks or not sights:
        return np.zeros((len(tracks), len(sights)))
    boxes = np.stack([track.box for track in tracks])[:, None]  # (T, 1, 4)
    spread_px = np.array([track.spread_px for track in tracks])[:, None]  # (T, 1)
    overlap = _box_similarity(boxes, np.stack([sight.box for sight in sights])[None], spread_px)
    known = np.stack([track.known for track in tracks])[:, None] & np.stack([sight.known for sight in sights])[None]
    keypoints = np.stack([track.keypoints for track in tracks])[:, None]  # (T, 1, 17, 2)
    offsets = keypoints - np.stack([sight.keypoints for sight in sights])[None]
    close = _keypoint_similarity(offsets, known, np.prod(boxes[..., 2:], axis=-1), spread_px)
    return np.where(known.sum(axis=-1) >= _MIN_COMMON_KEYPOINTS, (overlap + close) / 2, overlap)


def _box_similarity(first: Floats, second: Floats, spread_px: Floats) -> Floats:
    """Return the intersection over union of boxes enlarged by the spread, times the root of the first box's growth."""
    sizes, other_sizes = first[..., 2:] + 2 * spread_px[..., None], second[..., 2:] + 2 * spread_px[..., None]
    low = np.maximum(first[..., :2] - sizes / 2, second[..., :2] - other_sizes / 2)
    high = np.minimum(first[..., :2] + sizes / 2, second[..., :2] + other_sizes / 2)
    common, area = np.prod(np.maximum(high - low, 0), axis=-1), np.prod(sizes, axis=-1)
    certainty = np.sqrt(np.prod(first[..., 2:], axis=-1) / area)
    return certainty * common / (area + np.prod(other_sizes, axis=-1) - common)


def _keypoint_similarity(offsets: Floats, known: NDArray[np.bool_], area: Floats, spread_px: Floats) -> Floats:
    """Return COCO's OKS as a probability density, with its variances increased by the spread of the prediction.

    Args:
        offsets: (T, S, 17, 2) pixels.
        known: (T, S, 17) which keypoints are compared.
        area: (T, 1) of the boxes of the tracks, square pixels.
        spread_px: (T, 1) standard deviation of the prediction, pixels.
    """
    exact = (2 * _SIGMAS) ** 2 * area[..., None]
    variances = exact + spread_px[..., None] ** 2
    scores = np.sqrt(exact / variances) * np.exp(-(offsets**2).sum(axis=-1) / (2 * variances))
    return (scores * known).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
