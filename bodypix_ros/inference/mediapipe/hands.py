# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's hands: palms are detected in regions of an image, then 21 landmarks of each hand are estimated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...models.mediapipe.catalogue import find_model
from ...regions import RotatedRegion
from ..numpy_kernels import Image
from .regions import crop, network_input, project, upright_angle
from .session import Session
from .ssd import Detections, Detector

Floats = NDArray[np.float32]

_HAND_LANDMARKS = find_model('hand_landmarks')
_HAND_SIDE = _HAND_LANDMARKS.size[0]
_WRIST, _MIDDLE_FINGER = 0, 2  # alignment points of a palm: its base and the base of the middle finger
_REGION_SCALE = 2.6  # of the palm's box
_REGION_SHIFT = -0.5  # towards the fingers, as a fraction of the palm's height
_PALM_JOINTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)  # landmarks that the region of the next image encloses
_NEXT_SCALE, _NEXT_SHIFT = 2.0, -0.1  # of the box around these landmarks
_MIN_SCORE = 0.5  # MediaPipe's default min_detection_confidence and min_tracking_confidence
_DEPTH_SCALE = 0.4  # normalize_z in MediaPipe's graph


@dataclass(frozen=True, eq=False)
class Palm:
    """A detected palm.

    Attributes:
        score: 0..1.
        wrist: x and y of its base, pixels of the image.
        region: of the whole hand, with the fingers pointing up.
    """

    score: float
    wrist: tuple[float, float]
    region: RotatedRegion


@dataclass(frozen=True, eq=False)
class FoundHand:
    """The landmarks of one hand.

    Attributes:
        score: probability that the region shows a hand, 0..1.
        right: probability that it is a right hand, for an image that is not mirrored, 0..1.
        points: (21, 3) float32 in the order of `HAND_KEYPOINTS`: x and y in pixels of the image, and the distance
            behind the wrist (negative: in front of it), in pixels like x.
    """

    score: float
    right: float
    points: Floats

    @property
    def wrist(self) -> tuple[float, float]:
        """Its x and y, pixels of the image."""
        x, y, _ = self.points[0].tolist()
        return x, y

    def next_region(self) -> RotatedRegion:
        """Return where the hand is expected in the next image of a video.

        Source: HandLandmarksToRectCalculator and the graph HandLandmarkLandmarksToRoi of MediaPipe.
        """
        places = self.points[:, :2].astype(np.float64)
        angle = upright_angle(places[0].tolist(), (places[[5, 13]].mean(0) / 2 + places[9] / 2).tolist())
        axes = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        joints = places[list(_PALM_JOINTS)] @ axes.T
        width, height = np.ptp(joints, axis=0).clip(1e-3).tolist()
        x, y = ((joints.min(0) + joints.max(0)) / 2 @ axes).tolist()
        region = RotatedRegion(x, y, height, angle).shifted(0, _NEXT_SHIFT)
        return replace(region, size=max(width, height) * _NEXT_SCALE)


class HandFinder:
    """Runs the palm detection and the landmark network. Thread-safe if its sessions are."""

    def __init__(self, palm_detection: Session, hand_landmarks: Session) -> None:
        """Use the sessions of the networks with these names."""
        self._palms = Detector(palm_detection, 'palm_detection', (8, 16, 16, 16))
        self._hand_landmarks = hand_landmarks

    def detect(self, image: Image, regions: Sequence[RotatedRegion]) -> list[Palm]:
        """Find palms.

        Args:
            image: (H, W, 3) uint8 BGR.
            regions: upright regions in which palms are searched for; palms of about a fifth of the size of a region
                are detected best. MediaPipe searches in `whole_image`.

        Returns:
            The palms of all regions, overlapping ones merged, best first.

        Source: the graphs PalmDetectionCpu and PalmDetectionDetectionToRoi of MediaPipe.
        """
        if not regions:
            return []
        palms = self._palms.find(image, regions)
        return [_palm(palms, index) for index in range(len(palms))]

    def find(self, image: Image, regions: Sequence[RotatedRegion]) -> list[FoundHand | None]:
        """Estimate the landmarks of the hand in each region; None where the region does not show a hand.

        Args:
            image: (H, W, 3) uint8 BGR.
            regions: of hands, with the fingers pointing up, see `Palm.region`.

        Source: the graph HandLandmarkCpu of MediaPipe.
        """
        if not regions:
            return []
        crops = [crop(image, region, _HAND_SIDE) for region in regions]
        outputs = self._hand_landmarks.run(network_input(crops, *_HAND_LANDMARKS.input_range))
        return [_hand(outputs, index, region) for index, region in enumerate(regions)]


def _palm(found: Detections, index: int) -> Palm:
    left, top, right, bottom = found.boxes[index].tolist()
    wrist, middle_finger = found.points[index, [_WRIST, _MIDDLE_FINGER]].tolist()
    box = RotatedRegion(
        (left + right) / 2, (top + bottom) / 2, max(bottom - top, 1e-3), upright_angle(wrist, middle_finger)
    )
    region = replace(box.shifted(0, _REGION_SHIFT), size=max(right - left, box.size) * _REGION_SCALE)
    return Palm(float(found.scores[index]), (wrist[0], wrist[1]), region)


def _hand(outputs: dict[str, Floats], index: int, region: RotatedRegion) -> FoundHand | None:
    score = float(outputs['presence'][index, 0])
    if not score > _MIN_SCORE:
        return None
    points = outputs['landmarks'][index].reshape(-1, 3)
    places = project(points[:, :2], region, _HAND_SIDE)
    depths = points[:, 2:] * np.float32(region.size / _HAND_SIDE / _DEPTH_SCALE)
    # MediaPipe expects mirrored images, like those of a selfie camera; without mirroring it calls right hands left.
    return FoundHand(score, float(outputs['handedness'][index, 0]), np.hstack([places, depths]).astype(np.float32))
