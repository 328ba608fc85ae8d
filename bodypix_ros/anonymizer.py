# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Anonymises the images of one camera: covers faces, heads or people, and for a short time those that it has lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .head_boxes import MIN_REGION_SHARE, HeadBox, find_heads, find_people_without_head, possible_people
from .parts import PartIds
from .region_tracks import CoverRegion, RegionTracks
from .regions import Box
from .render.anonymize import Cover, cover_regions
from .segmentation import Segmentation
from .settings import AnonymizeSettings, SegmentSettings

SEARCH_SETTINGS = SegmentSettings(threshold=0.3, score_threshold=0.2, max_people=30, selfie_crop='people')
"""Settings for `Segmenter.segment` that miss fewer people than the defaults, but also have more false detections."""

_HEAD_GROWTH = 0.25
"""A head with hair and chin extends beyond the found region by this fraction of its size on each side."""
_HEADS_PER_PERSON = 3
"""Size of a person without a found head, in heads; often only a part of the person is visible."""
_EXACT_HEAD_SHARE = 0.04
"""Smaller heads have the margin of a head of this size, as a fraction of the longer side of the image: positions are
accurate to about one cell of the keypoints, 16 of the 449 pixels of the network input."""
_MAX_UPCOMING_S = 0.5  # limits the number of images in memory


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


def memory_s(settings: AnonymizeSettings) -> float:
    """Return how long an image affects the results for the images after it, seconds.

    A head that is no longer found is covered for `anonymize_hold_s`, and then reported as lost.
    """
    return 2 * settings.anonymize_hold_s


def upcoming_s(settings: AnonymizeSettings) -> float:
    """Return for how long the images after an image should be known to `Anonymizer.cover`, seconds."""
    return min(settings.anonymize_hold_s, _MAX_UPCOMING_S)


class Detections(NamedTuple):
    """The regions of one image that are to be covered.

    Attributes:
        stamp_s: when it was taken, seconds.
        shape: height and width of the image, pixels.
        regions: heads, and people in which no head was found.
        people: pixels of people, with `anonymize: people`.
        bodies: bounding boxes of these pixels, without those that are only noise.
    """

    stamp_s: float
    shape: tuple[int, int]
    regions: Sequence[CoverRegion]
    people: Sequence[Cover]
    bodies: Sequence[CoverRegion]

    @property
    def tracked(self) -> list[CoverRegion]:
        """All regions that stay covered for a while if they are not found again."""
        return [*self.regions, *self.bodies]


class Anonymizer:
    """Anonymises the images of one camera, in order. Not thread-safe.

    Attributes:
        needs_confidence: whether segmentations should include the confidence, in addition to parts and people.
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
            independent: whether the result for an image depends only on the images of the last `memory_s(settings)`,
                and not on where the recording started. This repeats the tracking of these images for each image.
        """
        self.settings = settings
        self.part_ids: PartIds = part_ids
        self._tracks = RegionTracks()
        self._independent = independent
        self._recent: list[Detections] = []

    def anonymize(self, image: NDArray[np.uint8], found: Segmentation, stamp_s: float) -> Anonymized:
        """Return the next image of the camera, anonymised.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: its segmentation, with parts, people and confidence as far as the model provides them.
            stamp_s: when it was taken, seconds. After a jump back in time, nothing of earlier images is covered.

        Raises:
            ImageError: the image has a wrong shape or type.
        """
        return self.cover(image, self.detect(found, stamp_s))

    def detect(self, found: Segmentation, stamp_s: float) -> Detections:
        """Return what is to be covered in an image; see `anonymize`."""
        heads = find_heads(found, self.part_ids)
        regions = [CoverRegion(box, box.size, is_head=True) for box in heads]
        regions += [CoverRegion(box, box.size / _HEADS_PER_PERSON) for box in find_people_without_head(found, heads)]
        height, width = found.mask.shape
        if self.settings.anonymize != 'people':
            return Detections(stamp_s, (height, width), regions, (), ())
        people = _people_covers(found, regions, self.settings.anonymize_margin)
        bodies = [
            CoverRegion(HeadBox(*map(float, cover.box)), cover.head_px)
            for cover in people
            if max(cover.box.width, cover.box.height) >= MIN_REGION_SHARE * max(height, width)
        ]
        return Detections(stamp_s, (height, width), regions, people, bodies)

    def cover(
        self, image: NDArray[np.uint8], detections: Detections, upcoming: Sequence[Detections] = ()
    ) -> Anonymized:
        """Return the next image of the camera, anonymised, if the images after it are already known.

        Args:
            image: (H, W, 3) uint8 BGR.
            detections: what was found in it.
            upcoming: what was found in the images of the next `upcoming_s(settings)`, in order. A region that is first
                found in one of them is also covered, at its probable position in this image.

        Raises:
            ImageError: the image has a wrong shape or type.
        """
        settings = self.settings
        held, lost = (self._track_again if self._independent else self._track)(detections)
        held = [*held, *self._track_back(detections, upcoming)]
        growth = settings.anonymize_margin + (0 if settings.anonymize == 'faces' else _HEAD_GROWTH)
        smallest_px = _EXACT_HEAD_SHARE * max(detections.shape)
        covers = list(detections.people)
        for region in [*detections.regions, *held]:
            inside = region.box.grown(growth * max(region.head_px, smallest_px)).inside(*detections.shape)
            if inside is not None:
                covers.append(Cover(inside, region.head_px))
        return Anonymized(
            cover_regions(image, covers, settings.anonymize_style),
            tuple(cover.box for cover in covers),
            len(detections.regions),
            _doubt(lost, settings.anonymize_hold_s),
        )

    def _track(self, detections: Detections) -> tuple[list[CoverRegion], int]:
        """Return the expected regions that were not found, and the number of heads that were lost."""
        held, lost = self._tracks.update(detections.tracked, detections.stamp_s, self.settings.anonymize_hold_s)
        return held, sum(region.box.is_inside(*detections.shape) for region in lost)

    def _track_again(self, detections: Detections) -> tuple[list[CoverRegion], int]:
        """Track as if the recording started with the first image of the last `memory_s(settings)`."""
        oldest_s = detections.stamp_s - memory_s(self.settings)
        self._recent = [recent for recent in self._recent if oldest_s <= recent.stamp_s <= detections.stamp_s]
        self._recent.append(detections)
        self._tracks = RegionTracks()
        return [self._track(recent) for recent in self._recent][-1]

    def _track_back(self, detections: Detections, upcoming: Sequence[Detections]) -> list[CoverRegion]:
        """Return the probable positions of regions that were found in the following images but not in this one."""
        tracks, hold_s = RegionTracks(), self.settings.anonymize_hold_s
        backwards = (*reversed(upcoming), detections)
        return [tracks.update(one.tracked, -one.stamp_s, hold_s) for one in backwards][-1][0]


def _people_covers(found: Segmentation, regions: Sequence[CoverRegion], margin: float) -> list[Cover]:
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


def _doubt(lost: int, hold_s: float) -> str:
    """Return why an image should be checked; empty if there is no reason."""
    if not lost:
        return ''
    return f'{lost} {"head" if lost == 1 else "heads"} could not be found for {hold_s:g} s and may now be visible'
