# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Anonymises the images of one camera: covers faces, heads or people, and for a short time also those it has lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .head_boxes import MIN_REGION_SHARE, HeadBox, find_heads, find_people_without_head, possible_people
from .parts import PartIds
from .regions import Box
from .render.anonymize import Cover, cover_regions
from .segmentation import Segmentation
from .settings import AnonymizeSettings, SegmentSettings
from .tracking import assign

SEARCH_SETTINGS = SegmentSettings(threshold=0.3, score_threshold=0.2, max_people=30, selfie_crop='people')
"""Settings for `Segmenter.segment` that miss fewer people than the defaults, but also have more false detections."""

_HEAD_GROWTH = 0.25
"""A head with hair and chin extends beyond the found region by this fraction of its size on each side."""
_HEADS_PER_PERSON = 3
"""Size of a person in heads where no head was found: often only a part of the person is visible."""
_SEARCH = 0.5
"""A region is found again within this fraction of its size around the predicted place; held regions grow by it per
second."""
_SPEED_SHARE = 0.5  # weight of the newest speed
_MIN_OVERLAP = 0.05
_SAME = 0.5


@dataclass(frozen=True, eq=False)
class Anonymized:
    """An anonymised image.

    Attributes:
        image: (H, W, 3) uint8 BGR, a new array.
        boxes: the covered regions; with `anonymize: people`, the bounding boxes of the covered pixels.
        people: number of people found in this image.
        doubtful: why this image should be checked by a person; empty if there is no reason.
    """

    image: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    people: int
    doubtful: str = ''


class _Region(NamedTuple):
    """A region to be covered, and the size of the head in it, pixels."""

    box: HeadBox
    head_px: float


@dataclass
class _Track:
    """A region across images: where it is, its speed in pixels per second, and when it was last found."""

    region: _Region
    speed: tuple[float, float]
    seen_s: float


class Anonymizer:
    """Anonymises the images of one camera, in order. Not thread-safe.

    Attributes:
        needs_confidence: the segmentation should have the confidence, in addition to parts and people.
        settings: may be replaced between two images.
        part_ids: numbering of the parts in the segmentations.
    """

    needs_confidence = True

    def __init__(
        self, settings: AnonymizeSettings, part_ids: PartIds = 'bodypix1', *, independent: bool = False
    ) -> None:
        """Start without previous images.

        Args:
            settings: what is covered, and how.
            part_ids: numbering of the parts in the segmentations.
            independent: whether the covered regions depend only on the images of the last `anonymize_hold_s`, and not
                on where the recording started. This repeats the tracking of these images for each image.
        """
        self.settings = settings
        self.part_ids: PartIds = part_ids
        self._tracks: list[_Track] = []
        self._stamp_s = 0.0
        self._independent = independent
        self._recent: list[tuple[Sequence[_Region], float]] = []

    def anonymize(self, image: NDArray[np.uint8], found: Segmentation, stamp_s: float) -> Anonymized:
        """Return the next image of the camera, anonymised.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: its segmentation, with parts, people and confidence as far as the model provides them.
            stamp_s: when it was taken, seconds. After a jump back in time, nothing of earlier images is covered.

        Raises:
            ImageError: the image has a wrong shape or type.
        """
        heads = find_heads(found, self.part_ids)
        headless = find_people_without_head(found, heads)
        covers, lost = self._covers(found, heads, headless, stamp_s)
        return Anonymized(
            cover_regions(image, covers, self.settings.anonymize_style),
            tuple(cover.box for cover in covers),
            len(heads) + len(headless),
            _doubt(sum(_shows_person(found, box) for box in headless), lost),
        )

    def _covers(
        self, found: Segmentation, heads: Sequence[HeadBox], headless: Sequence[HeadBox], stamp_s: float
    ) -> tuple[list[Cover], int]:
        """Return what is covered in an image, and how many regions of earlier images were not found in it."""
        settings = self.settings
        regions = [_Region(box, box.size) for box in heads]
        regions += [_Region(box, box.size / _HEADS_PER_PERSON) for box in headless]
        people = _people_covers(found, regions, settings.anonymize_margin) if settings.anonymize == 'people' else []
        bodies = [
            _Region(HeadBox(*map(float, cover.box)), cover.head_px)
            for cover in people
            if max(cover.box.width, cover.box.height) >= MIN_REGION_SHARE * max(found.mask.shape)
        ]
        held = (self._track_again if self._independent else self._track)([*regions, *bodies], stamp_s)
        growth = settings.anonymize_margin + (0 if settings.anonymize == 'faces' else _HEAD_GROWTH)
        covers = [
            Cover(inside, region.head_px)
            for region in [*regions, *held]
            if (inside := region.box.grown(growth * region.head_px).inside(*found.mask.shape)) is not None
        ]
        return people + covers, len(held)

    def _track_again(self, regions: Sequence[_Region], stamp_s: float) -> list[_Region]:
        """Track like `_track`, but as if the image at the beginning of the last `anonymize_hold_s` were the first."""
        oldest_s = stamp_s - self.settings.anonymize_hold_s
        self._recent = [recent for recent in self._recent if oldest_s <= recent[1] <= stamp_s]
        self._recent.append((regions, stamp_s))
        self._tracks = []
        return [self._track(*recent) for recent in self._recent][-1]

    def _track(self, regions: Sequence[_Region], stamp_s: float) -> list[_Region]:
        """Update the tracks with the regions of an image; return the places of those that were not found in it."""
        if stamp_s < self._stamp_s:
            self._tracks = []
        step_s, self._stamp_s = stamp_s - self._stamp_s, stamp_s
        tracks = [track for track in self._tracks if stamp_s - track.seen_s <= self.settings.anonymize_hold_s]
        for track in tracks:
            x, y = track.speed
            track.region = track.region._replace(box=track.region.box.moved(x * step_s, y * step_s))
        pairs = _match([track.region for track in tracks], regions)
        for row, column in pairs.items():
            _correct(tracks[row], regions[column], step_s, stamp_s)
        lost = [track for row, track in enumerate(tracks) if row not in pairs]
        found = set(pairs.values())
        new = [_Track(region, (0.0, 0.0), stamp_s) for column, region in enumerate(regions) if column not in found]
        self._tracks = tracks + new
        return [
            _Region(box.grown(_SEARCH * head_px * (stamp_s - track.seen_s)), head_px)
            for track in lost
            for box, head_px in [track.region]
            if not any(region.box.overlap(box) > _SAME for region in regions)  # else it was joined with another
        ]


