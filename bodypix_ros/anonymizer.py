"""Anonymises the images of one camera: covers faces, heads or people, also for a short time after they were lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .heads import HeadBox, find_heads, find_people_without_head, possible_people
from .parts import PartIds
from .regions import Box
from .render.anonymize import Cover, cover_regions
from .segmentation import Segmentation
from .settings import AnonymizeSettings
from .tracking import assign

_HEAD_GROWTH = 0.2
"""A head with hair and chin is larger than the face by this fraction on each side."""
_SEARCH = 0.5  # a head is searched for within this fraction of its size around the predicted place
_SPEED_SHARE = 0.5  # weight of the newest speed
_MIN_OVERLAP = 0.05


@dataclass(frozen=True, eq=False)
class Anonymized:
    """An image without recognisable people.

    Attributes:
        image: (H, W, 3) uint8 BGR, a new array.
        boxes: the regions that are covered; with `anonymize: people`, the bounding boxes of the covered pixels.
        people: number of people found in this image.
        doubtful: why this image should be checked by a person; empty if there is no reason.
    """

    image: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    people: int
    doubtful: str = ''


@dataclass
class _Track:
    """A region that was covered: where it is, how fast it moves in pixels per second, and when it was last found."""

    box: HeadBox
    speed: tuple[float, float]
    seen_s: float


class Anonymizer:
    """Anonymises the images of one camera, in order.

    Not thread-safe.

    Attributes:
        needs_confidence: the segmentation must have the confidence, in addition to parts and people.
        settings: may be replaced between two images.
    """

    needs_confidence = True

    def __init__(self, settings: AnonymizeSettings, part_ids: PartIds = 'bodypix1') -> None:
        """Start without previous images; `part_ids` is the numbering of parts in the segmentations."""
        self.settings = settings
        self._part_ids: PartIds = part_ids
        self._tracks: list[_Track] = []
        self._stamp_s = 0.0

    def anonymize(self, image: NDArray[np.uint8], found: Segmentation, stamp_s: float) -> Anonymized:
        """Return the next image of the camera without recognisable people.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: its segmentation, with parts, people and confidence as far as the model provides them.
            stamp_s: when it was taken, seconds. A jump back in time forgets everything that was found before.

        Raises:
            ImageError: the image has a wrong shape or type.
        """
        heads = find_heads(found, self._part_ids)
        headless = find_people_without_head(found, heads)
        held = self._track([*heads, *headless], stamp_s)
        covers = self._covers(found, [*heads, *held], headless, image.shape[:2])
        covered = cover_regions(image, covers, self.settings.anonymize_style)
        return Anonymized(
            covered, tuple(cover.box for cover in covers), len(heads) + len(headless), _doubt(headless, held)
        )

    def _track(self, boxes: Sequence[HeadBox], stamp_s: float) -> list[HeadBox]:
        """Update the tracks with the boxes of an image; return the boxes of the tracks that were not found in it."""
        if stamp_s < self._stamp_s:
            self._tracks = []
        step_s, self._stamp_s = stamp_s - self._stamp_s, stamp_s
        hold_s = self.settings.anonymize_hold_s
        tracks = [track for track in self._tracks if stamp_s - track.seen_s <= hold_s]
        for track in tracks:
            track.box = track.box.moved(track.speed[0] * step_s, track.speed[1] * step_s)
        pairs = _match([track.box for track in tracks], boxes)
        for row, column in pairs.items():
            _correct(tracks[row], boxes[column], step_s, stamp_s)
        lost = [track for row, track in enumerate(tracks) if row not in pairs]
        new = [_Track(box, (0.0, 0.0), stamp_s) for column, box in enumerate(boxes) if column not in pairs.values()]
        self._tracks = tracks + new
        return [track.box.grown(_SEARCH * (stamp_s - track.seen_s)) for track in lost]

    def _covers(
        self, found: Segmentation, heads: Sequence[HeadBox], headless: Sequence[HeadBox], size: tuple[int, int]
    ) -> list[Cover]:
        growth = self.settings.anonymize_margin + (0 if self.settings.anonymize == 'faces' else _HEAD_GROWTH)
        boxes = [(head.grown(growth), head.size) for head in heads]
        boxes += [(box.grown(self.settings.anonymize_margin / 2), box.size / 3) for box in headless]
        covers = [Cover(inside, head_px) for box, head_px in boxes if (inside := box.inside(*size)) is not None]
        if self.settings.anonymize == 'people':
            covers = _people_covers(found, covers, self.settings.anonymize_margin) + covers
        return covers


def _people_covers(found: Segmentation, heads: Sequence[Cover], margin: float) -> list[Cover]:
    """Return the regions of people, grown by a fraction of the size of their head."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(possible_people(found))
    covers = []
    for label in range(1, count):
        box = HeadBox(*map(float, stats[label, :4]))
        sizes = [head.head_px for head in heads if HeadBox(*head.box).overlap(box) > 0]
        head_px = max(sizes, default=box.size / 7)
        reach = max(1, round(margin * head_px))
        outer = HeadBox(box.x - reach, box.y - reach, box.width + 2 * reach, box.height + 2 * reach)
        inside = outer.inside(*labels.shape)
        assert inside is not None, 'a region of the image is inside the image'
        x, y, width, height = inside
        mask = (labels[y : y + height, x : x + width] == label).view(np.uint8)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        covers.append(Cover(inside, head_px, cv2.dilate(mask, kernel).view(np.bool_)))
    return covers


def _match(tracks: Sequence[HeadBox], boxes: Sequence[HeadBox]) -> dict[int, int]:
    """Return which box is which track, by the overlap of both after they were enlarged."""
    similarity = np.array(
        [[track.grown(_SEARCH).overlap(box.grown(_SEARCH)) for box in boxes] for track in tracks]
    ).reshape(len(tracks), len(boxes))
    return {row: column for row, column in assign(similarity) if similarity[row, column] >= _MIN_OVERLAP}


def _correct(track: _Track, box: HeadBox, step_s: float, stamp_s: float) -> None:
    """Update a track with its box in the next image; `track.box` is where it was predicted."""
    (old_x, old_y), (new_x, new_y) = track.box.center, box.center
    if step_s > 0:
        share = _SPEED_SHARE / step_s
        track.speed = (track.speed[0] + share * (new_x - old_x), track.speed[1] + share * (new_y - old_y))
    track.box, track.seen_s = box, stamp_s


def _doubt(headless: Sequence[HeadBox], held: Sequence[HeadBox]) -> str:
    reasons = []
    if headless:
        reasons.append(f'{len(headless)} possible people without a visible head')
    if held:
        reasons.append(f'{len(held)} heads of earlier images were not found')
    return '; '.join(reasons)
