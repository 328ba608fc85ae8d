# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes the images of one topic: anonymises them, and makes the messages of the added topics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...anonymizer import Anonymized, Anonymizer, Detections, upcoming_s
from ...errors import ImageError, ModelError, describe_error
from ...people import SIDES, Z_KINDS, Keypoint, Person
from ...regions import Box
from ...render import render_overlay, settings_without_parts
from ...segmentation import Segmentation
from ...segmenter import Segmenter
from ...settings import PictureSettings
from .images import BagImage, blank
from .job import ANONYMIZED, BagJob
from .messages import IMAGE, PERSON_ARRAY, new, write
from .storage import BagError, RawMessage, Wire

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class FrameResult:
    """The result of processing one image.

    Attributes:
        outputs: serialised messages: 'anonymized' instead of the image unless it is unchanged, and those of the added
            topics by name.
        people: number of people in the image; 0 if they are not separated.
        doubtful: why a person should check the image; empty if there is no reason.
        error: why it could not be processed; it is then blank in an anonymised bag. Empty if it was.
        draw: returns the picture for the contact sheet, (H, W, 3) uint8 BGR; None if there is none.
    """

    outputs: dict[str, bytes] = field(default_factory=dict)
    people: int = 0
    doubtful: str = ''
    error: str = ''
    draw: Callable[[], NDArray[np.uint8]] | None = None


class BagFrame:
    """An image message whose pixels are decoded and searched at most once.

    Attributes:
        message: of one of IMAGE_TYPES.
        detected: the image, its segmentation and the regions to be covered; None if it was not searched yet.
    """

    def __init__(self, message: RawMessage) -> None:
        self.message = message
        self.detected: tuple[BagImage, Segmentation, Detections | None] | None = None

    @property
    def stamp_s(self) -> float:
        """Recording time, seconds."""
        return self.message.stamp_ns / 1e9


class FrameProcessor:
    """Processes the images of one topic in the order of their time. What cannot be anonymised is made blank."""

    def __init__(self, net: Segmenter, job: BagJob) -> None:
        self._net, self._job = net, job
        part_ids = net.settings.part_ids
        self._anonymizer = None if job.anonymize is None else Anonymizer(job.anonymize, part_ids, independent=True)
        self._part_ids = part_ids

    def check_network(self) -> None:
        """Raise ModelError if the network cannot do the job."""
        found = self._segment(np.zeros((64, 64, 3), np.uint8))
        if 'parts' in self._job.write and found.parts is None:
            raise ModelError(
                f'{self._net.network.model} has no parts; use --model bodypix_ros, or --write without parts'
            )

    @property
    def upcoming_s(self) -> float:
        """For how many seconds after an image `process` needs the following images."""
        return 0.0 if self._job.anonymize is None else upcoming_s(self._job.anonymize)

    def process(self, frame: BagFrame, upcoming: Sequence[BagFrame] = ()) -> FrameResult:
        """Process the next image, given those of the next `upcoming_s`."""
        message = frame.message
        try:
            return self._process(frame, upcoming)
        except Exception as error:
            if not isinstance(error, (BagError, ImageError)):
                _LOG.debug('%s: an image failed', message.topic, exc_info=error)
            outputs = {} if self._anonymizer is None else {ANONYMIZED: blank(message)}
            return FrameResult(outputs, error=describe_error(error))

    def _process(self, frame: BagFrame, upcoming: Sequence[BagFrame]) -> FrameResult:
        image, found, detections = self._detect(frame)
        header, wire = image.content.header, frame.message.wire
        makers = {name: ADDED[name][1] for name in self._job.write}
        outputs = {name: write(make(header, found, self._net, wire), wire) for name, make in makers.items()}
        if self._anonymizer is None or detections is None:
            people = 0 if found.people is None else len(found.people.persons)
            settings = settings_without_parts(PictureSettings(), found)
            return FrameResult(outputs, people, draw=lambda: render_overlay(image.bgr, found, settings, self._part_ids))
        later = [other for one in upcoming if (other := self._detect_upcoming(one)) is not None]
        covered: Anonymized = self._anonymizer.cover(image.bgr, detections, later)
        replaced = image.replaced_by(covered.image)
        if replaced is not None:
            outputs[ANONYMIZED] = replaced
        return FrameResult(outputs, covered.people, covered.doubtful, draw=lambda: covered.image)

    def _detect(self, frame: BagFrame) -> tuple[BagImage, Segmentation, Detections | None]:
        """Return an image, its segmentation and the regions to be covered, if any."""
        if frame.detected is None:
            image = BagImage(frame.message, self._job.mono16_bits)
            found = self._segment(image.bgr)
            detections = None if self._anonymizer is None else self._anonymizer.detect(found, frame.stamp_s)
            frame.detected = image, found, detections
        return frame.detected

    def _detect_upcoming(self, frame: BagFrame) -> Detections | None:
        """Return the regions of a later image; None if that fails, which is reported when that image is processed."""
        try:
            return self._detect(frame)[2]
        except Exception:
            return None

    def _segment(self, bgr: NDArray[np.uint8]) -> Segmentation:
        anonymize = self._anonymizer is not None
        return self._net.segment(
            bgr,
            self._job.segment,
            parts=True,
            people=self._job.separates_people,
            confidence=anonymize and Anonymizer.needs_confidence,
        )


