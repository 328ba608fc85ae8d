# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Temporal smoothing of the keypoints and masks of one camera."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .checks import require_segmentation
from .errors import ImageError
from .parts import BACKGROUND
from .people import CERTAIN, Keypoint, Person
from .segmentation import Segmentation
from .settings import TrackingSettings

Floats = NDArray[np.float64]
Plane = NDArray[np.uint8]

_SPEED_CUTOFF_HZ = 1.0  # cutoff of the speed filter, as in the paper
_FORGET_S = 1.0  # after a longer gap between two images, smoothing restarts
_HEIGHT_M = 1.7  # of a person, for world keypoints

_FLOW_SHARE = 4  # flow is computed at this fraction of the image's width and height
_MIN_FLOW_SIZE = 16  # pixels; DIS flow needs a few patches
_MAX_SIDE = 2**15 - 2  # pixels; `remap` does not accept larger images, so they are not smoothed
_SAME_GRAY = 6  # grey levels: smaller changes at that size are camera noise, not motion
_OTHER_GRAY = 25  # grey levels: where the warped previous image differs more, something else is visible now
_NEIGHBOURHOOD = np.ones((9, 9), np.uint8)  # around each changed pixel: uniform surfaces move without changing
_HYSTERESIS = 0.1  # distance from the threshold at which a pixel enters or leaves the mask
_AVERAGE_SHARE = 0.25  # weight of the new value where it agrees with the old one
_AGREE, _DISAGREE = 0.2, 0.6  # differences of confidence up to which that weight applies, and from which it is 1


class _OneEuro:
    """A low-pass filter for keypoints of one person, with a cutoff frequency that rises with their speed.

    For each coordinate x, with Te the time since its last value and alpha(fc) = 1 / (1 + 1 / (2 pi fc Te)), the speed
    is dx = alpha(1 Hz) (x - x') / Te + (1 - alpha(1 Hz)) dx' and the result is alpha(fc) x + (1 - alpha(fc)) x' with
    fc = min_cutoff + beta |dx|, where x' and dx' are the previous results.

    Source: Casiez, Roussel and Vogel, '1 euro filter', CHI 2012, algorithm 1. Here |dx| is in heights of the person per
    second, so that the same beta suits all distances.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.places, self.speeds = np.zeros(shape), np.zeros(shape)  # (K, 2 or 3) pixels or metres, and per second
        self.seen_s = np.full(shape[0], -np.inf)  # when the score of each keypoint was last high enough

    def update(
        self, places: Floats, known: NDArray[np.bool_], height: float, stamp_s: float, settings: TrackingSettings
    ) -> Floats:
        """Return smoothed positions in the shape of `places`; uncertain keypoints are unchanged."""
        step_s = stamp_s - self.seen_s
        running = known & (step_s > 0) & (step_s <= _FORGET_S)
        elapsed = np.where(running, step_s, 1.0)[:, None]
        share = _share(np.full((1, 1), _SPEED_CUTOFF_HZ), elapsed)
        speeds = share * (places - self.places) / elapsed + (1 - share) * self.speeds
        cutoff = settings.keypoint_min_cutoff_hz + settings.keypoint_beta * np.abs(speeds) / height
        share = _share(cutoff, elapsed)
        smooth = np.where(running[:, None], share * places + (1 - share) * self.places, places)
        fresh = known & (step_s > 0)  # a repeated image changes nothing
        self.places[fresh], self.seen_s[fresh] = smooth[fresh], stamp_s
        self.speeds[fresh] = np.where(running[:, None], speeds, 0.0)[fresh]
        return np.where((known & (step_s == 0))[:, None], self.places, smooth)


def _share(cutoff_hz: Floats, elapsed_s: Floats) -> Floats:
    """Return the weight of the new value in a low-pass filter."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * elapsed_s))


