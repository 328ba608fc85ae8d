# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines, which convert images to labels with one network on one provider: the interface, and the CPU engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..models.network import OWN, Network
from ..segmentation import Timings
from .cpu_session import open_cpu_session
from .geometry import Geometry, bodypix1_geometry, bodypix2_geometry, own_geometry
from .kernels import Kernels
from .numpy_kernels import Confidence, Image, Labels, Mask, Numbers

Picture = tuple[Image, Geometry]
"""(H, W, 3) uint8 BGR, and the geometry of its size."""

Heads = Mapping[str, NDArray[np.float32]]
Provider = Literal['tensorrt', 'cuda', 'cpu']


@dataclass(frozen=True)
class Decoded:
    """The result for one image, before people are separated.

    Attributes:
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23, -1 background; None if parts were not requested.
        heads: raw output of the network by head, (channels, rows, columns) float32 each; empty if they are no longer
            needed and the engine does not return them.
        timings: milliseconds by stage.
        confidence: (H, W) uint8, 255 times the probability of a person; None if it was not requested.
    """

    mask: Mask
    parts: Labels | None
    heads: Heads
    timings: Timings
    confidence: Confidence | None = None


class Runner(Protocol):
    """What runs a network: an `Engine` of BodyPix, or a `Session` of MediaPipe."""

    @property
    def provider(self) -> Provider:
        """The provider that runs the network."""

    @property
    def reason(self) -> str:
        """Why this provider was chosen, as a clause."""


class Engine(Runner, Protocol):
    """Converts images to labels with one network on one provider. Not thread-safe."""

    def segment(
        self, pictures: Sequence[Picture], threshold: float, *, parts: bool, confidence: bool = False
    ) -> list[Decoded]:
        """Segment several images.

        Args:
            pictures: images and their geometries; sizes may differ.
            threshold: pixels with a strictly higher score are labelled as a person, 0..1.
            parts: whether to label body parts.
            confidence: whether to return the probabilities.

        Returns:
            One result per image, in the same order.
        """

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Prepare for batches of `count` images of a size, so that the first ones are not delayed."""


def network_geometry(
    network: Network, resolution: str | float, provider: Provider, height: int, width: int
) -> Geometry:
    """Return the sizes, paddings and interpolation taps between an image and a network.

    Args:
        network: the network.
        resolution: low, medium, high, full, 0.1..2.0, a number of pixels (our network only), or auto: for BodyPix
            medium on a CPU and full on a GPU, for our network the same number of pixels on all providers.
        provider: the provider that runs the network.
        height: of the image, pixels.
        width: of the image, pixels.
    """
    if network.model == OWN:
        return own_geometry(height, width, resolution)
    if network.version == 1:
        return bodypix1_geometry(height, width, network.stride)
    if resolution == 'auto':
        resolution = 'medium' if provider == 'cpu' else 'full'
    return bodypix2_geometry(height, width, resolution, network.stride)


class CpuEngine:
    """The `Engine` for the CPU.

    Images are processed one by one: as a batch they would take up to a quarter longer, because of cache misses, and use
    several times the memory.
    """

    provider: Provider = 'cpu'

    def __init__(self, network: Network, numbers: Numbers, kernels: Kernels, reason: str, threads: int = 0) -> None:
        """Open a session.

        Args:
            network: the network.
            numbers: (25,) int8, the part id of each channel and then BACKGROUND.
            kernels: implementation of preprocessing and decoding.
            reason: why the CPU runs the network, as a clause.
            threads: number of threads; 0 means one per physical core, within the CPU quota.
        """
        self.reason = reason
        self.session = open_cpu_session(network.onnx, threads)
        self._network, self._numbers, self._kernels = network, numbers, kernels
        self._inputs = np.empty((1, 3, 0, 0), np.float32)
        self._outputs = sorted({head.output for head in network.heads.values()})
        self._known: list[tuple[Image, Heads]] | None = None

    @contextmanager
    def run_once(self) -> Iterator[None]:
        """See `Segmenter.run_once`."""
        self._known = []
        try:
            yield
        finally:
            self._known = None

    def segment(
        self, pictures: Sequence[Picture], threshold: float, *, parts: bool, confidence: bool = False
    ) -> list[Decoded]:
        """See `Engine.segment`."""
        return [self._segment_one(image, geometry, threshold, parts, confidence) for image, geometry in pictures]

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Do nothing: the CPU requires no preparation."""

    def _inputs_for(self, geometry: Geometry) -> NDArray[np.float32]:
        """Return memory for the network input; reuse that of the last image if the size is equal."""
        shape = (1, 3, geometry.input_height, geometry.input_width)
        if self._inputs.shape != shape:
            self._inputs = np.empty(shape, np.float32)
        return self._inputs

    def _segment_one(
        self, image: Image, geometry: Geometry, threshold: float, parts: bool, confidence: bool
    ) -> Decoded:
        heads, timings = self._run(image, geometry)
        started = time.perf_counter()
        segments = heads['segments'][0]
        mask = self._kernels.decode_mask(segments, geometry, threshold)
        labels = None
        if parts:
            labels = self._kernels.decode_parts(heads['part_heatmaps'], mask, geometry, self._numbers)
        rated = self._kernels.decode_confidence(segments, geometry) if confidence else None
        timings = replace(timings, postprocess_ms=(time.perf_counter() - started) * 1e3)
        return Decoded(mask, labels, heads, timings, rated)

    def _run(self, image: Image, geometry: Geometry) -> tuple[Heads, Timings]:
        """Return the output of the network for an image by head, see `Decoded`, and the times of its stages."""
        for known, heads in self._known or ():
            if known is image:
                return heads, Timings()
        started = time.perf_counter()
        inputs = self._inputs_for(geometry)
        self._kernels.preprocess(image, geometry, self._network.architecture, out=inputs[0])
        preprocessed = time.perf_counter()
        outputs = dict(zip(self._outputs, self.session.run(self._outputs, {'input': inputs}), strict=True))
        inferred = time.perf_counter()
        heads = {name: outputs[head.output][0, head.channels] for name, head in self._network.heads.items()}
        if self._known is not None:
            self._known.append((image, heads))
        return heads, Timings(
            preprocess_ms=(preprocessed - started) * 1e3, inference_ms=(inferred - preprocessed) * 1e3
        )
