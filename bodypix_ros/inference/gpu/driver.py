"""The few functions of the CUDA driver that ONNX Runtime does not offer to Python."""

from __future__ import annotations

import ctypes
import math
import weakref
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LIBRARY = 'libcuda.so.1'
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76  # CUdevice_attribute


@dataclass(frozen=True)
class Gpu:
    """A GPU: its name, such as 'NVIDIA H200', and its compute capability, such as '9.0'."""

    name: str
    capability: str


class Driver:
    """The CUDA driver library. Its memory functions need a thread on which ONNX Runtime has used CUDA before."""

    def __init__(self, library: Any) -> None:
        """Use a library that has been initialised; `find_driver` does both."""
        self._library = library

    def gpu(self, device_id: int) -> Gpu:
        """Return what the GPU of this number is; empty texts where there is none."""
        device = ctypes.c_int()
        name = ctypes.create_string_buffer(256)
        if self._library.cuDeviceGet(ctypes.byref(device), device_id):
            return Gpu('', '')
        self._library.cuDeviceGetName(name, len(name), device)
        capability = [self._attribute(device, code) for code in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR)]
        return Gpu(name.value.decode(errors='replace'), '.'.join(map(str, capability)))

    def page_locked(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any] | None:
        """Return an array in page-locked memory, which the GPU copies at full speed; None where there is none left."""
        address = ctypes.c_void_p()
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if self._library.cuMemAllocHost_v2(ctypes.byref(address), ctypes.c_size_t(size)):
            return None
        memory = (ctypes.c_uint8 * size).from_address(address.value or 0)
        weakref.finalize(memory, self._library.cuMemFreeHost, address).atexit = False  # CUDA may be gone by then
        return np.frombuffer(memoryview(memory).cast('B'), dtype).reshape(shape)

    def download(self, address: int, target: NDArray[Any]) -> bool:
        """Copy GPU memory into a contiguous array, once all work is done; return whether that worked."""
        host, device = ctypes.c_void_p(target.ctypes.data), ctypes.c_uint64(address)
        return not self._library.cuMemcpyDtoH_v2(host, device, ctypes.c_size_t(target.nbytes))

    def _attribute(self, device: ctypes.c_int, code: int) -> int:
        value = ctypes.c_int()
        self._library.cuDeviceGetAttribute(ctypes.byref(value), code, device)
        return value.value


@cache
def find_driver() -> Driver | None:
    """Return the driver of this machine, or None where there is none or it does not start."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    return Driver(library) if library.cuInit(0) == 0 else None
