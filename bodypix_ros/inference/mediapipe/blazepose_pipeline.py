# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pipeline of BlazePose: 33 keypoints in 2-D and 3-D and masks, of one person or of several."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from ...models.mediapipe.source import load_networks
from ...models.network import Model
from ...models.progress import Progress
from ...people import Pose
from ...regions import RotatedRegion
from ...segmentation import Segmentation, Timings, VideoState
from ...settings import NetworkSettings, SegmentSettings
from ..bodypix_pipeline import PeopleFinder, noise
from ..kernels import shared_kernels
from ..numpy_kernels import Image
from ..pipeline import Request
from .blazepose import BlazePose, BlazePosePerson
from .person_masks import segment_persons
from .pose_landmarks import LANDMARKER
from .pose_regions import distinct_people, is_same_person, region_of_pose
from .regions import whole_image
from .session import LazySession, open_session

SEARCH_PERIOD = 10
"""Images of a video after which people who are not tracked yet are searched for in the whole image."""

_SMALLER = 0.7
"""Factor for the second attempt if BlazePose finds nobody in a region: the size of invisible parts is uncertain."""

_CANDIDATE_SCORE = 0.25
"""Minimum score of a pose of our network; whether there is a person is decided by BlazePose."""


class BlazePosePipeline:
    """The `Pipeline` of the models blazepose_lite, blazepose_full and blazepose_heavy.

    With `max_people` 1, people are found by MediaPipe's detector, which is intended for one person who is close to the
    camera; otherwise by our own network, which is opened at its first use.
    """

    has_parts = False

    def __init__(self, settings: NetworkSettings, progress: Progress) -> None:
        """Open the landmark network; the networks that find people are opened when they are needed.

        Args:
            settings: the model, and its provider; also those of the networks that find people.
            progress: called with the progress of downloading and building.

        Raises:
            SettingError: precision is int8.
            ModelError: the weights are missing and must not be downloaded.
            ProviderError: a GPU is required and does not run the networks.
        """
        self.network = Model(f'MediaPipe BlazePose {settings.model.removeprefix("blazepose_")}', settings.model)
        networks = load_networks(settings.model, settings, progress)
        detection, landmarks = networks
        detector = LazySession(partial(open_session, detection, networks[detection], settings))
        self.runner = open_session(landmarks, networks[landmarks], settings)
        self._blazepose = BlazePose(detector, self.runner)
        self._finder = PeopleFinder(settings)
        self._kernels = settings.kernels

    def run_once(self) -> AbstractContextManager[None]:
        """See `Pipeline.run_once`; has no effect."""
        return nullcontext()

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """See `Pipeline.input_size`; that of the landmark network."""
        return LANDMARKER.size

    def prepare(self, height: int, width: int, count: int, settings: SegmentSettings, request: Request) -> None:
        """See `Pipeline.prepare`; only the network that finds people depends on the size of the images."""
        if settings.max_people > 1:
            self._finder.prepare(height, width, count, settings)
        if settings.refine:
            shared_kernels(self._kernels)

    def warm_up(self) -> None:
        """See `Pipeline.warm_up`; it runs the landmark network, but does not open those that find people."""
        image = noise()
        self._blazepose.find(image, [whole_image(*image.shape[:2])])

    def segment(
        self,
        images: Sequence[Image],
        settings: SegmentSettings,
        request: Request,
        states: Sequence[VideoState | None],
    ) -> list[Segmentation]:
        """See `Pipeline.segment`; with a state, people are searched for where they were in the previous image."""
        return [self._segment_one(image, settings, request, state) for image, state in zip(images, states, strict=True)]

    def _segment_one(
        self, image: Image, settings: SegmentSettings, request: Request, state: VideoState | None
    ) -> Segmentation:
        started_s = time.perf_counter()
        tracked, others = self._regions(image, settings, state)
        people = self._find(image, tracked, others)[: settings.max_people]
        if state is not None:
            state.regions = [person.region for person in people if person.region is not None]
        people = [person for person in people if person.score >= settings.score_threshold]
        inferred_s = time.perf_counter()
        poses = [Pose(person.score, person.keypoints, person.world_keypoints) for person in people]
        found = segment_persons(people, poses, image, settings, request, 'blazepose33', self._kernels)
        timings = Timings(  # the networks that find people and their crops are part of the inference
            inference_ms=(inferred_s - started_s) * 1e3, postprocess_ms=(time.perf_counter() - inferred_s) * 1e3
        )
        return dataclasses.replace(found, timings=timings)

    def _find(
        self, image: Image, tracked: Sequence[RotatedRegion], others: Sequence[RotatedRegion]
    ) -> list[BlazePosePerson]:
        """Run BlazePose on regions of the previous image and on others, whose size is less certain."""
        people = self._blazepose.find(image, [*tracked, *others])
        found = [person.mask_region for person in people]
        smaller = [region.scaled(_SMALLER) for region in others if region not in found]
        people += self._blazepose.find(image, smaller)
        return distinct_people(people)

    def _regions(
        self, image: Image, settings: SegmentSettings, state: VideoState | None
    ) -> tuple[list[RotatedRegion], list[RotatedRegion]]:
        """Return the regions of the previous image, and others if it is time to search for people."""
        if state is None:
            return [], self._search(image, settings)
        size = image.shape[0], image.shape[1]
        tracked = state.regions[: settings.max_people] if state.size == size else []
        state.size, state.images = size, state.images + 1
        if tracked and (len(tracked) == settings.max_people or state.images < SEARCH_PERIOD):
            return tracked, []
        state.images = 0
        others = [one for one in self._search(image, settings) if not any(is_same_person(one, two) for two in tracked)]
        return tracked, others

    def _search(self, image: Image, settings: SegmentSettings) -> list[RotatedRegion]:
        """Find people in the whole image."""
        if settings.max_people == 1:
            return self._blazepose.detect(image)[:1]
        candidates = settings.changed({'score_threshold': min(settings.score_threshold, _CANDIDATE_SCORE)})
        (found,) = self._finder.find([image], candidates)
        assert found.people is not None
        poses = [pose for pose in found.people.poses if pose.score >= candidates.score_threshold]
        return [region for pose in poses if (region := region_of_pose(pose)) is not None]
