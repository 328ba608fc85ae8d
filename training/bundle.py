# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bundles: archives of encoded photographs with what is known about the people in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

CANVAS = 401
"""Largest height and width of a photograph, pixels: a multiple of every output stride, plus one."""

Kind = Literal['boxes', 'mask', 'everyone', 'scene']
"""What is known about a photograph: boxes of people; the true mask of those in front, or of everyone; nothing."""

Picture = NDArray[np.uint8]
Mask = NDArray[np.uint8]

_GRID = 16
_ENCODED = ('photograph', 'true_mask', 'mediapipe')


@dataclass(frozen=True)
class Person:
    """One labelled person.

    Attributes:
        box: left, top, right, bottom in pixels of the photograph.
        turn: angle by which the picture must be turned clockwise for the person to stand upright, degrees.
        keypoints: 17 times x, y in pixels and a label: positive for a keypoint at this place, 0 for one that cannot be
            seen, negative where it is not known; empty where none is known.
    """

    box: tuple[float, float, float, float]
    turn: float = 0.0
    keypoints: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Record:
    """One photograph.

    Attributes:
        name: of the file it came from, with the collection's prefix.
        kind: what is known about it.
        squeezed: the publisher changed its aspect ratio.
        people: the labelled people.
        photograph: JPEG; height and width are multiples of 16, plus one, and at most CANVAS.
        true_mask: PNG, 255 where there is a person; empty where it is not known.
        mediapipe: JPEG, 255 times the probability of a person according to MediaPipe; empty until it has run.
    """

    name: str
    kind: Kind
    squeezed: bool
    people: tuple[Person, ...]
    photograph: bytes
    true_mask: bytes = b''
    mediapipe: bytes = b''

    def picture(self) -> Picture:
        """Return the photograph, (h, w, 3) uint8 RGB."""
        return np.ascontiguousarray(_decode(self.photograph, cv2.IMREAD_COLOR)[..., ::-1])

    def mask(self) -> Mask | None:
        """Return the true mask, (h, w) uint8, or None where it is not known."""
        return _decode(self.true_mask, cv2.IMREAD_GRAYSCALE) if self.true_mask else None

    def mediapipe_mask(self) -> Mask | None:
        """Return MediaPipe's probability of a person, (h, w) uint8, or None where it has not run."""
        return _decode(self.mediapipe, cv2.IMREAD_GRAYSCALE) if self.mediapipe else None

    def with_mediapipe(self, probability: Mask) -> Record:
        """Return the record with MediaPipe's probability of a person, (h, w) uint8."""
        return replace(self, mediapipe=encode(probability, '.jpg', 60))


def legal_size(size: float) -> int:
    """Return the multiple of 16, plus one, that is nearest to a size in pixels and at most CANVAS."""
    return min(max(round((size - 1) / _GRID), 4) * _GRID + 1, CANVAS)


def encode(image: NDArray[np.uint8], extension: str, quality: int = 80) -> bytes:
    """Encode an image, (h, w) or (h, w, 3) uint8 BGR, in the format of a file extension."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(extension, image, flags)[1].tobytes())


def write_bundle(path: Path, records: Sequence[Record]) -> None:
    """Write records to one archive."""
    blobs = [getattr(record, field) for record in records for field in _ENCODED]
    facts = [{**_facts(record), 'people': [_person_facts(one) for one in record.people]} for record in records]
    np.savez(
        path,
        facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
        offsets=np.cumsum([0, *map(len, blobs)]),
        data=np.frombuffer(b''.join(blobs), np.uint8),
    )


def read_bundle(path: Path) -> list[Record]:
    """Read the records of an archive.

    Raises:
        KeyError: the file is not a bundle.
    """
    with np.load(path) as archive:
        facts: list[dict[str, Any]] = json.loads(archive['facts'].tobytes())
        offsets, data = archive['offsets'].tolist(), archive['data'].tobytes()
    records = []
    for index, fact in enumerate(facts):
        people = tuple(
            Person(tuple(one['box']), one['turn'], tuple(map(tuple, one['keypoints']))) for one in fact.pop('people')
        )
        places = offsets[index * len(_ENCODED) : (index + 1) * len(_ENCODED) + 1]
        blobs = [data[start:end] for start, end in pairwise(places)]
        records.append(Record(**fact, people=people, **dict(zip(_ENCODED, blobs, strict=True))))
    return records


def _facts(record: Record) -> dict[str, Any]:
    return {'name': record.name, 'kind': record.kind, 'squeezed': record.squeezed}


def _person_facts(person: Person) -> dict[str, Any]:
    return {'box': person.box, 'turn': person.turn, 'keypoints': person.keypoints}


def _decode(data: bytes, flags: int) -> NDArray[np.uint8]:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
