# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Detects raised hands and waving from the keypoints and parts of tracked people, by geometry and time.

Distances are in torso lengths (shoulders to hips), estimated from the shoulder width if the hips are not visible. A
hand is located by its pixels, because pose decoders often place the wrist of a raised arm near the hip; without enough
pixels, or without parts, it is located by the wrist keypoint.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from enum import IntFlag
from typing import NamedTuple

from .people import CERTAIN, Keypoint, PartRegion, Person


class GestureKind(IntFlag):
    """Kinds of gestures; the values are those of bodypix_ros/msg/Gesture."""

    LEFT_HAND_RAISED = 1
    RIGHT_HAND_RAISED = 2
    BOTH_HANDS_RAISED = 4
    WAVING = 8


class Gesture(NamedTuple):
    """A gesture, and the stamp of the image since which it has been visible without interruption, seconds."""

    kind: GestureKind
    since_s: float


class _Place(NamedTuple):
    """Position of a hand in torso lengths, and how it was determined.

    Attributes:
        sideways: distance to the right of the shoulder of its arm; None if that shoulder is not visible.
        upwards: height above a shoulder.
        by_pixels: whether it comes from the pixels of the hand rather than from the wrist keypoint.
    """

    sideways: float | None
    upwards: float
    by_pixels: bool


_SHOULDERS_PER_TORSO = 0.75  # shoulder width, seen from the front, over torso length
_MIN_HAND_AREA = 0.02  # square torso lengths; a hand seen from the side has about twice that
_REACH = 1.6  # torso lengths from the shoulder to the centre of a stretched hand; farther pixels belong to others
_RAISED, _LOWERED = 0.45, 0.25  # height above the shoulders, torso lengths: about the nose, and about the chin
_CONFIRM_S = 0.3  # a raised hand is reported after this time
_GAP_S = 0.4  # a hand may be invisible for this time
_WAVE_S = 1.5  # swings within this time count
_SWINGS = 3  # number of swings in alternating directions: one and a half waves
_SWING = 0.2  # the shortest sideways swing, torso lengths: about 10 cm


class GestureDetector:
    """Detects the gestures of the people of one camera.

    A hand counts as raised once it has been as far above the shoulders as the nose for 0.3 s, and until it is below the
    chin. It waves when, above the shoulders, it swings sideways at least three times within 1.5 s. Hands may be missing
    for up to 0.4 s; detecting a wave requires images at 8 Hz or more.
    """

    def __init__(self) -> None:
        self._people: dict[int, _Hands] = {}
        self._stamp_s = -math.inf

    def update(self, people: Sequence[Person], track_ids: Sequence[int], stamp_s: float) -> list[tuple[Gesture, ...]]:
        """Return the gestures of each person of the next image.

        Args:
            people: of the image, preferably with parts; keypoints and parts are identified by their names.
            track_ids: their ids, as `Tracker.update` returns them; people with id 0 have no gestures.
            stamp_s: when the image was taken, seconds. If it is earlier than the previous one, the state is reset.

        Returns:
            For each person, the gestures in the order of their kinds. With both hands raised, the gestures of the left
            and of the right hand are also listed.
        """
        if stamp_s < self._stamp_s:
            self._people.clear()
        self._stamp_s = stamp_s
        self._people = {number: hands for number, hands in self._people.items() if stamp_s - hands.seen_s <= _GAP_S}
        return [
            tuple(self._people.setdefault(number, _Hands()).update(person, stamp_s)) if number else ()
            for person, number in zip(people, track_ids, strict=True)
        ]


class _Hands:
    """Both hands of one person over time."""

    def __init__(self) -> None:
        self.left, self.right = _Hand(), _Hand()
        self.seen_s = -math.inf

    def update(self, person: Person, stamp_s: float) -> Iterator[Gesture]:
        """Update both hands with the next image and yield the gestures."""
        self.seen_s = stamp_s
        for side, hand in (('left', self.left), ('right', self.right)):
            hand.update(_find_hand(person, side), stamp_s)
        left_s, right_s = self.left.raised_since(stamp_s), self.right.raised_since(stamp_s)
        if left_s is not None:
            yield Gesture(GestureKind.LEFT_HAND_RAISED, left_s)
        if right_s is not None:
            yield Gesture(GestureKind.RIGHT_HAND_RAISED, right_s)
        if left_s is not None and right_s is not None:
            yield Gesture(GestureKind.BOTH_HANDS_RAISED, max(left_s, right_s))
        waving = [hand.waving_since_s for hand in (self.left, self.right) if hand.waving_since_s is not None]
        if waving:
            yield Gesture(GestureKind.WAVING, min(waving))


