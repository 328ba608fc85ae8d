"""What is known about one image when its messages are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from ..gestures import GestureKind
from ..parts import PartIds
from ..people import People, Person
from ..segmentation import Segmentation
from ..settings import PictureSettings


@dataclass(frozen=True)
class Track:
    """What previous images add to what is known about a person.

    Attributes:
        id: the same for a person from image to image; 0 where it is unknown.
        gestures: that the person makes, each with the stamp since which it is seen, nanoseconds.
        followed: this is the person whose pose is published.
    """

    id: int = 0
    gestures: tuple[tuple[GestureKind, int], ...] = ()
    followed: bool = False


@dataclass(frozen=True)
class Result:
    """What is known about one image when its messages are written.

    Attributes:
        header: std_msgs/Header of the image.
        image: (H, W, 3) uint8 BGR.
        segmentation: of the image.
        part_ids: numbering of the parts.
        settings: how pictures are drawn.
        camera_info: the newest of the camera; None where there is none.
        model: what segmented it, 'bodypix_ros' or 'bodypix'.
        tracks: of each person of the segmentation; empty where people are not tracked.
    """

    header: Any
    image: NDArray[np.uint8]
    segmentation: Segmentation
    part_ids: PartIds
    settings: PictureSettings
    camera_info: CameraInfo | None = None
    model: str = ''
    tracks: Sequence[Track] = ()

    @property
    def labels(self) -> NDArray[np.int8]:
        """The part labels, where an output needs them."""
        assert self.segmentation.parts is not None, 'an output that needs parts was made without them'
        return self.segmentation.parts

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """The confidence, where an output needs it."""
        assert self.segmentation.confidence is not None, 'an output that needs the confidence was made without it'
        return self.segmentation.confidence

    @property
    def people(self) -> People:
        """The people, where an output needs them."""
        assert self.segmentation.people is not None, 'an output that needs people was made without them'
        return self.segmentation.people

    @property
    def tracked_people(self) -> list[tuple[Person, Track]]:
        """Each person, and what previous images add."""
        persons = self.people.persons
        return list(zip(persons, self.tracks or [Track()] * len(persons), strict=True))
