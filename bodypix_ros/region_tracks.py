# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tracks covered regions in the images of one camera, so that they stay covered if they are not found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .head_boxes import HeadBox
from .tracking import assign

_SEARCH = 0.5
"""A region is matched within this fraction of its size around the predicted position; held regions grow by it per
second."""
_SPEED_SHARE = 0.5  # weight of the newest speed
_MIN_OVERLAP = 0.05
_SAME = 0.5
_MIN_FINDS = 3
"""Minimum number of images in which a lost head was found before; false heads are rarely found as often."""


class CoverRegion(NamedTuple):
    """A region to be covered, the size of its head in pixels, and whether it contains only the head."""

    box: HeadBox
    head_px: float
    is_head: bool = False


@dataclass
class _Track:
    """A region across images: its speed in pixels per second, when it was last found, and in how many images."""

    region: CoverRegion
    speed: tuple[float, float]
    seen_s: float
    finds: int = 1


class RegionTracks:
    """The covered regions of one camera across its images, in the order of their time or in the reverse order."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._stamp_s = -math.inf

    def update(
        self, regions: Sequence[CoverRegion], stamp_s: float, hold_s: float
    ) -> tuple[list[CoverRegion], list[CoverRegion]]:
        """Update the tracks with the regions of the next image.

        Args:
            regions: found in the image.
            stamp_s: when it was taken, seconds; negative if the images are in reverse order. After a jump back in time,
                all tracks end.
            hold_s: how long a track that is not found is kept, seconds.

        Returns:
            The expected regions that were not found, and the heads that were lost: they have not been found for longer
            than `hold_s`, were found in at least `_MIN_FINDS` images before, and are not in another region.
        """
        if stamp_s < self._stamp_s:
            self._tracks = []
        step_s, self._stamp_s = stamp_s - self._stamp_s, stamp_s
        for track in self._tracks:
            x, y = track.speed
            track.region = track.region._replace(box=track.region.box.moved(x * step_s, y * step_s))
        tracks = [track for track in self._tracks if stamp_s - track.seen_s <= hold_s]
        ended = [track for track in self._tracks if stamp_s - track.seen_s > hold_s]
        pairs = _match([track.region for track in tracks], regions)
        for row, column in pairs.items():
            _correct(tracks[row], regions[column], step_s, stamp_s)
        found = set(pairs.values())
        new = [_Track(region, (0.0, 0.0), stamp_s) for column, region in enumerate(regions) if column not in found]
        self._tracks = tracks + new
        held = [
            CoverRegion(box.grown(_SEARCH * head_px * (stamp_s - tracks[row].seen_s)), head_px)
            for row, (box, head_px, _) in enumerate(track.region for track in tracks)
            if row not in pairs and not _is_joined(box, regions)
        ]
        lost = [
            track.region
            for track in ended
            if track.region.is_head and track.finds >= _MIN_FINDS and not _is_joined(track.region.box, regions)
        ]
        return held, lost


def _is_joined(box: HeadBox, regions: Sequence[CoverRegion]) -> bool:
    """Return whether most of a box that was not found on its own is in one of the regions."""
    return any(region.box.overlap(box) > _SAME and region.box.size > _SAME * box.size for region in regions)


def _match(tracks: Sequence[CoverRegion], regions: Sequence[CoverRegion]) -> dict[int, int]:
    """Return which region continues which track."""
    similarity = _similarity(tracks, regions)
    return {row: column for row, column in assign(similarity) if similarity[row, column] >= _MIN_OVERLAP}


def _similarity(tracks: Sequence[CoverRegion], regions: Sequence[CoverRegion]) -> NDArray[np.float64]:
    """Return the (T, R) overlaps of all tracks and regions after both were enlarged, 0..1, lower if sizes differ."""
    rows, columns = (
        np.array([one.box.grown(_SEARCH * one.box.size) for one in some], float).reshape(shape)
        for some, shape in ((tracks, (-1, 1, 4)), (regions, (1, -1, 4)))
    )
    start = np.maximum(rows[..., :2], columns[..., :2])
    end = np.minimum(rows[..., :2] + rows[..., 2:], columns[..., :2] + columns[..., 2:])
    smaller = np.minimum(rows[..., 2:].prod(-1), columns[..., 2:].prod(-1))
    row_sizes, column_sizes = rows[..., 2:].max(-1), columns[..., 2:].max(-1)
    ratio = np.minimum(row_sizes, column_sizes) / np.maximum(row_sizes, column_sizes)
    overlap: NDArray[np.float64] = (end - start).clip(0).prod(-1) / smaller * ratio
    return overlap


def _correct(track: _Track, region: CoverRegion, step_s: float, stamp_s: float) -> None:
    """Update a track with its region in the next image; the track is where the region was predicted."""
    (old_x, old_y), (new_x, new_y) = track.region.box.center, region.box.center
    if step_s > 0:
        share = _SPEED_SHARE / step_s
        track.speed = (track.speed[0] + share * (new_x - old_x), track.speed[1] + share * (new_y - old_y))
    track.region, track.seen_s, track.finds = region, stamp_s, track.finds + 1