class _Hand:
    """One hand over time.

    Attributes:
        waving_since_s: stamp of the image in which the current wave was recognised; None without a wave.
    """

    def __init__(self) -> None:
        self.waving_since_s: float | None = None
        self._up_since_s: float | None = None
        self._seen_s = self._pixels_s = -math.inf  # when it was last visible, and last located by its pixels
        self._path: deque[tuple[float, float, float]] = deque()  # stamp, sideways and upwards; above the shoulders only

    def update(self, place: _Place | None, stamp_s: float) -> None:
        """Update with the position of the hand in the next image, None if it is not visible."""
        if place is not None and not place.by_pixels and stamp_s - self._pixels_s <= _GAP_S:
            place = None  # the pixels are missing for a moment only; the wrist may be elsewhere
        if place is not None:
            self._note(place, stamp_s)
        elif stamp_s - self._seen_s > _GAP_S:
            self._up_since_s = None
            self._path.clear()
        while self._path and stamp_s - self._path[0][0] > _WAVE_S:
            self._path.popleft()
        waves = _swings_sideways(self._path) >= _SWINGS
        if not waves:
            self.waving_since_s = None
        elif self.waving_since_s is None:
            self.waving_since_s = stamp_s

    def raised_since(self, stamp_s: float) -> float | None:
        """Return since when the hand has been raised; None if it is not raised, or not for long enough."""
        if self._up_since_s is None or stamp_s - self._up_since_s < _CONFIRM_S:
            return None
        return self._up_since_s

    def _note(self, place: _Place, stamp_s: float) -> None:
        sideways, upwards, by_pixels = place
        if upwards <= 0 or by_pixels != (self._pixels_s == self._seen_s):
            self._path.clear()  # a switch between the wrist and the centre of the hand must not count as a swing
        self._seen_s = stamp_s
        if by_pixels:
            self._pixels_s = stamp_s
        if upwards > 0 and sideways is not None:
            self._path.append((stamp_s, sideways, upwards))
        if upwards < _LOWERED:
            self._up_since_s = None
        elif upwards >= _RAISED and self._up_since_s is None:
            self._up_since_s = stamp_s


def _find_hand(person: Person, side: str) -> _Place | None:
    """Return the position of a hand; None if the hand, both shoulders or the scale are unknown."""
    points = {point.name: point for point in person.keypoints if point.score >= CERTAIN}
    torso_px = _torso_px(points)
    shoulder = points.get(f'{side}_shoulder')
    base = shoulder or points.get('right_shoulder' if side == 'left' else 'left_shoulder')
    if base is None or torso_px is None:
        return None
    pixels = next((part for part in person.parts if part.name == f'{side}_hand'), None)
    reachable = pixels is not None and math.hypot(pixels.x - base.x, pixels.y - base.y) <= _REACH * torso_px
    if pixels is not None and reachable and pixels.area_px >= _MIN_HAND_AREA * torso_px**2:
        hand: PartRegion | Keypoint | None = pixels
    else:
        hand = points.get(f'{side}_wrist')
    if hand is None:
        return None
    sideways = (hand.x - shoulder.x) / torso_px if shoulder else None
    return _Place(sideways, (base.y - hand.y) / torso_px, hand is pixels)


def _torso_px(points: Mapping[str, Keypoint]) -> float | None:
    """Return the length of the torso in pixels; None if the required keypoints are not visible."""
    shoulders = [points[name] for name in ('left_shoulder', 'right_shoulder') if name in points]
    hips = [points[name] for name in ('left_hip', 'right_hip') if name in points]
    lengths = []
    if shoulders and hips:
        lengths.append(math.dist(_middle(shoulders), _middle(hips)))
    if len(shoulders) == 2:
        lengths.append(math.dist(*((point.x, point.y) for point in shoulders)) / _SHOULDERS_PER_TORSO)
    return max(lengths) if lengths and max(lengths) > 0 else None


def _middle(points: Sequence[Keypoint]) -> tuple[float, float]:
    return sum(point.x for point in points) / len(points), sum(point.y for point in points) / len(points)


def _swings_sideways(path: Sequence[tuple[float, float, float]]) -> int:
    """Count the swings of at least `_SWING` to alternating sides; 0 if the hand moves more up and down."""
    if not path:
        return 0
    _, sideways, upwards = zip(*path, strict=True)
    if max(upwards) - min(upwards) > max(sideways) - min(sideways):
        return 0
    swings, direction = 0, 0
    low = high = sideways[0]  # of the current swing
    for x in sideways:
        low, high = min(low, x), max(high, x)
        if direction != 1 and x - low >= _SWING:
            swings, direction, high = swings + 1, 1, x
        elif direction != -1 and high - x >= _SWING:
            swings, direction, low = swings + 1, -1, x
    return swings
