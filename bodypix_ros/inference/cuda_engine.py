"""A network on a GPU: one session for each picture size and batch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

import onnx

from ..models.network import Network
from .cuda_device import Device
from .cuda_network import PlacementOn, fix_input
from .cuda_session import CudaSession, Request
from .engine import Decoded, Provider
from .geometry import Geometry
from .half_precision import halve
from .numpy_kernels import Image, Numbers

MOST_PICTURES = 8
"""Of a batch. Larger ones gain nothing: while one batch of this size runs, the next is uploaded."""

MOST_PIXELS = 8_000_000
"""Of all pictures of a batch together, so that a session stays below 2 GB."""

SizeAndBatch = tuple[int, int, int, int, int]
"""Height and width of the pictures, height and width of the network input, pictures of a batch."""


class Backend(Protocol):
    """One of ONNX Runtime's GPU providers."""

    provider: Provider
    title: str
    """The provider, its device and precision, for people: 'CUDA device 0 (NVIDIA H200), fp16'."""

    half_graph: bool
    """Whether the graph itself has to be in fp16."""

    @property
    def device(self) -> Device:
        """Where sessions run."""

    def open(self, model: bytes, batch: int, size: str, make: Callable[[PlacementOn], CudaSession]) -> CudaSession:
        """Open a session.

        Args:
            model: the network for one size and batch, serialised.
            batch: pictures of one run.
            size: what it is for, in words: '640x480' or '8 of 640x480'.
            make: opens it with a placement and runs it.

        Raises:
            ProviderError: the provider does not run it.
        """


class CudaEngine:
    """Runs pictures on a GPU in sessions that were opened before.

    `run` is not thread-safe; `open` may be called in another thread meanwhile.
    """

    def __init__(self, network: Network, numbers: Numbers, backend: Backend) -> None:
        """Take a network; nothing runs until `open` is called.

        Args:
            network: what to run.
            numbers: (25,) int8, the part id of each channel and then BACKGROUND.
            backend: where to run it.

        Raises:
            ModelError: a weight is beyond the range of fp16.
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
        """Open a session; on CUDA that takes seconds, on TensorRT minutes.

        Raises:
            ProviderError: the provider does not run pictures of this size.
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
        """Free what a session holds."""
        self._sessions.pop(size_and_batch(geometry, batch), None)

    def run(self, images: Sequence[Image], geometry: Geometry, batch: int, request: Request) -> list[Decoded]:
        """Segment pictures of one size by the session for a batch, which must be open.

        Args:
            images: (H, W, 3) uint8 BGR each, any number of them.
            geometry: of their size.
            batch: pictures of one run.
            request: what is wanted.

        Returns:
            One result for each picture, in their order.
        """
        return self._sessions[size_and_batch(geometry, batch)].run(images, request)


def size_and_batch(geometry: Geometry, batch: int) -> SizeAndBatch:
    """Return the key of a session."""
    return geometry.height, geometry.width, geometry.input_height, geometry.input_width, batch


def describe_size(geometry: Geometry, batch: int) -> str:
    """Return a size and batch in words: '640x480' or '8 of 640x480'."""
    size = f'{geometry.width}x{geometry.height}'
    return size if batch == 1 else f'{batch} of {size}'


def batch_for(geometry: Geometry, count: int) -> int:
    """Return the batch that `count` pictures run as: a power of two, so that few sessions serve all numbers."""
    return min(1 << (count - 1).bit_length(), largest_batch(geometry))


def largest_batch(geometry: Geometry) -> int:
    """Return the largest batch of pictures of a size: a power of two."""
    pixels = max(geometry.height * geometry.width, geometry.input_height * geometry.input_width)
    return 1 << (min(MOST_PICTURES, max(MOST_PIXELS // pixels, 1)).bit_length() - 1)


def group_indices(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the indices of equal keys together, in their order."""
    groups: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return list(groups.values())
