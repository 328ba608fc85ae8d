# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pipeline of BodyPix and of our own network, which has the same heads."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from ..models.network import OWN, Network, load_network
from ..parts import renumbering
from ..refine import refine_segmentation
from ..segmentation import Segmentation, VideoState
from ..settings import NetworkSettings, SegmentSettings
from .engine import CpuEngine, Decoded, Engine, network_geometry
from .geometry import Geometry, sampled_geometry
from .kernels import shared_kernels
from .numpy_kernels import Confidence, Image
from .people.find_people import find_people
from .pipeline import Request
from .providers import SAMPLE_SIZE, open_engine

_PEOPLE = Request(parts=False, people=True)


class BodyPixPipeline:
    """The `Pipeline` of the models bodypix and bodypix_ros."""

    has_parts = True

    def __init__(self, network: Network, settings: NetworkSettings) -> None:
        """Open a network.

        Args:
            network: if it does not have the heads that separate people, these are loaded when people are first
                requested.
            settings: the provider and its options, the resolution and the numbering of parts.

        Raises:
            ProviderError: a GPU is required and does not run the network.
        """
        self.network, self._settings = network, settings
        self.runner = self._open(network)
        self._people_engine = self.runner if 'long_offsets' in network.heads else None
        self._all_heads = False

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """See `Pipeline.input_size`."""
        geometry = self.geometry(height, width)
        return geometry.input_height, geometry.input_width

    def segment(
        self,
        images: Sequence[Image],
        settings: SegmentSettings,
        request: Request,
        states: Sequence[VideoState | None],
    ) -> list[Segmentation]:
        """See `Pipeline.segment`; nothing is carried from one image to the next."""
        pictures = [(image, self.geometry(*image.shape[:2])) for image in images]
        engine = self._engine_for(request.people)
        # On a CPU, the confidence that refining requires is computed from the heads, for few pixels.
        confidence = request.confidence or (settings.refine and not isinstance(engine, CpuEngine))
        found = engine.segment(pictures, settings.threshold, parts=request.parts, confidence=confidence)
        return [
            self._finish(decoded, image, geometry, settings, request)
            for decoded, (image, geometry) in zip(found, pictures, strict=True)
        ]

    @contextmanager
    def run_once(self) -> Iterator[None]:
        """See `Pipeline.run_once`; has an effect on a CPU, after people were requested for the first time."""
        engine = self._people_engine
        if not isinstance(engine, CpuEngine):
            yield
            return
        self._all_heads = True
        try:
            with engine.run_once():
                yield
        finally:
            self._all_heads = False

    def prepare(self, height: int, width: int, count: int, settings: SegmentSettings, request: Request) -> None:
        """See `Pipeline.prepare`.

        Raises:
            ProviderError: images of this size do not run on the GPU.
        """
        self._engine_for(request.people).prepare(self.geometry(height, width), count, parts=request.parts)
        if settings.refine:
            shared_kernels(self._settings.kernels)

    def warm_up(self) -> None:
        """See `Pipeline.warm_up`."""
        self.segment([noise()], SegmentSettings(threshold=0.01), Request(), [None])

    def geometry(self, height: int, width: int) -> Geometry:
        """Return the sizes, paddings and interpolation taps between an image of this size and the network."""
        return network_geometry(self.network, self._settings.internal_resolution, self.runner.provider, height, width)

    def _open(self, network: Network) -> Engine:
        return open_engine(network, renumbering(network.part_ids, self._settings.part_ids), self._settings)

    def _engine_for(self, people: bool) -> Engine:
        """Return the engine with the requested heads; the one with all heads is loaded at its first use."""
        if not people and not self._all_heads:
            return self.runner
        if self._people_engine is None:
            settings = dataclasses.replace(self._settings, model=self.network.model)
            self._people_engine = self._open(load_network(settings, people=True))
        return self._people_engine

    def _finish(
        self, decoded: Decoded, image: Image, geometry: Geometry, settings: SegmentSettings, request: Request
    ) -> Segmentation:
        """Refine edges and separate people."""
        started = time.perf_counter()
        found = Segmentation(decoded.mask, decoded.parts, confidence=decoded.confidence)
        if settings.refine:
            found = self._refine(found, decoded, image, geometry, settings)
        people = None
        if request.people:
            people = find_people(
                decoded.heads,
                found.mask,
                found.parts,
                geometry,
                settings,
                self._settings.part_ids,
                against_mask=self.network.model == OWN,
            )
        spent_ms = decoded.timings.postprocess_ms + (time.perf_counter() - started) * 1e3
        return dataclasses.replace(
            found,
            people=people,
            timings=dataclasses.replace(decoded.timings, postprocess_ms=spent_ms),
            confidence=found.confidence if request.confidence else None,
        )

    def _refine(
        self, found: Segmentation, decoded: Decoded, image: Image, geometry: Geometry, settings: SegmentSettings
    ) -> Segmentation:
        kernels = shared_kernels(self._settings.kernels)

        def rate(top: int, left: int, step_px: int) -> Confidence:
            sampled = sampled_geometry(geometry, top, left, step_px)
            return kernels.decode_confidence(decoded.heads['segments'][0], sampled)

        return refine_segmentation(image, found, settings.threshold, geometry.cell_px, kernels.edge_filter, rate)


def noise() -> Image:
    """Return a random image."""
    return np.random.default_rng(0).integers(0, 256, (*SAMPLE_SIZE, 3), np.uint8)


class PeopleFinder:
    """Our own network, which finds people for another model; it is opened at its first use."""

    def __init__(self, settings: NetworkSettings) -> None:
        """Keep the settings of the other model; those that our network does not have are ignored."""
        self._settings = dataclasses.replace(settings, model=OWN)

    def prepare(self, height: int, width: int, count: int, settings: SegmentSettings) -> None:
        """See `Pipeline.prepare`."""
        self._pipeline.prepare(height, width, count, settings, _PEOPLE)

    def find(self, images: Sequence[Image], settings: SegmentSettings) -> list[Segmentation]:
        """Find the people in images, without parts; see `Pipeline.segment`."""
        return self._pipeline.segment(images, settings, _PEOPLE, [None] * len(images))

    @cached_property
    def _pipeline(self) -> BodyPixPipeline:
        return BodyPixPipeline(load_network(self._settings, people=True), self._settings)