def _people_covers(found: Segmentation, regions: Sequence[_Region], margin: float) -> list[Cover]:
    """Return the pixels of people, grown by a fraction of the size of the head that is in the same place."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(possible_people(found))
    covers = []
    for label in range(1, count):
        box = HeadBox(*map(float, stats[label, :4]))
        sizes = [region.head_px for region in regions if region.box.overlap(box) > 0]
        head_px = max(sizes, default=box.size / _HEADS_PER_PERSON)
        reach_px = max(1.0, margin * head_px)
        inside = box.grown(reach_px).inside(*labels.shape)
        assert inside is not None, 'a region of the image is inside the image'
        x, y, width, height = inside
        other = (labels[y : y + height, x : x + width] != label).view(np.uint8)
        near = cv2.distanceTransform(other, cv2.DIST_L2, cv2.DIST_MASK_3) <= reach_px
        covers.append(Cover(inside, head_px, near))
    return covers


def _match(tracks: Sequence[_Region], regions: Sequence[_Region]) -> dict[int, int]:
    """Return which region continues which track, by the overlap of both after they were enlarged."""
    similarity = np.array([[_similarity(track, region) for region in regions] for track in tracks])
    similarity = similarity.reshape(len(tracks), len(regions))
    return {row: column for row, column in assign(similarity) if similarity[row, column] >= _MIN_OVERLAP}


def _similarity(track: _Region, region: _Region) -> float:
    """Return the overlap of two regions, 0..1, lower if their sizes differ."""
    overlap = track.box.grown(_SEARCH * track.box.size).overlap(region.box.grown(_SEARCH * region.box.size))
    small, large = sorted((track.box.size, region.box.size))
    return overlap * small / large


def _correct(track: _Track, region: _Region, step_s: float, stamp_s: float) -> None:
    """Update a track with its region in the next image; the track is where the region was predicted."""
    (old_x, old_y), (new_x, new_y) = track.region.box.center, region.box.center
    if step_s > 0:
        share = _SPEED_SHARE / step_s
        track.speed = (track.speed[0] + share * (new_x - old_x), track.speed[1] + share * (new_y - old_y))
    track.region, track.seen_s = region, stamp_s


def _doubt(headless: int, lost: int) -> str:
    """Return why an image should be checked; empty if there is no reason."""
    reasons = []
    if headless:
        reasons.append(f'no head was found in {headless} {"region" if headless == 1 else "regions"} with people')
    if lost:
        reasons.append(f'{lost} {"region" if lost == 1 else "regions"} of earlier images could not be found')
    return '; '.join(reasons)


def _shows_person(found: Segmentation, box: HeadBox) -> bool:
    """Return whether a region is part of the mask, in contrast to regions in which a person is only possible."""
    inside = box.inside(*found.mask.shape)
    assert inside is not None, 'a region of the image is inside the image'
    return bool(found.mask[inside.y : inside.y + inside.height, inside.x : inside.x + inside.width].any())
