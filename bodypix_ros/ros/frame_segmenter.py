# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the model on the frames of a batch: for the outputs in general, and for the anonymised image."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..anonymizer import SEARCH_SETTINGS
from ..errors import describe_error
from ..rotation import rotate_back, rotate_image
from ..segmentation import Segmentation, Timings
from ..segmenter import Segmenter
from ..settings import SegmentSettings
from .camera import CameraFrame, Wanted
from .outputs import Need
from .parameters import Parameters

_LOG = logging.getLogger(__name__)
_RETRY_S = 10.0

T = TypeVar('T')


@dataclass(frozen=True, eq=False)
class Job:
    """A frame that was converted: its image, (H, W, 3) uint8 BGR, what is wanted of it, and its times so far."""

    frame: CameraFrame
    image: NDArray[np.uint8]
    wanted: Wanted
    receive_ms: float
    wait_ms: float


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in a frame.

    Attributes:
        shown: with the parameters of the node; None if only the anonymised image is wanted.
        searched: with the settings that miss as few people as possible, for the anonymised image; None if it is not
            wanted, or if this failed.
    """

    shown: Segmentation | None
    searched: Segmentation | None

    @property
    def timings(self) -> Timings:
        """The time of both together."""
        if self.shown is not None and self.searched is not None:
            return self.shown.timings + self.searched.timings
        one = self.shown or self.searched
        return Timings() if one is None else one.timings


class OptionalResult:
    """An optional result: frames are also published without it; if it fails, it is left out for some seconds.

    Attributes:
        error: why it is currently missing; empty if it is not.
    """

    def __init__(self, name: str) -> None:
        """Start without errors; `name` is for the log."""
        self.error = ''
        self._name, self._retry_s = name, 0.0

    def run(self, attempt: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Return `attempt()`, or `otherwise()` if it fails or failed a short time ago.

        Raises:
            Exception: raised by `otherwise`: the failure is not specific to this result, and is not kept.
        """
        if time.monotonic() < self._retry_s:
            return otherwise()
        try:
            found = attempt()
        except Exception as error:
            failed = error
        else:
            self.error = ''
            return found
        found = otherwise()
        self.error, self._retry_s = describe_error(failed), time.monotonic() + _RETRY_S
        _LOG.debug('finding %s', self._name, exc_info=failed)
        return found


class FrameSegmenter:
    """Segments frames as their outputs require.

    Attributes:
        people: whether people are found; masks and parts are published without them.
        hands: whether hands are found if they are requested; everything else is published without them.
        search: whether people are found for the anonymised image.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        """Use a loaded model."""
        self.people, self.hands = OptionalResult('people'), OptionalResult('hands')
        self.search = OptionalResult('people to anonymise')
        self._segmenter = segmenter

    @property
    def runs_batches(self) -> bool:
        """Whether several frames take less time together than one by one.

        A CPU runs images one by one; as a batch, the first result would wait for the last. It also takes the place of a
        GPU that turns out to be wrong.
        """
        return self._segmenter.provider != 'cpu'

    def segment(self, jobs: Sequence[Job], parameters: Parameters) -> list[Found]:
        """Segment the images of frames with one or two settings: see `Found`.

        Args:
            jobs: frames of different cameras.
            parameters: of the node.

        Raises: see `Segmenter.segment_batch`.
        """
        anonymized = [job for job in jobs if 'anonymized' in job.wanted.needs]
        with self._segmenter.run_once() if anonymized else nullcontext():
            shown = iter(self._show([job for job in jobs if job.wanted.shown], parameters))
            searched = iter(self._search(anonymized, parameters.node.rotate))
        return [
            Found(next(shown) if job.wanted.shown else None, next(searched) if job in anonymized else None)
            for job in jobs
        ]

    def _show(self, jobs: Sequence[Job], parameters: Parameters) -> list[Segmentation]:
        """Segment frames with the parameters of the node, without people if they cannot be found."""
        if not jobs:
            return []
        if any('people' in job.wanted.needs for job in jobs):
            return self.people.run(
                lambda: self._show_hands(jobs, parameters, people=True),
                lambda: self._show_hands(jobs, parameters, people=False),
            )
        return self._show_hands(jobs, parameters, people=False)

    def _show_hands(self, jobs: Sequence[Job], parameters: Parameters, people: bool) -> list[Segmentation]:
        """Segment frames, without hands if they cannot be found, for example without the files of their networks."""
        settings, needs = parameters.segment, frozenset[Need]().union(*(job.wanted.needs for job in jobs))

        def run(settings: SegmentSettings) -> list[Segmentation]:
            return self._run(
                jobs,
                settings,
                parameters.node.rotate,
                parts=not needs.isdisjoint(('parts', 'parts_if_any')),
                people=people,
                confidence='confidence' in needs,
                states=[job.frame.camera.history.video for job in jobs],
            )

        if settings.hands:
            return self.hands.run(lambda: run(settings), lambda: run(settings.changed({'hands': False})))
        self.hands.error = ''
        return run(settings)

    def _search(self, jobs: Sequence[Job], rotate: int) -> Sequence[Segmentation | None]:
        """Search each image for people as if it were a single picture; None if that fails.

        The parameters of the node are meant for the other outputs, and would miss more people. No state is passed,
        because a model that follows people from image to image finds new ones late.
        """
        if not jobs:
            return []
        return self.search.run(
            lambda: self._run(jobs, SEARCH_SETTINGS, rotate, people=True, confidence=True), lambda: [None] * len(jobs)
        )

    def _run(self, jobs: Sequence[Job], settings: SegmentSettings, rotate: int, **request: Any) -> list[Segmentation]:
        """Segment the upright images of frames; `request` is what else `Segmenter.segment_batch` takes."""
        images = [job.image for job in jobs]
        if not rotate:
            return self._segmenter.segment_batch(images, settings, **request)
        found = self._segmenter.segment_batch([rotate_image(image, rotate) for image in images], settings, **request)
        return [rotate_back(one, rotate) for one in found]
