# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The products of the frames of a video: masks, overlays, anonymised pictures, cutouts and people."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..anonymizer import SEARCH_SETTINGS, Anonymizer, Detections, upcoming_s
from ..parts import PartIds
from ..people import Person
from ..render import (
    cut_out,
    overlay_needs_confidence,
    overlay_needs_parts,
    render_overlay,
    settings_without_parts,
)
from ..segmentation import Segmentation, VideoState
from ..settings import AnonymizeSettings, PictureSettings, SegmentSettings, TrackingSettings
from ..smoothing import KeypointSmoother, MaskSmoother
from ..tracking import Tracker
from .frames import Frame
from .people_json import describe_frame

PRODUCTS = {
    'mask': 'person mask, 255 person and 0 background',
    'overlay': 'the picture with people highlighted',
    'anonymized': 'the picture with faces, heads or people covered',
    'cutout': 'people with a transparent background',
    'people': 'boxes, keypoints, parts and track ids as one line of JSON per frame',
}


class Segments(Protocol):
    """The part of `Segmenter` that is used here."""

    def segment(
        self,
        image: NDArray[np.uint8],
        settings: SegmentSettings,
        *,
        parts: bool,
        people: bool,
        confidence: bool,
        state: VideoState | None,
    ) -> Segmentation:
        """Segment one image; see `Segmenter.segment`."""

    def run_once(self) -> AbstractContextManager[None]:
        """Run the network once for each image; see `Segmenter.run_once`."""


