# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Access to a GPU through cuda-core: memory, streams, copies, kernels and recorded graphs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import ProviderError, first_line
from .cuda_kernels import BLOCK, LABEL, PREPARE, SOURCE

Arguments = Sequence[int | np.int32]
"""Addresses as int, integers as np.int32."""


@dataclass(frozen=True)
class Memory:
    """Memory of the device, or page-locked memory of the host; valid as long as `owner` exists."""

    address: int
    size_bytes: int
    owner: Any = field(repr=False)


@dataclass(frozen=True)
class HostArray:
    """Page-locked memory of the host, and an array that uses it."""

    array: NDArray[Any] = field(repr=False)
    memory: Memory


class Stream(Protocol):
    """A queue of operations on the device."""

    @property
    def address(self) -> int:
        """The handle of the stream, a cudaStream_t; 0 if there is none."""

    def wait(self, other: Stream) -> None:
        """Make this stream wait for everything queued so far on the other stream."""

    def mark(self) -> Callable[[], None]:
        """Return a function that waits until everything queued so far is done."""


class Device(Protocol):
    """The interface of a GPU for a session. Tests implement it on the CPU."""

    kind: str
    """ONNX Runtime's name for its memory: 'cuda'."""

    index: int

    def use(self) -> None:
        """Make the device current in this thread."""

    def stream(self) -> Stream:
        """Return a new stream."""

    def memory(self, size_bytes: int) -> Memory:
        """Return new memory of the device."""

    def borrow(self, address: int, size_bytes: int, owner: Any) -> Memory:
        """Return memory of the device that `owner` has allocated."""

    def host_array(self, shape: tuple[int, ...], dtype: DTypeLike) -> HostArray:
        """Return an array of zeros in page-locked memory."""

    def copy(self, target: Memory, source: Memory, stream: Stream) -> None:
        """Copy `source` to `target` of the same size."""

    def launch(self, kernel: str, size: tuple[int, int, int], arguments: Arguments, stream: Stream) -> None:
        """Run a kernel of cuda_kernels.cu.

        Args:
            kernel: its name.
            size: numbers of columns, rows and images, with one thread for each pixel.
            arguments: see `Arguments`.
            stream: stream on which it is queued.
        """

    def record(self, stream: Stream, work: Callable[[], None]) -> Callable[[], None]:
        """Record what `work` queues on the stream, without running it; return a function that queues all of it."""


class CudaStream:
    """A `Stream` of cuda-core."""

    def __init__(self, stream: Any) -> None:
        self.core = stream
        self.address = int(stream.handle)

    def wait(self, other: Stream) -> None:
        """See `Stream.wait`."""
        assert isinstance(other, CudaStream)
        self.core.wait(other.core)

    def mark(self) -> Callable[[], None]:
        """See `Stream.mark`."""
        wait: Callable[[], None] = self.core.record().sync
        return wait


class CudaDevice:
    """A `Device` that is an NVIDIA GPU."""

    kind = 'cuda'

    def __init__(self, index: int) -> None:
        """Open the device and compile the kernels for it.

        Raises:
            ProviderError: cuda-core, NVRTC or the driver is missing, or the device does not exist.
        """
        try:
            from cuda import core
        except ImportError as error:
            raise ProviderError(
                f'cuda-core is not installed ({first_line(error)}); run `pip install cuda-core cuda-bindings`'
            ) from error
        self._core, self.index = core, index
        try:
            self._device = core.Device(index)
            self._device.set_current()
            self._pinned = core.LegacyPinnedMemoryResource()
            self._allocations = self._device.create_stream()
        except Exception as error:  # the driver raises many kinds of exceptions
            raise ProviderError(f'CUDA device {index} cannot be used: {first_line(error)}') from error
        self._kernels = self._compile()

    @property
    def name(self) -> str:
        """The name of the GPU: 'NVIDIA H200'."""
        return str(self._device.name)

    @property
    def compute_capability(self) -> str:
        """Its architecture: '9.0'."""
        return '{}.{}'.format(*self._device.compute_capability)

    def use(self) -> None:
        """See `Device.use`."""
        self._device.set_current()

    def stream(self) -> CudaStream:
        """See `Device.stream`."""
        return CudaStream(self._device.create_stream())

    def memory(self, size_bytes: int) -> Memory:
        """See `Device.memory`."""
        buffer = self._device.allocate(size_bytes, stream=self._allocations)
        self._allocations.sync()
        return Memory(int(buffer.handle), size_bytes, buffer)

    def borrow(self, address: int, size_bytes: int, owner: Any) -> Memory:
        """See `Device.borrow`."""
        return Memory(address, size_bytes, self._core.Buffer.from_handle(address, size_bytes, owner=owner))

    def host_array(self, shape: tuple[int, ...], dtype: DTypeLike) -> HostArray:
        """See `Device.host_array`."""
        size_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        buffer = self._pinned.allocate(size_bytes)
        address = int(buffer.handle)
        values = np.ctypeslib.as_array((ctypes.c_uint8 * size_bytes).from_address(address)).view(dtype).reshape(shape)
        values[...] = 0
        return HostArray(values, Memory(address, size_bytes, buffer))

    def copy(self, target: Memory, source: Memory, stream: Stream) -> None:
        """See `Device.copy`."""
        assert isinstance(stream, CudaStream)
        source.owner.copy_to(target.owner, stream=stream.core)

    def launch(self, kernel: str, size: tuple[int, int, int], arguments: Arguments, stream: Stream) -> None:
        """See `Device.launch`."""
        assert isinstance(stream, CudaStream)
        grid = (-(-size[0] // BLOCK[0]), -(-size[1] // BLOCK[1]), size[2])
        config = self._core.LaunchConfig(grid=grid, block=BLOCK)
        self._core.launch(stream.core, config, self._kernels[kernel], *arguments)

    def record(self, stream: Stream, work: Callable[[], None]) -> Callable[[], None]:
        """See `Device.record`."""
        assert isinstance(stream, CudaStream)
        builder = stream.core.create_graph_builder()
        builder.begin_building('thread_local')
        try:
            work()
        finally:
            builder.end_building()
        graph = builder.complete()
        return lambda: graph.launch(stream.core)

    def _compile(self) -> dict[str, Any]:
        architecture = f'sm_{self._device.arch}'
        options = self._core.ProgramOptions(std='c++17', arch=architecture, name=SOURCE.name)
        try:
            program = self._core.Program(SOURCE.read_text(encoding='utf-8'), 'c++', options)
            code = program.compile('cubin')
            return {name: code.get_kernel(name) for name in (PREPARE, LABEL)}
        except Exception as error:  # NVRTC and the search for it raise many kinds of exceptions
            raise ProviderError(
                f'failed to compile the kernels for {architecture}: {first_line(error)}; '
                f'`pip install nvidia-cuda-nvrtc` installs NVRTC'
            ) from error
