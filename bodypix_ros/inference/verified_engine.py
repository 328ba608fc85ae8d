# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A GPU engine that is used only after its results have matched those of the CPU."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock, Thread
from typing import Protocol

from ..errors import ProviderError, first_line
from .cuda_engine import SizeAndBatch, batch_for, describe_size, group_indices, size_and_batch
from .cuda_session import LabelRequest
from .engine import Decoded, Engine, Picture, Provider
from .geometry import Geometry
from .numpy_kernels import Image
from .parity import Difference, Tolerance, person_pictures, shows_people, worst

_LOG = logging.getLogger(__name__)

MOST_SESSIONS = 8
"""Maximum number of open sessions; the least recently used one is closed first."""


class UnverifiableError(ProviderError):
    """The CPU finds too few people to verify a GPU."""


class GpuEngine(Protocol):
    """See `CudaEngine`."""

    @property
    def provider(self) -> Provider:
        """The name of the provider."""

    @property
    def title(self) -> str:
        """Human-readable provider, device and precision."""

    def open(self, geometry: Geometry, batch: int) -> None:
        """Open a session."""

    def close(self, geometry: Geometry, batch: int) -> None:
        """Close a session."""

    def run(self, images: Sequence[Image], geometry: Geometry, batch: int, request: LabelRequest) -> list[Decoded]:
        """Segment images with an open session."""


