# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pipelines, which convert images to segmentations with one model: the interface that all models share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ..models.network import Model
from ..segmentation import Segmentation, VideoState
from ..settings import SegmentSettings
from .engine import Runner
from .numpy_kernels import Image


@dataclass(frozen=True)
class Request:
    """What is computed for each image, in addition to the mask.

    Attributes:
        parts: body parts, if the model has them.
        people: people, their poses and pixels.
        confidence: the probability of each pixel.
    """

    parts: bool = True
    people: bool = False
    confidence: bool = False


class Pipeline(Protocol):
    """Converts images to segmentations with one model. Not thread-safe."""

    @property
    def network(self) -> Model:
        """The model."""

    @property
    def has_parts(self) -> bool:
        """Whether the model labels body parts."""

    @property
    def runner(self) -> Runner:
        """The engine or session of the model, or of its main network; it names the provider and the reason for it."""

    def run_once(self) -> AbstractContextManager[None]:
        """See `Segmenter.run_once`."""

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width of the network input for an image of a size, pixels."""

    def segment(
        self,
        images: Sequence[Image],
        settings: SegmentSettings,
        request: Request,
        states: Sequence[VideoState | None],
    ) -> list[Segmentation]:
        """Segment several images.

        Args:
            images: (H, W, 3) uint8 BGR each; sizes may differ.
            settings: all but `flip_horizontal`.
            request: what is computed.
            states: of the camera of each image, updated; None for a single picture.

        Returns:
            One result per image, in the same order.

        Raises:
            ModelError: people were requested of a model that cannot separate them.
        """

    def prepare(self, height: int, width: int, count: int, settings: SegmentSettings, request: Request) -> None:
        """Prepare for batches of `count` images of a size, so that the first ones are not delayed."""

    def warm_up(self) -> None:
        """Run what is open once, so that compilation and first allocations do not delay the first image."""
