# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the hands of people with known poses: where to search, and to whom each hand belongs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...models.mediapipe.source import load_networks
from ...parts import HAND_KEYPOINTS
from ...people import CERTAIN, Hand, Keypoint, Person
from ...regions import RotatedRegion
from ...segmentation import VideoState
from ...settings import NetworkSettings
from ..numpy_kernels import Image
from .hands import FoundHand, HandFinder
from .regions import upright_angle
from .session import open_session

Side = Literal['left', 'right']
_SIDES: tuple[Side, Side] = ('left', 'right')

# Lengths of an average adult in centimetres. Only their ratios matter, so they also fit children.
_SEGMENTS_CM = {
    ('left_shoulder', 'right_shoulder'): 36,
    ('left_shoulder', 'left_hip'): 50,
    ('right_shoulder', 'right_hip'): 50,
    ('left_shoulder', 'left_elbow'): 29,
    ('right_shoulder', 'right_elbow'): 29,
    ('left_elbow', 'left_wrist'): 25,
    ('right_elbow', 'right_wrist'): 25,
    ('left_hip', 'left_knee'): 42,
    ('right_hip', 'right_knee'): 42,
    ('left_ear', 'right_ear'): 15,
    ('left_eye', 'right_eye'): 6.3,
}
_PART_CM = 15  # longer side of the visible pixels of a hand
_REACH_CM = 9  # from the wrist to the middle of the hand
_SEARCH_CM = 48  # side of the region in which a palm is searched for
_REGION_CM = 26  # side of the region of a hand
_SMALLEST_REGION_CM = 18  # length of a hand; a detected palm is sometimes too small, for example behind an arm
_NEAR_CM = 14  # largest distance between a hand and the wrist of its person
_MIN_SCORE_UNDETECTED = 0.8  # of hands of which the palm was not detected
_SMALLEST_PX = 12.0  # hands with a smaller region are not searched for
_LONGEST = 80  # percentile of the visible lengths: the others are foreshortened


@dataclass(frozen=True)
class ExpectedHand:
    """Where the pose or the parts of a person say that a hand is.

    Attributes:
        person: index of the person.
        side: from the person's perspective.
        wrist: x and y, pixels; the middle of the hand if only its pixels are known.
        middle: x and y of the middle of the hand, pixels.
        cm_px: length of a centimetre at the person, pixels.
        angle: of the region in which the hand points up, radians; None if the forearm is not visible.
    """

    person: int
    side: Side
    wrist: tuple[float, float]
    middle: tuple[float, float]
    cm_px: float
    angle: float | None

    @property
    def search(self) -> RotatedRegion:
        """The upright region in which the palm is searched for."""
        return RotatedRegion(*self.middle, _SEARCH_CM * self.cm_px)

    @property
    def region(self) -> RotatedRegion | None:
        """The region of the hand according to the forearm, for hands of which the palm is not detected."""
        return None if self.angle is None else RotatedRegion(*self.middle, _REGION_CM * self.cm_px, self.angle)

    def enlarged(self, region: RotatedRegion) -> RotatedRegion:
        """Return the region of a palm, or one with the same centre that is large enough for the hand."""
        return region.scaled(max(1.0, _SMALLEST_REGION_CM * self.cm_px / region.size))

    def distance_cm(self, wrist: Sequence[float]) -> float:
        """Return the distance of a detected wrist from the expected one, centimetres."""
        return math.dist(wrist, self.wrist) / self.cm_px


class PersonHands:
    """Finds the hands of people. Thread-safe if the sessions of the finder are."""

    def __init__(self, finder: HandFinder) -> None:
        """Use the networks of a finder."""
        self._finder = finder

    def find(self, image: Image, persons: Sequence[Person], state: VideoState | None = None) -> list[tuple[Hand, ...]]:
        """Return the hands of each person, the left one first.

        A hand is assigned to the closest wrist, so that left and right are those of the pose. Palms are detected only
        where the previous image of a video had no hand. Where none is detected, such as on a fist, the region follows
        from the forearm.

        Args:
            image: (H, W, 3) uint8 BGR.
            persons: with keypoints and, if the model has them, parts.
            state: of the camera, updated; None for a single picture.
        """
        expected = [one for index, person in enumerate(persons) for one in expect_hands(index, person)]
        seen = self._detect(image, expected, [] if state is None else state.hands)
        guessed = {row: one.region for row, one in enumerate(expected) if row not in seen}
        regions = {**seen, **{row: region for row, region in guessed.items() if region is not None}}
        found = dict(zip(regions, self._finder.find(image, list(regions.values())), strict=True))
        accepted = {(expected[row].person, expected[row].side): hand for row, hand in _accepted(expected, found, seen)}
        if state is not None:
            state.hands = [(hand.wrist, hand.next_region()) for hand in accepted.values()]
        return [
            tuple(
                Hand(side, hand.score, _keypoints(hand))
                for side in _SIDES
                if (hand := accepted.get((index, side))) is not None
            )
            for index in range(len(persons))
        ]

    def _detect(
        self, image: Image, expected: Sequence[ExpectedHand], tracked: Sequence[tuple[Sequence[float], RotatedRegion]]
    ) -> dict[int, RotatedRegion]:
        """Return the region of each hand that is tracked or of which the palm is detected, by its index in `expected`.

        Args:
            image: (H, W, 3) uint8 BGR.
            expected: all expected hands.
            tracked: x and y of the wrist and the region of each hand of the previous image.
        """
        owners = assign_closest(_distances(expected, [wrist for wrist, _ in tracked]))
        regions = {row: tracked[column][1] for row, column in owners.items()}
        lost = [row for row in range(len(expected)) if row not in regions]
        palms = self._finder.detect(image, [expected[row].search for row in lost])
        owners = assign_closest(_distances([expected[row] for row in lost], [palm.wrist for palm in palms]))
        for index, column in owners.items():
            row = lost[index]
            regions[row] = expected[row].enlarged(palms[column].region)
        return regions