class KeypointSmoother:
    """Smooths the keypoints of tracked people with the One Euro filter: little jitter at rest, little lag in motion."""

    def __init__(self, settings: TrackingSettings | None = None) -> None:
        """Create a smoother without state; `settings` may be replaced between two images."""
        self.settings = settings or TrackingSettings()
        self._filters: dict[tuple[int, str], _OneEuro] = {}  # by id, and by 'image' or 'world'
        self._stamp_s = -math.inf

    def update(self, people: Sequence[Person], track_ids: Sequence[int], stamp_s: float) -> list[Person]:
        """Return the people of the next image with smoothed keypoints.

        Args:
            people: of the image.
            track_ids: their ids, as `Tracker.update` returns them; people with id 0 are returned unchanged.
            stamp_s: when the image was taken, seconds. If it is earlier than the previous one, all filters restart.
        """
        if stamp_s < self._stamp_s:
            self._filters.clear()
        self._stamp_s = stamp_s
        self._filters = {key: one for key, one in self._filters.items() if stamp_s - one.seen_s.max() <= _FORGET_S}
        return [
            self._smooth(person, number) if number else person for person, number in zip(people, track_ids, strict=True)
        ]

    def _smooth(self, person: Person, number: int) -> Person:
        return dataclasses.replace(
            person,
            keypoints=self._smooth_points((number, 'image'), person.keypoints, _height_px(person)),
            world_keypoints=self._smooth_points((number, 'world'), person.world_keypoints, _HEIGHT_M),
        )

    def _smooth_points(self, key: tuple[int, str], points: tuple[Keypoint, ...], height: float) -> tuple[Keypoint, ...]:
        """Return smoothed keypoints; z only if the model provides it."""
        if not points:
            return points
        axes = 'xy' if math.isnan(points[0].z) else 'xyz'
        places = np.array([[getattr(point, axis) for axis in axes] for point in points])
        known = np.array([point.score >= CERTAIN for point in points], bool)
        current = self._filters.get(key)
        if current is None or current.places.shape != places.shape:
            current = self._filters[key] = _OneEuro(places.shape)
        smooth = current.update(places, known, height, self._stamp_s, self.settings)
        return tuple(
            dataclasses.replace(point, **dict(zip(axes, place, strict=True)))
            for point, place in zip(points, smooth.tolist(), strict=True)
        )


def _height_px(person: Person) -> float:
    """Return the height of the person's box, or of the bounding box of the certain keypoints."""
    if person.box is not None:
        return float(person.box.height)
    rows = [point.y for point in person.keypoints if point.score >= CERTAIN]
    return max(max(rows) - min(rows), 1.0) if rows else 1.0


