# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's selfie segmentation: masks of people, of the whole image or of each person's surroundings."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...models.mediapipe.catalogue import find_model
from ...models.mediapipe.source import load_onnx
from ...models.network import Model
from ...models.progress import Progress
from ...people import Pose
from ...regions import Box
from ...segmentation import Segmentation, Timings, VideoState
from ...settings import NetworkSettings, SegmentSettings
from ..bodypix_pipeline import PeopleFinder, noise
from ..kernels import shared_kernels
from ..numpy_kernels import Image
from ..pipeline import Request
from .person_masks import Probability, segment_persons
from .regions import network_input
from .session import open_session

_MARGIN = 0.1
"""Width of the surroundings of a person in a crop, in sides of the person's box; measured, see docs/models.md."""

_MIN_AREA = 0.005
"""Smallest region without a pose that is cropped, as a fraction of the image."""


class SelfiePipeline:
    """The `Pipeline` of the models selfie_general and selfie_landscape."""

    has_parts = False

    def __init__(self, settings: NetworkSettings, progress: Progress) -> None:
        """Open the network; the one that finds people is opened when `selfie_crop` is first 'people'.

        Args:
            settings: the model, and its provider; also those of the network that finds people.
            progress: called with the progress of downloading and building.

        Raises:
            SettingError: precision is int8.
            ModelError: the weights are missing and must not be downloaded.
            ProviderError: a GPU is required and does not run the network.
        """
        known = find_model(settings.model)
        self.network = Model(f'MediaPipe {known.name}', known.name)
        self._size, self._range = known.size, known.input_range
        self.runner = open_session(known.name, load_onnx(known.name, settings, progress), settings)
        self._finder = PeopleFinder(settings)
        self._kernels = settings.kernels

    def run_once(self) -> AbstractContextManager[None]:
        """See `Pipeline.run_once`; has no effect."""
        return nullcontext()

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """See `Pipeline.input_size`; the same for all images."""
        return self._size

    def prepare(self, height: int, width: int, count: int, settings: SegmentSettings, request: Request) -> None:
        """See `Pipeline.prepare`; only the network that finds people depends on the size of the images."""
        if settings.selfie_crop == 'people':
            self._finder.prepare(height, width, count, settings)
        if settings.refine:
            shared_kernels(self._kernels)

    def warm_up(self) -> None:
        """See `Pipeline.warm_up`."""
        self.segment([noise()], SegmentSettings(), Request(), [None])

    def segment(
        self,
        images: Sequence[Image],
        settings: SegmentSettings,
        request: Request,
        states: Sequence[VideoState | None],
    ) -> list[Segmentation]:
        """See `Pipeline.segment`; nothing is carried from one image to the next.

        Raises:
            ModelError: people were requested, but `selfie_crop` is 'picture'.
        """
        if settings.selfie_crop == 'people':
            return self._segment_people(images, settings, request)
        if request.people:
            raise ModelError(
                f'{self.network.model} does not separate people: set selfie_crop to people, or model to bodypix_ros'
            )
        return [
            self._segment_crops(image, [Crop(0, 0, image.shape[1], image.shape[0])], [], settings, request)
            for image in images
        ]

    def _segment_people(
        self, images: Sequence[Image], settings: SegmentSettings, request: Request
    ) -> list[Segmentation]:
        found = self._finder.find(images, settings)
        return [self._segment_persons(image, one, settings, request) for image, one in zip(images, found, strict=True)]

    def _segment_persons(
        self, image: Image, found: Segmentation, settings: SegmentSettings, request: Request
    ) -> Segmentation:
        """Segment the surroundings of each person, and of other pixels that our network takes for people."""
        assert found.people is not None
        persons = [person for person in found.people.persons if person.box is not None]
        boxes = [person.box for person in persons if person.box is not None]
        others = _regions(found.mask & (found.people.labels == 0))
        crops, poses = [_crop_around(box) for box in [*boxes, *others]], [person.pose for person in persons]
        if not crops:
            nobody = segment_persons([], [], image, settings, request, 'coco17', self._kernels)
            return dataclasses.replace(nobody, timings=found.timings)
        one = self._segment_crops(image, crops, poses, settings, request)
        return dataclasses.replace(one, timings=found.timings + one.timings)

    def _segment_crops(
        self, image: Image, crops: Sequence[Crop], poses: Sequence[Pose], settings: SegmentSettings, request: Request
    ) -> Segmentation:
        """Run the network on parts of an image, first those of the people of `poses`, and combine their masks."""
        started_s = time.perf_counter()
        inputs = network_input([_resize(image, crop, self._size) for crop in crops], *self._range)
        preprocessed_s = time.perf_counter()
        masks = self.runner.run(inputs)['mask'][:, 0]
        inferred_s = time.perf_counter()
        crop_masks = [CropMask(mask, crop) for mask, crop in zip(masks, crops, strict=True)]
        found = segment_persons(crop_masks, poses, image, settings, request, 'coco17', self._kernels)
        timings = Timings(
            (preprocessed_s - started_s) * 1e3,
            (inferred_s - preprocessed_s) * 1e3,
            (time.perf_counter() - inferred_s) * 1e3,
        )
        return dataclasses.replace(found, timings=timings)


class Crop(NamedTuple):
    """An upright rectangle of an image, pixels; it may extend beyond the image."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class CropMask:
    """The mask of a crop: (h, w) float32, 0..1."""

    mask: Probability
    crop: Crop

    def paste_mask(self, canvas: Probability) -> None:
        """See `PersonMask.paste_mask`; resized bilinearly, with replicated borders."""
        crop = self.crop
        height, width = canvas.shape
        left, top = max(math.floor(crop.left), 0), max(math.floor(crop.top), 0)
        right, bottom = min(math.ceil(crop.left + crop.width), width), min(math.ceil(crop.top + crop.height), height)
        if left >= right or top >= bottom:
            return
        scale_x, scale_y = self.mask.shape[1] / crop.width, self.mask.shape[0] / crop.height
        to_mask = np.array(
            [
                [scale_x, 0, (left - crop.left + 0.5) * scale_x - 0.5],
                [0, scale_y, (top - crop.top + 0.5) * scale_y - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = right - left, bottom - top
        pasted = cv2.warpAffine(self.mask, to_mask, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        part = canvas[top:bottom, left:right]
        np.maximum(part, pasted, out=part)


def _crop_around(box: Box) -> Crop:
    """Return a box with the surroundings of a person; the network expects people distorted to its own aspect ratio."""
    x, y, width, height = box
    return Crop(x - _MARGIN * width, y - _MARGIN * height, width * (1 + 2 * _MARGIN), height * (1 + 2 * _MARGIN))


def _regions(mask: NDArray[np.bool_]) -> list[Box]:
    """Return the bounding boxes of the larger connected regions of a mask."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    return [Box(*map(int, box)) for *box, area_px in stats[1:] if area_px >= _MIN_AREA * mask.size]


def _resize(image: Image, crop: Crop, size: tuple[int, int]) -> Image:
    """Return a crop as (h, w, 3) uint8 of `size`, resized bilinearly; beyond the image, its border is replicated.

    Pixel (0, 0) of the result is that at the corner of the crop, not half a pixel inside: this is how MediaPipe crops,
    and its masks differ visibly otherwise.
    """
    height, width = size
    to_image = np.array([[crop.width / width, 0, crop.left], [0, crop.height / height, crop.top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, to_image, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
