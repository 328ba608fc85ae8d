# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""State of one camera across images: smoothed masks, track ids, keypoints, gestures, followed person, covered heads."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray

from ..anonymizer import Anonymized, Anonymizer
from ..gestures import GestureDetector
from ..parts import PartIds
from ..segmentation import Segmentation, VideoState
from ..settings import AnonymizeSettings, TrackingSettings
from ..smoothing import KeypointSmoother, MaskSmoother
from ..tracking import Tracker
from .follower import Follower
from .parameters import Parameters
from .result import Track


class FrameHistory:
    """The state of one camera across images.

    The worker updates it with each image; the services of the node read and set the followed person. Both may run
    concurrently.

    Attributes:
        video: what the model carries from one image to the next; only the worker uses it.
    """

    def __init__(self, camera: str = '') -> None:
        """Start without previous images; `camera` is for the log."""
        self.video = VideoState()
        self._lock = threading.Lock()
        self._masks = MaskSmoother()
        self._tracker, self._keypoints, self._gestures = Tracker(), KeypointSmoother(), GestureDetector()
        self._follower = Follower(camera)
        self._anonymizer: Anonymizer | None = None
        self._first_ns: int | None = None

    @property
    def following(self) -> str:
        """Description of the followed person."""
        return self._follower.state

    def follow(self, target: int, track_id: int, hold_s: float) -> str:
        """Apply a request of the service Follow; see `Follower.follow`.

        Raises:
            ValueError: the request is invalid; the text says why.
        """
        with self._lock:
            return self._follower.follow(target, track_id, hold_s)

    def update(
        self,
        image: NDArray[np.uint8],
        found: Segmentation,
        stamp: Time,
        parameters: Parameters,
    ) -> tuple[Segmentation, tuple[Track, ...]]:
        """Add the next image.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: the segmentation of the image. Without confidence, masks are not smoothed.
            stamp: when it was taken; the time of arrival replaces a stamp of 0.
            parameters: of the node.

        Returns:
            The segmentation, with smoothed mask, parts and keypoints according to the settings; and for each person the
            information from previous images, empty if people are not tracked.
        """
        with self._lock:
            stamp_s = self._seconds(stamp)
            settings = parameters.tracking
            if settings.smoothing and found.confidence is not None:
                found = self._masks.update(image, found, parameters.segment.threshold, stamp_s)
            if found.people is None or not settings.tracking:
                return found, ()
            return self._track(found, stamp_s, settings)

    def anonymize(
        self,
        image: NDArray[np.uint8],
        found: Segmentation,
        stamp: Time,
        settings: AnonymizeSettings,
        part_ids: PartIds,
    ) -> Anonymized:
        """Return the next image, anonymised.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: the segmentation of the image, with parts, people and confidence.
            stamp: when it was taken; the time of arrival replaces a stamp of 0.
            settings: what is covered and how.
            part_ids: numbering of the parts.
        """
        with self._lock:
            if self._anonymizer is None or self._anonymizer.part_ids != part_ids:
                self._anonymizer = Anonymizer(settings, part_ids)
            self._anonymizer.settings = settings
            return self._anonymizer.anonymize(image, found, self._seconds(stamp))

    def _seconds(self, stamp: Time) -> float:
        """Return the time since the first image, seconds: small, so that a float has a resolution of nanoseconds."""
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec or time.monotonic_ns()
        if self._first_ns is None:
            self._first_ns = stamp_ns
        return (stamp_ns - self._first_ns) * 1e-9

    def _track(
        self, found: Segmentation, stamp_s: float, settings: TrackingSettings
    ) -> tuple[Segmentation, tuple[Track, ...]]:
        assert found.people is not None
        assert self._first_ns is not None
        persons = found.people.persons
        hold_s = settings.follow_hold_s
        if self._follower.following:  # the id of the followed person must be kept for the same time
            settings = dataclasses.replace(settings, track_hold_s=max(settings.track_hold_s, hold_s))
        self._tracker.settings = self._keypoints.settings = settings
        ids = self._tracker.update(persons, stamp_s)
        gestures = self._gestures.update(persons, ids, stamp_s)
        if settings.keypoint_smoothing:
            smooth = tuple(self._keypoints.update(persons, ids, stamp_s))
            found = dataclasses.replace(found, people=dataclasses.replace(found.people, persons=smooth))
        followed = self._follower.update(persons, ids, gestures, stamp_s, hold_s)
        first_ns = self._first_ns
        tracks = tuple(
            Track(
                number,
                tuple((one.kind, first_ns + round(one.since_s * 1e9)) for one in own),
                number != 0 and number == followed,
            )
            for number, own in zip(ids, gestures, strict=True)
        )
        return found, tracks
