# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One network for one image size and batch size on a GPU, with the kernels before and after it and reused buffers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network
from ..segmentation import Timings
from .cuda_device import Device, HostArray, Memory
from .cuda_kernels import LABEL, PREPARE, LabelTargets, build_tables, label_arguments, limits, prepare_arguments
from .cuda_network import CudaNetwork, PlacementOn
from .engine import Decoded
from .geometry import Geometry
from .host_copies import bands, run_in_threads
from .numpy_kernels import Confidence, Image, Labels, Mask, Numbers


@dataclass(frozen=True)
class LabelRequest:
    """The requested results of a frame.

    Attributes:
        threshold: pixels with a strictly higher score are labelled as a person, 0..1.
        parts: whether to label body parts.
        confidence: whether to return probabilities.
    """

    threshold: float
    parts: bool = True
    confidence: bool = False


@dataclass
class _Slot:
    """The buffers of one batch in progress, and its recorded graphs by requested results."""

    pictures: Memory
    pictures_host: HostArray
    labels: Memory
    labels_host: HostArray
    confidence: Memory
    confidence_host: HostArray
    heads_host: dict[str, HostArray]
    graphs: dict[tuple[bool, bool], Callable[[], None]] = field(default_factory=dict)
    started: float = 0.0
    queued: float = 0.0
    wait: Callable[[], None] = lambda: None


