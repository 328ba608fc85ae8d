"""A network on a GPU: one session for each picture size and batch, kept while it is in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np

from ...models.network import Network
from ..engine import Decoded, Picture, Provider
from ..geometry import Geometry
from ..numpy_kernels import Numbers
from .frame_graph import HEADS, MASK, PARTS, build_frame_graph
from .session import FrameSession, Outputs

MOST_SESSIONS = 8
"""So many sizes and batches stay ready; the one that was not used for the longest time goes first."""

MOST_PICTURES = 16
MOST_PIXELS = 8_000_000
"""Of all pictures of a batch together. A pixel takes some 220 bytes of the GPU's memory, so this is about 2 GB."""


class Backend(Protocol):
    """Opens sessions on one provider."""

    @property
    def provider(self) -> Provider:
        """The provider's name."""

    @property
    def reason(self) -> str:
        """What has run and how, as a sentence, once a session has been opened."""

    @property
    def half_graph(self) -> bool:
        """Whether the graph itself has to be in fp16."""

    @property
    def always_parts(self) -> bool:
        """Whether masks alone are not worth a session of their own."""

    def open(self, graph: bytes, size: str) -> FrameSession:
        """Open a session and run it.

        Args:
            graph: see `build_frame_graph`.
            size: what it is for, in words: '640x480' or '8 of 640x480'.

        Raises:
            ProviderError: the provider does not run it.
        """


class GpuEngine:
    """An `Engine` on a GPU; pictures of equal size run as one batch."""

    def __init__(self, network: Network, numbers: Numbers, backend: Backend, remark: str = '') -> None:
        """Take a network; sessions are opened when pictures come.

        Args:
            network: what to run.
            numbers: (25,) int8, the part id of each channel and then BACKGROUND.
            backend: where to run it.
            remark: what else there is to say about the choice of the provider.
        """
        self._network, self._numbers, self._backend, self._remark = network, numbers, backend, remark
        self._sessions: OrderedDict[tuple[int, ...], FrameSession] = OrderedDict()

    @property
    def provider(self) -> Provider:
        """See `Engine.provider`."""
        return self._backend.provider

    @property
    def reason(self) -> str:
        """See `Engine.reason`."""
        return self._backend.reason + self._remark

    def segment(
        self, pictures: Sequence[Picture], threshold: float, *, parts: bool, confidence: bool = False
    ) -> list[Decoded]:
        """See `Engine.segment`.

        Raises:
            ProviderError: pictures of a new size do not run.
        """
        results: dict[int, Decoded] = {}
        for indices in group_indices([image.shape for image, _ in pictures]):
            geometry = pictures[indices[0]][1]
            most = largest_batch(geometry)
            for start in range(0, len(indices), most):
                some = indices[start : start + most]
                session = self._session(geometry, batch_for(len(some)), parts)
                outputs = session.run([pictures[index][0] for index in some], threshold)
                results.update((index, self._decoded(outputs, place, parts)) for place, index in enumerate(some))
        return [results[index] for index in range(len(pictures))]

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """See `Engine.prepare`.

        Raises:
            ProviderError: pictures of this size do not run.
        """
        self._session(geometry, min(batch_for(count), largest_batch(geometry)), parts)

    def _session(self, geometry: Geometry, batch: int, parts: bool) -> FrameSession:
        """Return the session of a size and batch, opened now if need be."""
        parts = parts or self._backend.always_parts
        key = (geometry.height, geometry.width, geometry.input_height, geometry.input_width, batch, int(parts))
        session = self._sessions.pop(key, None)
        if session is None:
            while len(self._sessions) >= MOST_SESSIONS:
                self._sessions.popitem(last=False)
            graph = build_frame_graph(
                self._network, geometry, batch, self._numbers, parts=parts, half=self._backend.half_graph
            )
            size = f'{geometry.width}x{geometry.height}'
            session = self._backend.open(graph, size if batch == 1 else f'{batch} of {size}')
        self._sessions[key] = session
        return session

    def _decoded(self, outputs: Outputs, place: int, parts: bool) -> Decoded:
        """Return the result of one picture of a batch."""
        arrays = {name: array[place] for name, array in outputs.arrays.items()}
        labels = arrays[PARTS][0].view(np.int8) if parts else None
        heads = {}
        if HEADS in arrays:
            heads = {name: arrays[HEADS][head.channels] for name, head in self._network.heads.items()}
        return Decoded(arrays[MASK][0], labels, heads, outputs.timings)


def batch_for(count: int) -> int:
    """Return the batch that `count` pictures run as: a power of two, so that few sessions serve all numbers."""
    return 1 << (count - 1).bit_length()


def largest_batch(geometry: Geometry) -> int:
    """Return how many pictures run at once, at most: a power of two."""
    pixels = max(geometry.height * geometry.width, geometry.input_height * geometry.input_width)
    return 1 << (min(MOST_PICTURES, max(MOST_PIXELS // pixels, 1)).bit_length() - 1)


def group_indices(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the indices of equal keys together, in their order."""
    groups: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return list(groups.values())
