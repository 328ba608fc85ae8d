# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""People as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..people import Person
from ..regions import Box
from .frames import Frame


def describe_person(person: Person) -> dict[str, Any]:
    """Return a person as JSON values: the fields of `bodypix_ros.people.Person`, without those that are NaN."""
    fields: dict[str, Any] = _plain(person)
    return fields


def describe_frame(frame: Frame, persons: Sequence[Person], track_ids: Sequence[int]) -> bytes:
    """Return the people of a frame as one line of JSON.

    The fields are `index`, `stamp_s` and `name` of the frame, its `height` and `width` in pixels, and `people`, each
    with the fields of `bodypix_ros.people.Person` and `track_id`.

    Args:
        frame: whose people these are.
        persons: the people.
        track_ids: of each person, as `Tracker.update` returns them; empty if people are not tracked.
    """
    people = [describe_person(person) for person in persons]
    for described, number in zip(people, track_ids, strict=False):
        described['track_id'] = number
    line = {
        'index': frame.index,
        'stamp_s': round(frame.stamp_s, 9),
        'name': frame.name,
        'height': frame.image.shape[0],
        'width': frame.image.shape[1],
        'people': people,
    }
    return json.dumps(line, separators=(',', ':'), allow_nan=False).encode() + b'\n'


def _plain(value: Any) -> Any:
    """Convert dataclasses, boxes, sequences and numpy scalars to what JSON has."""
    if isinstance(value, Box):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if dataclasses.is_dataclass(value):
        items = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: _plain(one) for name, one in items.items() if not _is_nan(one)}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _is_nan(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) and math.isnan(value)
