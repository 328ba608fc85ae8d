# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Searches an anonymised recording for faces that may be visible, with other networks and at other scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..head_boxes import HeadBox, find_heads, join_overlapping
from ..inference.mediapipe.faces import FaceDetector
from ..inference.mediapipe.session import open_session
from ..models.mediapipe.source import load_onnx
from ..models.network import BODYPIX, OWN
from ..regions import Box
from ..segmenter import Segmenter, load
from ..settings import BODYPIX_ONLY, NetworkSettings, SegmentSettings

Image = NDArray[np.uint8]

_RESOLUTION = 897
"""Longer side of the input of bodypix_ros, pixels: twice the size that is usual when images are anonymised."""

# Chosen with the marked faces of test/data/faces: uncovered faces have a flatness of 0.2 (median; 95 % are below 0.47),
# covered ones of 0.8 to 1 (99 % are above 0.7), or above 0.35 if the image was then compressed as JPEG.
_DETAIL_SIDE = 32
_SAME_GRAY = 2
_COVERED_FLATNESS = 0.5

_MIN_FACE_PX = 8
"""Smaller faces are not recognisable."""


class Finder(Protocol):
    """Something that finds faces or heads in an image."""

    @property
    def name(self) -> str:
        """What it is, for the report."""

    def find(self, image: Image) -> list[HeadBox]:
        """Return faces or heads in an (H, W, 3) uint8 BGR image, covered ones included."""


class NetworkFinder:
    """Finds heads with a segmentation network, in the mirrored image."""

    def __init__(self, net: Segmenter) -> None:
        """Use a loaded network."""
        self._net = net
        self._settings = SegmentSettings(flip_horizontal=True)

    @property
    def name(self) -> str:
        """See `Finder.name`."""
        return f'{self._net.network.name} at {self._net.settings.internal_resolution}, mirrored'

    def find(self, image: Image) -> list[HeadBox]:
        """See `Finder.find`."""
        return find_heads(self._net.segment(image, self._settings, people=True), self._net.settings.part_ids)


class DetectorFinder:
    """Finds faces with MediaPipe's detector, in the whole image and in tiles."""

    name = "MediaPipe's face detection, 3 tiles per side"

    def __init__(self, detector: FaceDetector) -> None:
        """Use a loaded detector."""
        self._detector = detector

    def find(self, image: Image) -> list[HeadBox]:
        """See `Finder.find`."""
        return [
            HeadBox(left, top, right - left, bottom - top)
            for left, top, right, bottom in self._detector.find(image).tolist()
        ]


class RemainingFace(NamedTuple):
    """A face that may be visible: its box, and what found it."""

    box: Box
    finder: str


def open_finders(settings: NetworkSettings, given: Sequence[str] = ()) -> tuple[list[Finder], list[str]]:
    """Open every finder for which there are weights.

    Args:
        settings: provider, cache and download; those of BodyPix also determine the weights of BodyPix.
        given: names of the settings that were given explicitly. If one that only BodyPix has is among them, the
            weights of BodyPix are required.

    Returns:
        The finders, and why others are not available.

    Raises:
        ModelError: BodyPix is required, but its weights are missing.
    """
    own = settings.changed({'model': OWN, 'internal_resolution': _RESOLUTION})
    finders: list[Finder] = [NetworkFinder(load(own, given=()))]
    missing = []
    try:
        finders.append(NetworkFinder(load(settings.changed({'model': BODYPIX}))))
    except ModelError as error:
        if set(given) & set(BODYPIX_ONLY):
            raise
        missing.append(f'BodyPix: {error}')
    try:
        detector = open_session('face_detection', load_onnx('face_detection', settings), settings)
        finders.append(DetectorFinder(FaceDetector(detector)))
    except ModelError as error:
        missing.append(f"MediaPipe's face detection: {error}")
    return finders, missing


def find_remaining_faces(image: Image, finders: Sequence[Finder]) -> list[RemainingFace]:
    """Return the faces and heads in an image that are not covered.

    Args:
        image: (H, W, 3) uint8 BGR.
        finders: as returned by `open_finders`.
    """
    remaining: list[RemainingFace] = []
    height, width = image.shape[:2]
    for finder in finders:
        boxes = [one.inside(height, width) for one in join_overlapping(finder.find(image))]
        remaining += [
            RemainingFace(box, finder.name)
            for box in boxes
            if box is not None and max(box.width, box.height) >= _MIN_FACE_PX and is_visible(image, box)
        ]
    return remaining


def is_visible(image: Image, box: Box) -> bool:
    """Return whether a region shows details, in contrast to regions that were blurred, pixelated or filled.

    At a size of 32 pixels, most neighbouring pixels of a pixelated or filled region are equal, and a blurred region
    changes evenly.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: region inside the image.
    """
    x, y, width, height = box
    scale = min(1.0, _DETAIL_SIDE / max(width, height))
    size = max(4, round(width * scale)), max(4, round(height * scale))
    region = cv2.cvtColor(image[y : y + height, x : x + width], cv2.COLOR_BGR2GRAY)
    gray = cv2.resize(region, size, interpolation=cv2.INTER_AREA).astype(np.int16)
    return max(_flatness(gray, 1), _flatness(gray, 2)) < _COVERED_FLATNESS


def _flatness(gray: NDArray[Any], order: int) -> float:
    """Return the fraction of pixels with almost no difference of this order, in the direction with more of them."""
    return min(float((np.abs(np.diff(gray, order, axis=axis)) <= _SAME_GRAY).mean()) for axis in (0, 1))