@dataclass(frozen=True)
class ProductSettings:
    """The settings that affect products."""

    segment: SegmentSettings = field(default_factory=SegmentSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    anonymize: AnonymizeSettings = field(default_factory=AnonymizeSettings)


@dataclass(frozen=True)
class Doubt:
    """A frame of an anonymised video that should be checked by a person, and why."""

    index: int
    stamp_s: float
    reason: str


@dataclass
class _State:
    """Everything that the products of a frame depend on besides the frame."""

    tracker: Tracker
    keypoints: KeypointSmoother
    anonymizer: Anonymizer
    video: VideoState = field(default_factory=VideoState)
    masks: MaskSmoother = field(default_factory=MaskSmoother)
    doubts: list[Doubt] = field(default_factory=list)
    people_seen: int = 0


class ProductMaker:
    """Makes the products of one video, frame by frame and in order."""

    def __init__(
        self, net: Segments, products: Collection[str], settings: ProductSettings, part_ids: PartIds = 'bodypix1'
    ) -> None:
        """Start without previous frames.

        Args:
            net: the network.
            products: names of `PRODUCTS`.
            settings: of all frames.
            part_ids: numbering of the parts that `net` returns.
        """
        self._net, self._products, self._settings, self._part_ids = net, products, settings, part_ids
        self._shows = any(name != 'anonymized' for name in products)
        self._people = 'people' in products
        self._parts = self._people or ('overlay' in products and overlay_needs_parts(settings.picture.overlay_effect))
        self._confidence = (
            settings.tracking.smoothing
            or 'cutout' in products
            or ('overlay' in products and overlay_needs_confidence(settings.picture.overlay_effect))
        )
        self._state = _State(
            Tracker(settings.tracking), KeypointSmoother(settings.tracking), Anonymizer(settings.anonymize, part_ids)
        )
        self._detections: dict[int, Detections] = {}
        """Detections of frames that are not finished, by index."""

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """The frames in which a face could be visible."""
        return tuple(self._state.doubts)

    @property
    def people_seen(self) -> int:
        """The largest number of people in one frame; 0 if people were not requested."""
        return self._state.people_seen

    @property
    def upcoming_s(self) -> float:
        """For how many seconds after a frame `make` needs the following frames."""
        return upcoming_s(self._settings.anonymize) if 'anonymized' in self._products else 0.0

    def make(self, frame: Frame, upcoming: Sequence[Frame] = ()) -> Mapping[str, Any]:
        """Return the products of the next frame, by name.

        mask is (H, W) uint8; overlay and anonymized are (H, W, 3) uint8 BGR; cutout is (H, W, 4) uint8 BGRA; people is
        one line of JSON as bytes.

        Args:
            frame: the next frame.
            upcoming: the frames of the next `upcoming_s`, as far as they are known.

        Raises: see `Segmenter.segment`.
        """
        made: dict[str, Any] = {}
        # With upcoming frames, people in this frame were already detected with an earlier one.
        with nullcontext() if upcoming else self._net.run_once():
            if 'anonymized' in self._products:
                made['anonymized'] = self._anonymize(frame, upcoming)
            return made | self._show(frame) if self._shows else made

    def _show(self, frame: Frame) -> dict[str, Any]:
        """Return the products other than the anonymised picture."""
        found = self._net.segment(
            frame.image,
            self._settings.segment,
            parts=self._parts,
            people=self._people,
            confidence=self._confidence,
            state=self._state.video,
        )
        self._count(found)
        made: dict[str, Any] = {}
        if self._settings.tracking.smoothing:
            found = self._state.masks.update(frame.image, found, self._settings.segment.threshold, frame.stamp_s)
        if 'mask' in self._products:
            made['mask'] = found.mask.view(np.uint8) * np.uint8(255)
        if 'overlay' in self._products:
            settings = settings_without_parts(self._settings.picture, found)
            made['overlay'] = render_overlay(frame.image, found, settings, self._part_ids)
        if 'cutout' in self._products:
            made['cutout'] = cut_out(frame.image, found)
        if 'people' in self._products:
            made['people'] = self._describe(frame, found)
        return made

    def _anonymize(self, frame: Frame, upcoming: Sequence[Frame]) -> NDArray[np.uint8]:
        """Cover people, including those who are first found in the following frames."""
        current, *later = [self._detect(one) for one in (frame, *upcoming)]
        del self._detections[frame.index]
        covered = self._state.anonymizer.cover(frame.image, current, later)
        if covered.doubtful:
            self._state.doubts.append(Doubt(frame.index, frame.stamp_s, covered.doubtful))
        return covered.image

    def _detect(self, frame: Frame) -> Detections:
        """Search a frame for people once, with separate settings if there are other products.

        Each frame is searched as if it were a single picture, because a model that follows people from frame to frame
        finds new ones late.
        """
        if frame.index not in self._detections:
            settings = SEARCH_SETTINGS if self._shows else self._settings.segment
            found = self._net.segment(frame.image, settings, parts=True, people=True, confidence=True, state=None)
            self._count(found)
            self._detections[frame.index] = self._state.anonymizer.detect(found, frame.stamp_s)
        return self._detections[frame.index]

    def _count(self, found: Segmentation) -> None:
        """Keep the largest number of people in a frame."""
        if found.people is not None:
            self._state.people_seen = max(self.people_seen, len(found.people.persons))

    def _describe(self, frame: Frame, found: Segmentation) -> bytes:
        assert found.people is not None, 'people were requested'
        persons: tuple[Person, ...] = found.people.persons
        ids: list[int] = []
        if self._settings.tracking.tracking:
            ids = self._state.tracker.update(persons, frame.stamp_s)
            if self._settings.tracking.keypoint_smoothing:
                persons = tuple(self._state.keypoints.update(persons, ids, frame.stamp_s))
        return describe_frame(frame, persons, ids)

    def save(self) -> bytes:
        """Return everything that the next frames depend on, for `restore`."""
        return pickle.dumps(self._state)

    def restore(self, data: bytes) -> None:
        """Continue after the frame after which `save` returned `data`.

        Raises:
            pickle.UnpicklingError: the data contain other classes than those of this package and arrays.
        """
        self._state = _StateUnpickler(BytesIO(data)).load()


class _StateUnpickler(pickle.Unpickler):
    """Loads only classes of this package and numpy arrays, so that a forged file cannot run code.

    Source: 'Restricting globals' in the documentation of Python's pickle.
    """

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function that a pickle refers to."""
        package, _, _ = module.partition('.')
        if '.' not in name and (package == 'bodypix_ros' or (package == 'numpy' and name in _NUMPY_NAMES)):
            found = super().find_class(module, name)
            if package == 'numpy' or (isinstance(found, type) and found.__module__ == module):
                return found
        raise pickle.UnpicklingError(f'{module}.{name} is not part of a saved state')


_NUMPY_NAMES = ('_reconstruct', '_frombuffer', 'ndarray', 'dtype', 'scalar')