class CudaSession:
    """Runs batches of one size. It may be used from any thread, but only by one at a time."""

    def __init__(
        self,
        device: Device,
        model: bytes,
        network: Network,
        geometry: Geometry,
        batch: int,
        numbers: Numbers,
        placement: PlacementOn,
    ) -> None:
        """Open the session, allocate its buffers and run it.

        Args:
            device: the device that runs it.
            model: the network for this size and batch size, see `fix_input`.
            network: description of the heads of the model.
            geometry: of the images.
            batch: images per run.
            numbers: (25,) int8, the part id of each channel and then BACKGROUND.
            placement: providers and options for the stream on which the network is queued.

        Raises:
            Exception: of many kinds, from ONNX Runtime or CUDA: the network does not run on this device.
        """
        device.use()
        self.geometry, self.batch = geometry, batch
        self._device, self._network = device, network
        self._compute, self._uploads = device.stream(), device.stream()
        place = placement(self._compute)
        self.recorded = place.record
        """Whether frames are replayed as a CUDA graph."""
        self._runner = CudaNetwork(device, model, (batch, 3, geometry.input_height, geometry.input_width), place)
        self._tables = build_tables(network, geometry, numbers)
        self._constants = {name: self._constant(array) for name, array in self._tables.arrays.items()}
        self._limits = self._device.host_array((2,), np.float32)
        self._threshold: float | None = None
        self._constants['limits'] = device.memory(self._limits.memory.size_bytes)
        self._addresses = {name: memory.address for name, memory in self._constants.items()}
        self._slots = [self._new_slot()]
        self.run([np.zeros((geometry.height, geometry.width, 3), np.uint8)], LabelRequest(0.5))

    def run(self, images: Sequence[Image], request: LabelRequest) -> list[Decoded]:
        """Segment images in batches; the next batch is uploaded while one runs.

        Args:
            images: any number of (H, W, 3) uint8 BGR images.
            request: the requested results.

        Returns:
            One result per image, in the same order.
        """
        self._device.use()
        self._set_threshold(request.threshold)
        batches = [images[start : start + self.batch] for start in range(0, len(images), self.batch)]
        if len(batches) > 1 and len(self._slots) == 1:
            self._slots.append(self._new_slot())
        results: list[Decoded] = []
        for index, some in enumerate(batches):
            slot = self._slots[index % len(self._slots)]
            if index >= len(self._slots):
                results += self._collect(slot, self.batch, request)
            self._submit(slot, some, request, overlapping=len(batches) > 1)
        for index in range(max(len(batches) - len(self._slots), 0), len(batches)):
            results += self._collect(self._slots[index % len(self._slots)], len(batches[index]), request)
        return results

    def _submit(self, slot: _Slot, images: Sequence[Image], request: LabelRequest, *, overlapping: bool) -> None:
        """Queue one batch from its upload to its download."""
        slot.started = time.perf_counter()
        copies = [
            partial(np.copyto, place[band], image[band])
            for place, image in zip(slot.pictures_host.array, images, strict=False)
            for band in bands(image)
        ]
        run_in_threads(copies, slot.pictures_host.array.nbytes)
        slot.queued = time.perf_counter()
        uploads = self._uploads if overlapping else self._compute
        self._device.copy(slot.pictures, slot.pictures_host.memory, uploads)
        if overlapping:
            self._compute.wait(uploads)
        self._launch(slot, request)
        self._device.copy(slot.labels_host.memory, slot.labels, self._compute)
        if request.confidence:
            self._device.copy(slot.confidence_host.memory, slot.confidence, self._compute)
        for name, host in slot.heads_host.items():
            self._device.copy(host.memory, self._runner.outputs[name].memory, self._compute)
        slot.wait = self._compute.mark()

    def _launch(self, slot: _Slot, request: LabelRequest) -> None:
        """Queue the kernels and the network, as one graph if it can be recorded."""
        wanted = (request.parts, request.confidence)
        if self.recorded and wanted not in slot.graphs:
            slot.graphs[wanted] = self._device.record(self._compute, lambda: self._enqueue(slot, request))
        if self.recorded:
            slot.graphs[wanted]()
        else:
            self._enqueue(slot, request)

    def _enqueue(self, slot: _Slot, request: LabelRequest) -> None:
        """Queue the first kernel, the network and the second kernel."""
        geometry, device = self.geometry, self._device
        arguments = prepare_arguments(
            geometry, self._tables, self._addresses, slot.pictures.address, self._runner.input.address
        )
        device.launch(PREPARE, (geometry.input_width, geometry.input_height, self.batch), arguments, self._compute)
        self._runner.enqueue()
        heads = self._runner.outputs[self._network.heads['segments'].output]
        labels, confidence = slot.labels.address, slot.confidence.address if request.confidence else 0
        targets = LabelTargets(0, labels, confidence) if request.parts else LabelTargets(labels, 0, confidence)
        arguments = label_arguments(
            self._network, geometry, self._addresses, heads.memory.address, heads.shape[1], targets
        )
        device.launch(LABEL, (geometry.width, geometry.height, self.batch), arguments, self._compute)

    def _collect(self, slot: _Slot, count: int, request: LabelRequest) -> list[Decoded]:
        """Wait for a batch and return its results in new arrays."""
        slot.wait()
        finished = time.perf_counter()
        shape = slot.labels_host.array.shape[1:]
        masks = [np.empty(shape, np.bool_) for _ in range(count)]
        parts = [np.empty(shape, np.int8) if request.parts else None for _ in range(count)]
        confidences = [np.empty(shape, np.uint8) if request.confidence else None for _ in range(count)]
        copies = [
            partial(self._copy_result, slot, place, band, masks[place], parts[place], confidences[place])
            for place in range(count)
            for band in bands(masks[place])
        ]
        run_in_threads(copies, 2 * slot.labels_host.array.nbytes)
        heads = {name: host.array[:count].copy() for name, host in slot.heads_host.items()}
        timings = Timings(
            preprocess_ms=(slot.queued - slot.started) * 1e3,
            inference_ms=(finished - slot.queued) * 1e3,
            postprocess_ms=(time.perf_counter() - finished) * 1e3,
        )
        return [
            Decoded(masks[place], parts[place], self._heads_of(heads, place), timings, confidences[place])
            for place in range(count)
        ]

    @staticmethod
    def _copy_result(
        slot: _Slot, place: int, band: slice, mask: Mask, parts: Labels | None, confidence: Confidence | None
    ) -> None:
        """Fill a band of rows of the result of one image."""
        labels = slot.labels_host.array[place, band]
        if parts is None:
            np.copyto(mask[band], labels.view(np.bool_))
        else:
            np.greater_equal(labels, 0, out=mask[band])
            np.copyto(parts[band], labels)
        if confidence is not None:
            np.copyto(confidence[band], slot.confidence_host.array[place, band])

    def _heads_of(self, outputs: dict[str, NDArray[np.float32]], place: int) -> dict[str, NDArray[np.float32]]:
        """Return the heads of one image by name; empty if the network has no heads for people."""
        heads = self._network.heads
        return {name: outputs[head.output][place, head.channels] for name, head in heads.items() if outputs}

    def _set_threshold(self, threshold: float) -> None:
        """Upload the limits for a threshold, unless they are already on the device."""
        if threshold != self._threshold:
            self._limits.array[:] = limits(threshold, self.geometry)
            self._device.copy(self._constants['limits'], self._limits.memory, self._compute)
            self._threshold = threshold

    def _constant(self, array: NDArray[Any]) -> Memory:
        """Return a table on the device."""
        host, memory = self._device.host_array(array.shape, array.dtype), self._device.memory(array.nbytes)
        host.array[...] = array
        self._device.copy(memory, host.memory, self._compute)
        self._compute.mark()()
        return memory

    def _new_slot(self) -> _Slot:
        device, shape = self._device, (self.batch, self.geometry.height, self.geometry.width)
        pictures = device.host_array((*shape, 3), np.uint8)
        labels, confidence = device.host_array(shape, np.int8), device.host_array(shape, np.uint8)
        heads = self._runner.outputs if 'heatmaps' in self._network.heads else {}
        return _Slot(
            pictures=device.memory(pictures.memory.size_bytes),
            pictures_host=pictures,
            labels=device.memory(labels.memory.size_bytes),
            labels_host=labels,
            confidence=device.memory(confidence.memory.size_bytes),
            confidence_host=confidence,
            heads_host={name: device.host_array(output.shape, np.float32) for name, output in heads.items()},
        )