def _mask_message(header: Any, found: Segmentation, _: Segmenter, wire: Wire) -> Any:
    return _image_message(header, found.mask.view(np.uint8) * np.uint8(255), 'mono8', wire)


def _parts_message(header: Any, found: Segmentation, _: Segmenter, wire: Wire) -> Any:
    assert found.parts is not None, 'see check_network'
    return _image_message(header, found.parts, '8SC1', wire)


def _people_message(header: Any, found: Segmentation, net: Segmenter, wire: Wire) -> Any:
    people = found.people
    assert people is not None, 'a network that cannot find people raises ModelError'
    height, width = found.mask.shape
    return new(
        PERSON_ARRAY,
        wire,
        header=header,
        height=height,
        width=width,
        model=net.network.model,
        part_ids='' if found.parts is None else net.settings.part_ids,
        keypoint_set=people.keypoint_set,
        z_kind=Z_KINDS[people.keypoint_set],
        people=[_person(person, wire) for person in people.persons],
    )


ADDED: dict[str, tuple[str, Callable[[Any, Segmentation, Segmenter, Wire], Any]]] = {
    'mask': (IMAGE, _mask_message),
    'parts': (IMAGE, _parts_message),
    'people': (PERSON_ARRAY, _people_message),
}
"""Type of each added topic, and the function that makes its messages."""


def _image_message(header: Any, labels: NDArray[Any], encoding: str, wire: Wire) -> Any:
    height, width = labels.shape
    data = np.ascontiguousarray(labels).view(np.uint8).reshape(-1)
    return new(
        IMAGE,
        wire,
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=width,
        data=data,
    )


def _person(person: Person, wire: Wire) -> Any:
    return new(
        'bodypix_ros/msg/Person',
        wire,
        id=person.id,
        track_id=0,
        score=person.score,
        box=_box(person.box, wire),
        area_px=person.area_px,
        keypoints=_keypoints(person.keypoints, wire),
        world_keypoints=_keypoints(person.world_keypoints, wire),
        parts=[
            new(
                'bodypix_ros/msg/BodyPart',
                wire,
                id=part.part,
                name=part.name,
                area_px=part.area_px,
                x=part.x,
                y=part.y,
                box=_box(part.box, wire),
            )
            for part in person.parts
        ],
        hands=[
            new(
                'bodypix_ros/msg/Hand',
                wire,
                side=SIDES[hand.side],
                score=hand.score,
                keypoints=_keypoints(hand.keypoints, wire),
            )
            for hand in person.hands
        ],
        gestures=0,
        gesture_times=[],
    )


def _keypoints(points: Sequence[Keypoint], wire: Wire) -> list[Any]:
    return [
        new(
            'bodypix_ros/msg/Keypoint',
            wire,
            name=point.name,
            x=point.x,
            y=point.y,
            z=point.z,
            score=point.score,
            presence=point.presence,
        )
        for point in points
    ]


def _box(box: Box | None, wire: Wire) -> Any:
    x, y, width, height = box or (0, 0, 0, 0)
    fields = {'x_offset': x, 'y_offset': y, 'width': width, 'height': height, 'do_rectify': False}
    return new('sensor_msgs/msg/RegionOfInterest', wire, **fields)