class MaskSmoother:
    """Reduces the flicker of the mask and the parts of one camera.

    The previous confidence is moved along with the image (DIS optical flow, Kroeger et al. 2016, at a quarter of the
    width and height) and averaged with the new one: strongly where they agree, not at all where they disagree or where
    the flow does not explain the image. A pixel enters or leaves the mask only when the average is 0.1 beyond the
    threshold.
    """

    def __init__(self) -> None:
        self._flow = _create_flow()
        self._gray: Plane | None = None  # the previous image at the size of the flow
        self._memory: Plane | None = None  # (H, W, 3): its confidence, its mask as 0 or 1, and its parts + 1
        self._stamp_s = -math.inf

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != '_flow'}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _flow=_create_flow())  # OpenCV's objects cannot be pickled

    def update(self, image: NDArray[np.uint8], found: Segmentation, threshold: float, stamp_s: float) -> Segmentation:
        """Return the segmentation of the next image with smoothed mask, parts and confidence.

        Args:
            image: (H, W, 3) uint8 BGR.
            found: the segmentation of this image, with confidence. People and their pixels are not changed.
            threshold: of the mask, 0..1.
            stamp_s: when the image was taken, seconds. Smoothing restarts after a gap of more than a second, a jump
                back in time or a change of the image size.

        Raises:
            ImageError: an array has a wrong shape or type, the sizes differ, or `found` has no confidence.
        """
        require_segmentation(image, found)
        if found.confidence is None:
            raise ImageError('smoothing requires the confidence, got None; call segment(..., confidence=True)')
        gray = _small_gray(image)
        current = _pack(found)
        memory = self._recall(gray, current, stamp_s)
        if memory is not None:
            current = _combine(memory, current, threshold)
        self._gray, self._memory, self._stamp_s = gray, current, stamp_s
        parts = None if found.parts is None else current[..., 2].astype(np.int8) + np.int8(BACKGROUND)
        return dataclasses.replace(
            found, mask=current[..., 1] > 0, parts=parts, confidence=np.ascontiguousarray(current[..., 0])
        )

    def _recall(self, gray: Plane, current: Plane, stamp_s: float) -> Plane | None:
        """Return the previous result, moved along with the image; None if there is no usable one."""
        fits = self._memory is not None and self._memory.shape == current.shape and max(current.shape) <= _MAX_SIDE
        if self._memory is None or self._gray is None or not fits or not 0 <= stamp_s - self._stamp_s <= _FORGET_S:
            return None
        moved = cv2.dilate((cv2.absdiff(gray, self._gray) > _SAME_GRAY).view(np.uint8), _NEIGHBOURHOOD)
        if not moved.any() or min(gray.shape) < _MIN_FLOW_SIZE:
            return self._memory
        flow = self._flow.calc(gray, self._gray, None)
        flow[moved == 0] = 0  # what looks the same has not moved; the flow there is noise
        height, width = current.shape[:2]
        memory = cv2.remap(
            self._memory, _targets(flow, height, width), None, cv2.INTER_NEAREST, None, cv2.BORDER_REPLICATE
        )
        expected = cv2.remap(
            self._gray, _targets(flow, *gray.shape), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        other = (cv2.absdiff(expected, gray) > _OTHER_GRAY).astype(np.uint8)
        if other.any():
            cv2.copyTo(current, cv2.resize(other, (width, height), None, 0, 0, cv2.INTER_NEAREST), memory)
        return memory


def _create_flow() -> cv2.DISOpticalFlow:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow.setFinestScale(1)
    return flow


def _small_gray(image: NDArray[np.uint8]) -> Plane:
    """Return the image in grey levels at a quarter of its height and width."""
    size = max(image.shape[1] // _FLOW_SHARE, 1), max(image.shape[0] // _FLOW_SHARE, 1)
    return cv2.cvtColor(cv2.resize(image, size, None, 0, 0, cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)


def _targets(flow: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Return (height, width, 2) float32: the previous x and y of each pixel according to a flow field of any size."""
    rows, columns = flow.shape[:2]
    scaled = flow * np.array([width / columns, height / rows], np.float32)
    targets = scaled if (rows, columns) == (height, width) else cv2.resize(scaled, (width, height))
    targets[..., 0] += np.arange(width, dtype=np.float32)
    targets[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    return targets


def _pack(found: Segmentation) -> Plane:
    """Return (H, W, 3) uint8: confidence, mask as 0 or 1, parts + 1 or, without parts, the mask again."""
    mask = found.mask.view(np.uint8)
    parts = mask if found.parts is None else (found.parts - np.int8(BACKGROUND)).view(np.uint8)
    return cv2.merge([found.confidence, mask, parts])


def _combine(memory: Plane, current: Plane, threshold: float) -> Plane:
    """Average the confidences, decide the mask with hysteresis, and complete the parts from memory."""
    old, was_person, old_parts = cv2.split(memory)
    new, _, new_parts = cv2.split(current)
    rise, fall = cv2.LUT(cv2.subtract(new, old), _STEPS), cv2.LUT(cv2.subtract(old, new), _STEPS)
    confidence = cv2.subtract(cv2.add(old, rise), fall)
    low, high = max(threshold - _HYSTERESIS, 0.0) * 255, (threshold + _HYSTERESIS) * 255
    mask = (confidence > high) | ((confidence > low) & (was_person > 0))
    parts = np.where(new_parts > 0, new_parts, old_parts) * mask
    return cv2.merge([confidence, (parts > 0).view(np.uint8), parts])


def _steps() -> Plane:
    """Return (256,) uint8: the step of the average for each difference of old and new confidence."""
    differences = np.arange(256) / 255
    shares = np.interp(differences, [_AGREE, _DISAGREE], [_AVERAGE_SHARE, 1.0])
    return np.ceil(shares * np.arange(256)).astype(np.uint8)  # at least 1, so that the average converges


_STEPS = _steps()
