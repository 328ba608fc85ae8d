# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The input of the messages about one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from ..anonymizer import Anonymized
from ..gestures import GestureKind
from ..parts import PartIds
from ..people import People, Person
from ..segmentation import Segmentation
from ..settings import PictureSettings


@dataclass(frozen=True)
class Track:
    """Information about a person from previous images.

    Attributes:
        id: track id, the same for a person in all images; 0 if unknown.
        gestures: current gestures, each with the stamp since which it has been visible, nanoseconds.
        followed: whether this is the person whose pose is published.
    """

    id: int = 0
    gestures: tuple[tuple[GestureKind, int], ...] = ()
    followed: bool = False


@dataclass(frozen=True)
class Result:
    """Everything that is required to write the messages about one image.

    Attributes:
        header: std_msgs/Header of the image.
        image: (H, W, 3) uint8 BGR.
        segmentation: of the image.
        part_ids: numbering of the parts.
        settings: how images are rendered.
        camera_info: the newest of the camera; None if there is none.
        model: the model that segmented it, 'bodypix_ros' or 'bodypix'.
        tracks: of each person of the segmentation; empty if people are not tracked.
        anonymized: the anonymised image, or why there is none; None if no output requires it.
    """

    header: Any
    image: NDArray[np.uint8]
    segmentation: Segmentation
    part_ids: PartIds
    settings: PictureSettings
    camera_info: CameraInfo | None = None
    model: str = ''
    tracks: Sequence[Track] = ()
    anonymized: Anonymized | Exception | None = None

    @property
    def labels(self) -> NDArray[np.int8]:
        """The part labels, for outputs that require them."""
        assert self.segmentation.parts is not None, 'an output that requires parts was created without them'
        return self.segmentation.parts

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """The confidence, for outputs that require it."""
        assert self.segmentation.confidence is not None, 'an output that requires the confidence was created without it'
        return self.segmentation.confidence

    @property
    def anonymized_image(self) -> NDArray[np.uint8]:
        """The anonymised image, for outputs that require it; never the image itself.

        Raises:
            Exception: why the image could not be anonymised.
        """
        if isinstance(self.anonymized, Exception):
            raise self.anonymized
        assert self.anonymized is not None, 'an output that requires an anonymised image was created without it'
        return self.anonymized.image

    @property
    def people(self) -> People:
        """The people, for outputs that require them."""
        assert self.segmentation.people is not None, 'an output that requires people was created without them'
        return self.segmentation.people

    @property
    def tracked_people(self) -> list[tuple[Person, Track]]:
        """Each person, with the information from previous images."""
        persons = self.people.persons
        return list(zip(persons, self.tracks or [Track()] * len(persons), strict=True))
