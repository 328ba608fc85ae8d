# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the network on a GPU with ONNX Runtime; its input and outputs remain in the memory of the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from ..onnx_runtime import onnxruntime
from .cuda_device import Device, Memory, Stream
from .geometry import Geometry

_ERRORS_ONLY = 3  # severity level of ONNX Runtime


@dataclass(frozen=True)
class Placement:
    """Configuration of ONNX Runtime for running the network.

    Attributes:
        providers: execution providers with their options, in order of preference.
        strict: whether to raise an error if an operator must run on the CPU.
        record: whether to record the kernels of a frame once and replay them as one CUDA graph.
    """

    providers: tuple[tuple[str, dict[str, str]], ...]
    strict: bool = True
    record: bool = True


PlacementOn = Callable[[Stream], Placement]
"""Returns the placement for a network that is queued on the given stream."""


@dataclass(frozen=True)
class Output:
    """An output of the network on the device: (batch, channels, rows, columns) float32."""

    shape: tuple[int, ...]
    memory: Memory


class CudaNetwork:
    """A network for one size and batch, bound to its buffers."""

    def __init__(self, device: Device, model: bytes, input_shape: tuple[int, int, int, int], place: Placement) -> None:
        """Open the session, allocate its buffers and run it twice.

        Args:
            device: the device that runs it.
            model: the network for this size and batch size, see `fix_input`.
            input_shape: (batch, 3, input_height, input_width).
            place: providers and options.

        Raises:
            Exception: of many kinds, from ONNX Runtime or CUDA: the network does not run on this device.
        """
        self._session = open_network(model, place)
        self._binding = self._session.io_binding()
        self.input = device.memory(4 * int(np.prod(input_shape)))
        self._binding.bind_input('input', device.kind, device.index, np.float32, input_shape, self.input.address)
        self.outputs = self._bind_outputs(device)
        self._session.run_with_iobinding(self._binding)
        self._asynchronous = onnxruntime.RunOptions()
        self._asynchronous.add_run_config_entry('disable_synchronize_execution_providers', '1')

    def enqueue(self) -> None:
        """Queue a run on the stream that the session uses."""
        self._session.run_with_iobinding(self._binding, self._asynchronous)

    def _bind_outputs(self, device: Device) -> Mapping[str, Output]:
        """Bind the outputs to the memory that the first run allocates for them."""
        names = [one.name for one in self._session.get_outputs()]
        for name in names:
            self._binding.bind_output(name, device.kind, device.index)
        self._session.run_with_iobinding(self._binding)
        outputs = {}
        for name, value in zip(names, self._binding.get_outputs(), strict=True):
            self._binding.bind_ortvalue_output(name, value)
            shape = tuple(value.shape())
            outputs[name] = Output(shape, device.borrow(value.data_ptr(), 4 * int(np.prod(shape)), value))
        return outputs


def open_network(model: bytes, placement: Placement) -> onnxruntime.InferenceSession:
    """Open a session of ONNX Runtime.

    Raises:
        RuntimeError: the provider cannot be loaded. ONNX Runtime raises other kinds of exceptions.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    if placement.strict:
        options.add_session_config_entry('session.disable_cpu_ep_fallback', '1')
    session = onnxruntime.InferenceSession(model, options, providers=list(placement.providers), enable_fallback=0)
    session.disable_fallback()  # versions before 1.22 do not have the argument
    wanted = placement.providers[0][0]
    if session.get_providers()[0] != wanted:
        raise RuntimeError(f'ONNX Runtime could not load {wanted}')
    return session


def fix_input(model: onnx.ModelProto, batch: int, geometry: Geometry) -> bytes:
    """Return the serialised model for inputs of one fixed size, so that shapes are not computed at run time."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    wanted = (batch, 3, geometry.input_height, geometry.input_width)
    for dimension, value in zip(fixed.graph.input[0].type.tensor_type.shape.dim, wanted, strict=True):
        dimension.dim_value = value
    serialised: bytes = fixed.SerializeToString()
    return serialised
