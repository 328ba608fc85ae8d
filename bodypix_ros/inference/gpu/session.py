"""A frame's graph on its provider: one picture size, one batch, buffers bound once and reused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import DTypeLike, NDArray

from ...segmentation import Timings
from .driver import find_driver
from .frame_graph import PICTURES, THRESHOLD
from .options import Options

_ERRORS_ONLY = 3  # ONNX Runtime's severity: what it warns of is said by us, in a sentence

RUNS_BEFORE_USE = 3
"""The first run allocates, the second may record a CUDA graph, the third replays it: all must work."""

_NUMPY_TYPES: dict[str, type[np.generic]] = {
    'tensor(bool)': np.bool_,
    'tensor(uint8)': np.uint8,
    'tensor(float)': np.float32,
}


@dataclass(frozen=True)
class Placement:
    """Where and how a session runs.

    Attributes:
        providers: of ONNX Runtime, with their options, in order of preference.
        device: ONNX Runtime's name of the memory that inputs and outputs live in: 'cuda' or 'cpu'.
        device_id: number of the GPU.
        strict: raise where an operator would have to run on the CPU.
    """

    providers: tuple[tuple[str, Options], ...]
    device: str = 'cuda'
    device_id: int = 0
    strict: bool = True


@dataclass(frozen=True)
class Outputs:
    """What one run gave: arrays by the names of the graph's outputs, the batch first; milliseconds by stage."""

    arrays: dict[str, NDArray[Any]]
    timings: Timings


@dataclass(frozen=True)
class _Buffer:
    """One input or output: in the memory of the device, and in that of the host."""

    device: Any
    host: NDArray[Any] = field(repr=False)


class FrameSession:
    """Runs one frame's graph. It has run already when it is made, so that none is believed that cannot."""

    def __init__(self, graph: bytes, placement: Placement) -> None:
        """Open the session, bind its buffers and run it.

        Args:
            graph: see `build_frame_graph`.
            placement: where it runs.

        Raises:
            Exception: of ONNX Runtime, of many kinds: the graph does not run there.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        if placement.strict:
            options.add_session_config_entry('session.disable_cpu_ep_fallback', '1')
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=list(placement.providers), enable_fallback=0
        )
        self._session.disable_fallback()  # before 1.22, the argument alone is not known
        wanted = placement.providers[0][0]
        if self._session.get_providers()[0] != wanted:
            raise RuntimeError(f'ONNX Runtime could not load {wanted}')
        self._placement = placement
        self._binding = self._session.io_binding()
        self._inputs = {
            one.name: self._bind(one, self._binding.bind_ortvalue_input) for one in self._session.get_inputs()
        }
        self._outputs = {
            one.name: self._bind(one, self._binding.bind_ortvalue_output) for one in self._session.get_outputs()
        }
        self._upload(self._inputs[PICTURES])
        for _ in range(RUNS_BEFORE_USE):
            self._session.run_with_iobinding(self._binding)

    def run(self, images: Sequence[NDArray[np.uint8]], threshold: float) -> Outputs:
        """Segment a batch.

        Args:
            images: (H, W, 3) uint8 each, not more than the graph's batch.
            threshold: 0..1.

        Returns:
            Arrays of their own, of as many pictures as there are images.
        """
        started = time.perf_counter()
        pictures, limit = self._inputs[PICTURES], self._inputs[THRESHOLD]
        for place, image in zip(pictures.host, images, strict=False):
            place[:] = image
        self._upload(pictures)
        if limit.host[0] != np.float32(threshold):
            limit.host[0] = threshold
            self._upload(limit)
        uploaded = time.perf_counter()
        self._session.run_with_iobinding(self._binding)
        inferred = time.perf_counter()
        arrays = {name: self._download(buffer)[: len(images)].copy() for name, buffer in self._outputs.items()}
        timings = Timings(
            preprocess_ms=(uploaded - started) * 1e3,
            inference_ms=(inferred - uploaded) * 1e3,
            postprocess_ms=(time.perf_counter() - inferred) * 1e3,
        )
        return Outputs(arrays, timings)

    def _bind(self, value: Any, bind: Any) -> _Buffer:
        """Make the buffers of an input or output and bind them for all runs to come."""
        shape, dtype = tuple(value.shape), _NUMPY_TYPES[value.type]
        device = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
            shape, dtype, self._placement.device, self._placement.device_id
        )
        bind(value.name, device)
        return _Buffer(device, _host_array(shape, dtype))

    def _upload(self, buffer: _Buffer) -> None:
        buffer.device.update_inplace(buffer.host)

    def _download(self, buffer: _Buffer) -> NDArray[Any]:
        driver = find_driver() if self._placement.device == 'cuda' else None
        if driver is None or not driver.download(buffer.device.data_ptr(), buffer.host):
            buffer.host[:] = buffer.device.numpy()
        return buffer.host


def _host_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return zeros in page-locked memory where there is any, else in ordinary memory."""
    driver = find_driver()
    locked = None if driver is None else driver.page_locked(shape, dtype)
    if locked is None:
        return np.zeros(shape, dtype)
    locked[:] = 0
    return locked
