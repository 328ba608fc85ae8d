"""A CUDA driver made up for tests."""

from __future__ import annotations

import ctypes


class FakeLibrary:
    """Answers as libcuda does; 0 is success."""

    def __init__(self, failing: str = '') -> None:
        self.failing = failing
        self.freed: list[int] = []
        self.downloads = 0
        self.blocks: list[ctypes.Array[ctypes.c_uint8]] = []

    def _code(self, name: str) -> int:
        return 2 if self.failing == name else 0

    def cuInit(self, _flags: int) -> int:
        return self._code('cuInit')

    def cuDeviceGet(self, device, number: int) -> int:
        device._obj.value = number
        return self._code('cuDeviceGet')

    def cuDeviceGetName(self, name, _length: int, _device) -> int:
        name.value = b'NVIDIA H200'
        return 0

    def cuDeviceGetAttribute(self, value, code: int, _device) -> int:
        value._obj.value = {75: 9, 76: 0}[code]
        return 0

    def cuMemAllocHost_v2(self, address, size) -> int:
        self.blocks.append((ctypes.c_uint8 * size.value)())
        address._obj.value = ctypes.addressof(self.blocks[-1])
        return self._code('cuMemAllocHost_v2')

    def cuMemFreeHost(self, address) -> int:
        self.freed.append(address.value)
        return 0

    def cuMemcpyDtoH_v2(self, host, device, size) -> int:
        self.downloads += 1
        ctypes.memmove(host, device.value, size.value)
        return self._code('cuMemcpyDtoH_v2')