class VerifiedEngine:
    """An `Engine` on a GPU that is verified against the CPU for each image size and batch size.

    A session is opened and verified in the background when a size occurs for the second time; until then, images of
    this size are processed on the CPU. A GPU with wrong results is not used again: the CPU runs the network, or with
    `require_gpu` an error is raised.
    """

    def __init__(
        self, gpu: GpuEngine, cpu: Engine, tolerance: Tolerance, *, require_gpu: bool = False, remark: str = ''
    ) -> None:
        """Combine two engines of the same network.

        Args:
            gpu: the engine to verify.
            cpu: the reference, which also processes images while the GPU is not ready.
            tolerance: allowed difference between GPU and CPU.
            require_gpu: whether to raise an error if the GPU has wrong results, instead of running on the CPU.
            remark: addition to `reason`.
        """
        self._gpu, self._cpu, self._tolerance = gpu, cpu, tolerance
        self._require_gpu, self._remark = require_gpu, remark
        self._refusal = ''
        self._sessions: OrderedDict[SizeAndBatch, Geometry] = OrderedDict()
        self._seen: set[SizeAndBatch] = set()
        self._left_to_cpu: set[SizeAndBatch] = set()
        self._lock = Lock()
        self._cpu_lock = Lock()  # engines are not thread-safe, and verification runs in another thread
        self._opener: Thread | None = None

    @property
    def provider(self) -> Provider:
        """See `Engine.provider`."""
        return 'cpu' if self._refusal else self._gpu.provider

    @property
    def reason(self) -> str:
        """See `Engine.reason`."""
        return self._refusal or f'{self._gpu.title}, verified against the CPU{self._remark}'

    def segment(
        self, pictures: Sequence[Picture], threshold: float, *, parts: bool, confidence: bool = False
    ) -> list[Decoded]:
        """See `Engine.segment`.

        Raises:
            ProviderError: the GPU is required, but failed or had wrong results.
        """
        request = LabelRequest(threshold, parts, confidence)
        results: dict[int, Decoded] = {}
        for indices in group_indices([size_and_batch(geometry, 1) for _, geometry in pictures]):
            found = self._segment_group([pictures[index] for index in indices], request)
            results.update(zip(indices, found, strict=True))
        return [results[index] for index in range(len(pictures))]

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Open and verify the session for `count` images of a size.

        Raises:
            ProviderError: the GPU is required, but fails to run this size or has other results than the CPU.
        """
        batch = batch_for(geometry, count)
        if not self._refusal and not self._is_settled(size_and_batch(geometry, batch)):
            self._try_to_open(geometry, batch)
        self._check_requirement()

    def verify(self, geometry: Geometry, batch: int) -> None:
        """Open a session and compare its results with those of the CPU.

        All images of a batch, and one image of a second batch, are different.

        Raises:
            ProviderError: the session cannot be opened, or the results differ.
            UnverifiableError: the network finds no people in images of this size.
        """
        size = describe_size(geometry, batch)
        images, expected = self._expected(geometry, batch + 1)
        if len(images) <= batch:
            raise UnverifiableError(
                f'{self._gpu.title} cannot be verified at {size}: '
                'the CPU finds people in too few of the packaged pictures'
            )
        self._gpu.open(geometry, batch)
        difference = self._difference(images, expected, geometry, batch)
        if difference is not None:
            self._gpu.close(geometry, batch)
            percentage = _percentage(difference.largest)
            raise ProviderError(f'{self._gpu.title} disagrees with the CPU on {percentage} of the pixels at {size}')
        self._keep(geometry, batch)

    def _difference(
        self, images: list[Image], expected: list[Decoded], geometry: Geometry, batch: int
    ) -> Difference | None:
        """Return the largest difference between the results of GPU and CPU if it exceeds the tolerance.

        Every kind of request is tested, because each is recorded as a separate CUDA graph.
        """
        for parts, confidence in ((True, True), (True, False), (False, True), (False, False)):
            found = self._gpu.run(images, geometry, batch, LabelRequest(0.5, parts, confidence))
            difference = worst(found, expected, self._tolerance)
            if difference is not None:
                return difference
        return None

    def _expected(self, geometry: Geometry, count: int) -> tuple[list[Image], list[Decoded]]:
        """Return up to `count` images in which the CPU finds people, and its results."""
        images, expected = [], []
        for image in person_pictures(geometry.height, geometry.width):
            (decoded,) = self._segment_on_cpu([(image, geometry)], LabelRequest(0.5, parts=True, confidence=True))
            if shows_people(decoded):
                images.append(image)
                expected.append(decoded)
            if len(images) == count:
                break
        return images, expected

    def _segment_group(self, pictures: Sequence[Picture], request: LabelRequest) -> list[Decoded]:
        """Segment images of one size."""
        geometry = pictures[0][1]
        batch = 0 if self._refusal else self._batch_at_hand(geometry, len(pictures))
        if batch:
            try:
                return self._gpu.run([image for image, _ in pictures], geometry, batch, request)
            except Exception as error:  # of many kinds, from ONNX Runtime and CUDA: device lost, out of memory
                self._refuse(f'{self._gpu.title} failed on {describe_size(geometry, batch)}: {first_line(error)}')
        self._check_requirement()
        return self._segment_on_cpu(pictures, request)

    def _segment_on_cpu(self, pictures: Sequence[Picture], request: LabelRequest) -> list[Decoded]:
        with self._cpu_lock:
            return self._cpu.segment(pictures, request.threshold, parts=request.parts, confidence=request.confidence)

    def _batch_at_hand(self, geometry: Geometry, count: int) -> int:
        """Return the largest verified batch size for some images, 0 if there is none; start opening a better one."""
        wanted = batch_for(geometry, count)
        key = size_and_batch(geometry, wanted)
        if not self._is_settled(key):
            if key in self._seen:
                self._open_in_background(geometry, wanted)
            self._seen.add(key)
        with self._lock:
            at_hand = [size for size in self._sessions if size[:-1] == key[:-1] and size[-1] <= wanted]
            if not at_hand:
                return 0
            best = max(at_hand)
            self._sessions.move_to_end(best)
            return best[-1]

    def _open_in_background(self, geometry: Geometry, batch: int) -> None:
        """Start opening a session, unless another one is being opened; this size will be requested again."""
        if self._opener is None or not self._opener.is_alive():
            self._opener = Thread(target=self._try_to_open, args=(geometry, batch), name='gpu_session', daemon=True)
            self._opener.start()

    def _try_to_open(self, geometry: Geometry, batch: int) -> None:
        try:
            self.verify(geometry, batch)
        except UnverifiableError as error:
            _LOG.info('%s; the CPU runs this size', error)
            with self._lock:
                self._left_to_cpu.add(size_and_batch(geometry, batch))
        except Exception as error:  # an exception in this thread would go unnoticed
            _LOG.debug('verifying %s failed', describe_size(geometry, batch), exc_info=True)
            self._refuse(first_line(error))

    def _refuse(self, trouble: str) -> None:
        """Stop using the GPU."""
        self._refusal = f'{trouble}; running on the CPU'
        if not self._require_gpu:
            _LOG.warning('%s', self._refusal)

    def _check_requirement(self) -> None:
        """Raise ProviderError if the GPU was rejected but is required."""
        if self._refusal and self._require_gpu:
            raise ProviderError(
                f'require_gpu is true, but {self._refusal.removesuffix("; running on the CPU")}; '
                'run `bodypix check`, or set require_gpu to false'
            )

    def _is_settled(self, key: SizeAndBatch) -> bool:
        with self._lock:
            return key in self._sessions or key in self._left_to_cpu

    def _keep(self, geometry: Geometry, batch: int) -> None:
        """Use a session from now on; if there are too many, close the least recently used one."""
        with self._lock:
            self._sessions[size_and_batch(geometry, batch)] = geometry
            if len(self._sessions) > MOST_SESSIONS:
                oldest, its_geometry = self._sessions.popitem(last=False)
                self._gpu.close(its_geometry, oldest[-1])


def _percentage(share: float) -> str:
    """Return '41 %', or '0.6 %' of small shares."""
    return f'{share * 100:.0f} %' if share >= 0.1 else f'{share * 100:.1f} %'
