# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BlazePose: 33 keypoints in pixels and in metres and a mask of each person, as MediaPipe Pose computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...parts import BLAZEPOSE_KEYPOINTS
from ...people import Keypoint
from ...regions import RotatedRegion
from ..numpy_kernels import Image
from . import regions as region_geometry
from .pose_landmarks import LANDMARKER, LANDMARKS, SIDE, PoseLandmarks, decode_landmarks
from .regions import network_input, project, upright_angle, whole_image
from .session import LazySession, Session
from .ssd import Detector

Floats = NDArray[np.float32]

_REGION_SCALE = 1.25  # of the circle around the whole body
_MIN_SCORE = 0.5  # MediaPipe's default min_detection_confidence and min_tracking_confidence


@dataclass(frozen=True, eq=False)
class BlazePosePerson:
    """One person.

    Attributes:
        score: probability that the crop shows a person, more than 0.5.
        keypoints: the 33 of `BLAZEPOSE_KEYPOINTS` in pixels of the image; their score is the visibility.
        world_keypoints: the same in metres with the origin midway between the hips, in the axes of the image.
        mask: (256, 256) float32, probability of this person in `mask_region`, 0..1.
        mask_region: the region in which the person was found.
        region: where to search for the person in the next image; None if it cannot be determined.
    """

    score: float
    keypoints: tuple[Keypoint, ...]
    world_keypoints: tuple[Keypoint, ...]
    mask: Floats
    mask_region: RotatedRegion
    region: RotatedRegion | None

    def paste_mask(self, canvas: Floats) -> None:
        """Draw the mask into an (H, W) float32 mask of the image; the larger of two probabilities remains."""
        region_geometry.paste_mask(self.mask, self.mask_region, canvas)


class BlazePose:
    """Finds people with the detector, and estimates the pose and the mask of the person in a region.

    MediaPipe estimates one person, of the first detection; here all regions are one batch of the landmark network.
    """

    def __init__(self, detector: Session | LazySession, landmarker: Session) -> None:
        """Create the pipeline.

        Args:
            detector: 'pose_detection'.
            landmarker: 'pose_landmarks_lite', 'pose_landmarks_full' or 'pose_landmarks_heavy'.
        """
        self._detector = Detector(detector, 'pose_detection', (8, 16, 32, 32, 32))
        self._landmarker = landmarker

    def detect(self, image: Image) -> list[RotatedRegion]:
        """Find people with the detector, which is intended for one person who is close to the camera.

        Args:
            image: (H, W, 3) uint8 BGR.

        Returns:
            A region around each person, best detection first.

        Source: the graphs PoseDetectionCpu and PoseDetectionToRoi of MediaPipe.
        """
        found = self._detector.find(image, [whole_image(*image.shape[:2])])
        regions = [region_around(center, edge) for center, edge in found.points[:, :2].tolist()]
        return [region for region in regions if region is not None]

    def find(self, image: Image, regions: Sequence[RotatedRegion]) -> list[BlazePosePerson]:
        """Estimate the pose and the mask of the person in each region.

        Args:
            image: (H, W, 3) uint8 BGR.
            regions: of the people, such as those of `detect`.

        Returns:
            The people in the order of the regions. Regions without a person are omitted: a person's `mask_region`
            is the region that was given.

        Source: the graph PoseLandmarkByRoiCpu of MediaPipe.
        """
        if not regions:
            return []
        crops = [region_geometry.crop(image, region, SIDE) for region in regions]
        found = decode_landmarks(self._landmarker.run(network_input(crops, *LANDMARKER.input_range)))
        return [
            _person(found, index, region) for index, region in enumerate(regions) if found.scores[index] > _MIN_SCORE
        ]


def region_around(center: Sequence[float], edge: Sequence[float]) -> RotatedRegion | None:
    """Return the region of a person.

    Args:
        center: x and y of the midpoint of the hips, pixels.
        edge: x and y of a point above the head (in the direction of the body) at the radius of the circle around the
            whole body, pixels.

    Returns:
        The upright person's region, rotated with the body; None if the points are equal or not finite.

    Source: AlignmentPointsRectsCalculator and RectTransformationCalculator of MediaPipe.
    """
    radius = math.dist(center, edge)
    if not math.isfinite(radius) or radius == 0:
        return None
    return RotatedRegion(center[0], center[1], 2 * radius * _REGION_SCALE, upright_angle(center, edge))


def _person(found: PoseLandmarks, index: int, region: RotatedRegion) -> BlazePosePerson:
    """Return the person of one crop, in the coordinates of the image."""
    places = project(found.points[index, :, :2], region, SIDE)
    depths = found.points[index, :, 2] * (region.size / SIDE)
    cos, sin = math.cos(region.angle), math.sin(region.angle)
    world = found.world[index] @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], np.float32)
    scores = np.stack([found.visibility[index], found.presence[index]], axis=1)
    center, edge = places[LANDMARKS : LANDMARKS + 2].tolist()
    return BlazePosePerson(
        score=float(found.scores[index]),
        keypoints=_keypoints(np.column_stack([places, depths, scores])),
        world_keypoints=_keypoints(np.column_stack([world, scores])),
        mask=found.masks[index],
        mask_region=region,
        region=region_around(center, edge),
    )


def _keypoints(values: Floats) -> tuple[Keypoint, ...]:
    """Return the named keypoints of rows of x, y, z, visibility and presence; additional rows are ignored."""
    return tuple(
        Keypoint(name, x, y, visibility, z, presence)
        for name, (x, y, z, visibility, presence) in zip(BLAZEPOSE_KEYPOINTS, values.tolist(), strict=False)
    )
