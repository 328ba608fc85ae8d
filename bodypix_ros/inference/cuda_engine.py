# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network on a GPU: one session for each image size and batch size."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

import onnx

from ..models.network import Network
from .cuda_device import Device
from .cuda_network import PlacementOn, fix_input
from .cuda_session import CudaSession, LabelRequest
from .engine import Decoded, Provider
from .geometry import Geometry
from .half_precision import halve
from .numpy_kernels import Image, Numbers

MOST_PICTURES = 8
"""Maximum batch size. Larger batches are not faster, because the next batch is uploaded while one runs."""

MOST_PIXELS = 8_000_000
"""Maximum for all images of a batch together, so that a session uses less than 2 GB."""

SizeAndBatch = tuple[int, int, int, int, int]
"""Height and width of the images, height and width of the network input, batch size."""


class Backend(Protocol):
    """A GPU provider of ONNX Runtime."""

    provider: Provider
    title: str
    """Human-readable provider, device and precision: 'CUDA device 0 (NVIDIA H200), fp16'."""

    half_graph: bool
    """Whether the graph must be converted to fp16."""

    @property
    def device(self) -> Device:
        """The device that runs the sessions."""

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        """Open a session.

        Args:
            model: the network for one size and batch size, serialised.
            batch: images per run.
            size: size and batch as text: '640x480' or '8 of 640x480'.
            make: creates the session for a placement and runs it once.

        Raises:
            ProviderError: the provider fails to run it.
        """


class CudaEngine:
    """Processes images on a GPU in sessions that have been opened before.

    `run` is not thread-safe; `open` may be called from another thread at the same time.
    """

    def __init__(self, network: Network, numbers: Numbers, backend: Backend) -> None:
        """Prepare the network; nothing runs until `open` is called.

        Args:
            network: the network.
            numbers: (25,) int8, the part id of each channel and then BACKGROUND.
            backend: the provider that runs it.

        Raises:
            ModelError: a weight exceeds the range of fp16.
        """
        self._network, self._numbers, self._backend = network, numbers, backend
        self._model = onnx.load_from_string(network.onnx)
        if backend.half_graph:
            halve(self._model.graph)
        self._sessions: dict[SizeAndBatch, CudaSession] = {}

    @property
    def provider(self) -> Provider:
        """See `Engine.provider`."""
        return self._backend.provider

    @property
    def title(self) -> str:
        """See `Backend.title`."""
        return self._backend.title

    def open(self, geometry: Geometry, batch: int) -> None:
        """Open a session; this takes seconds with CUDA and minutes with TensorRT.

        Raises:
            ProviderError: the provider fails to run images of this size.
        """
        model = fix_input(self._model, batch, geometry)
        self._sessions[size_and_batch(geometry, batch)] = self._backend.open(
            model,
            batch,
            describe_size(geometry, batch),
            lambda placement: CudaSession(
                self._backend.device, model, self._network, geometry, batch, self._numbers, placement
            ),
        )

    def close(self, geometry: Geometry, batch: int) -> None:
        """Close a session and free its memory."""
        self._sessions.pop(size_and_batch(geometry, batch), None)

    def run(self, images: Sequence[Image], geometry: Geometry, batch: int, request: LabelRequest) -> list[Decoded]:
        """Segment images of one size with the session for a batch size, which must be open.

        Args:
            images: any number of (H, W, 3) uint8 BGR images.
            geometry: of their size.
            batch: images per run.
            request: the requested results.

        Returns:
            One result per image, in the same order.
        """
        return self._sessions[size_and_batch(geometry, batch)].run(images, request)


def size_and_batch(geometry: Geometry, batch: int) -> SizeAndBatch:
    """Return the key of a session."""
    return geometry.height, geometry.width, geometry.input_height, geometry.input_width, batch


def describe_size(geometry: Geometry, batch: int) -> str:
    """Return size and batch as text: '640x480' or '8 of 640x480'."""
    size = f'{geometry.width}x{geometry.height}'
    return size if batch == 1 else f'{batch} of {size}'


def batch_for(geometry: Geometry, count: int) -> int:
    """Return the batch size for `count` images: a power of two, so that few sessions are sufficient."""
    return min(1 << (count - 1).bit_length(), largest_batch(geometry))


def largest_batch(geometry: Geometry) -> int:
    """Return the maximum batch size for images of a size: a power of two."""
    pixels = max(geometry.height * geometry.width, geometry.input_height * geometry.input_width)
    return 1 << (min(MOST_PICTURES, max(MOST_PIXELS // pixels, 1)).bit_length() - 1)


def group_indices(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the indices grouped by equal keys, in order."""
    groups: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return list(groups.values())