def open_hands(settings: NetworkSettings) -> PersonHands:
    """Open the two networks of MediaPipe that find hands.

    Raises:
        ModelError: their files are missing and must not be downloaded, or are damaged.
        ProviderError: a GPU is required and does not run the networks.
    """
    palm_detection, hand_landmarks = (
        open_session(name, onnx, settings) for name, onnx in load_networks('hands', settings).items()
    )
    return PersonHands(HandFinder(palm_detection, hand_landmarks))


def expect_hands(index: int, person: Person) -> Iterator[ExpectedHand]:
    """Yield the hands that are expected at a person's wrists or, without these, at the pixels of the hands.

    Args:
        index: of the person.
        person: with keypoints and, if the model has them, parts.
    """
    seen = {point.name: (point.x, point.y) for point in person.keypoints if point.score >= CERTAIN}
    pixels = {part.name: part for part in person.parts}
    for side in _SIDES:
        wrist, elbow, part = seen.get(f'{side}_wrist'), seen.get(f'{side}_elbow'), pixels.get(f'{side}_hand')
        cm_px = centimetre_px(seen) or (max(part.box.width, part.box.height) / _PART_CM if part else 0.0)
        if cm_px * _REGION_CM < _SMALLEST_PX:
            continue
        if wrist is None and part is not None:
            yield ExpectedHand(index, side, (part.x, part.y), (part.x, part.y), cm_px, None)
        elif wrist is not None:
            forearm_px = 0.0 if elbow is None else math.dist(elbow, wrist)
            if elbow is None or forearm_px < cm_px:
                yield ExpectedHand(index, side, wrist, wrist, cm_px, None)
                continue
            reach = _REACH_CM * cm_px / forearm_px
            middle = (wrist[0] + (wrist[0] - elbow[0]) * reach, wrist[1] + (wrist[1] - elbow[1]) * reach)
            yield ExpectedHand(index, side, wrist, middle, cm_px, upright_angle(elbow, wrist))


def centimetre_px(places: dict[str, tuple[float, float]]) -> float:
    """Return the length of a centimetre at a person, pixels; 0 if too little of the person is visible.

    Args:
        places: x and y of the visible keypoints, pixels.
    """
    lengths = [
        math.dist(places[start], places[end]) / length_cm
        for (start, end), length_cm in _SEGMENTS_CM.items()
        if start in places and end in places
    ]
    return float(np.percentile(lengths, _LONGEST)) if lengths else 0.0


def assign_closest(distances: NDArray[np.float64]) -> dict[int, int]:
    """Assign wrists to expected hands, the closest pair first, each at most once.

    Args:
        distances: (expected hands, wrists) float64, centimetres; pairs that are farther apart than `_NEAR_CM` are not
            assigned.

    Returns:
        The wrist of each expected hand that has one.
    """
    pairs = sorted(product(*map(range, distances.shape)), key=lambda pair: float(distances[pair]))
    owners: dict[int, int] = {}
    for row, column in pairs:
        if distances[row, column] <= _NEAR_CM and row not in owners and column not in owners.values():
            owners[row] = column
    return owners


def _distances(expected: Sequence[ExpectedHand], wrists: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return the distance of each wrist from each expected hand, (expected, wrists), centimetres."""
    distances = [[one.distance_cm(wrist) for wrist in wrists] for one in expected]
    return np.array(distances, np.float64).reshape(len(expected), len(wrists))


def _accepted(
    expected: Sequence[ExpectedHand], found: dict[int, FoundHand | None], seen: Collection[int]
) -> Iterator[tuple[int, FoundHand]]:
    """Yield the hands that were found close to where they were expected, without those that were found twice.

    Args:
        expected: all expected hands.
        found: by the index of the expected hand.
        seen: the indices of hands that were detected, or tracked.
    """
    near = {
        row: hand
        for row, hand in found.items()
        if hand is not None
        and expected[row].distance_cm(hand.wrist) <= _NEAR_CM
        and (row in seen or hand.score >= _MIN_SCORE_UNDETECTED)
    }
    accepted: list[FoundHand] = []
    for row, hand in sorted(near.items(), key=lambda item: -item[1].score):
        if not any(_is_same(expected[row], hand, other) for other in accepted):
            accepted.append(hand)
            yield row, hand


def _is_same(one: ExpectedHand, hand: FoundHand, other: FoundHand) -> bool:
    apart = np.linalg.norm(hand.points[:, :2] - other.points[:, :2], axis=1).mean()
    return bool(apart < _REACH_CM / 2 * one.cm_px)


def _keypoints(hand: FoundHand) -> tuple[Keypoint, ...]:
    return tuple(
        Keypoint(name, x, y, hand.score, z)
        for name, (x, y, z) in zip(HAND_KEYPOINTS, hand.points.tolist(), strict=True)
    )
