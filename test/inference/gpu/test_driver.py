"""What is asked of the CUDA driver, with a driver made up for tests."""

from __future__ import annotations

import ctypes
import gc

import numpy as np
import pytest
from fake_cuda import FakeLibrary

from bodypix_ros.inference.gpu import driver as module
from bodypix_ros.inference.gpu.driver import Driver, Gpu, find_driver


def test_a_gpu_has_a_name_and_a_compute_capability() -> None:
    assert Driver(FakeLibrary()).gpu(0) == Gpu('NVIDIA H200', '9.0')


def test_a_gpu_that_is_not_there_has_neither() -> None:
    assert Driver(FakeLibrary('cuDeviceGet')).gpu(7) == Gpu('', '')


def test_page_locked_memory_is_freed_with_its_array() -> None:
    library = FakeLibrary()
    array = Driver(library).page_locked((2, 3, 4), np.float32)
    assert (array.shape, array.dtype, array.nbytes) == ((2, 3, 4), np.float32, len(library.blocks[0]))
    array[:] = 1.5
    assert np.all(np.frombuffer(library.blocks[0], np.float32) == 1.5)
    view = array[0]
    del array
    gc.collect()
    assert library.freed == []  # the view still needs it
    del view
    gc.collect()
    assert library.freed == [ctypes.addressof(library.blocks[0])]


def test_without_page_locked_memory_there_is_no_array() -> None:
    assert Driver(FakeLibrary('cuMemAllocHost_v2')).page_locked((2,), np.uint8) is None


@pytest.mark.parametrize(('failing', 'expected'), [('', True), ('cuMemcpyDtoH_v2', False)])
def test_a_download_says_whether_it_worked(failing, expected) -> None:
    source, target = np.arange(6, dtype=np.uint8), np.zeros(6, np.uint8)
    assert Driver(FakeLibrary(failing)).download(source.ctypes.data, target) is expected
    assert np.array_equal(target, source)


def test_there_is_no_driver_where_its_library_is_missing(monkeypatch) -> None:
    monkeypatch.setattr(module, '_LIBRARY', 'libcuda-of-nobody.so.1')
    find_driver.cache_clear()
    assert find_driver() is None
    find_driver.cache_clear()


@pytest.mark.parametrize(('failing', 'expected'), [('', True), ('cuInit', False)])
def test_a_driver_that_does_not_start_is_none(monkeypatch, failing, expected) -> None:
    monkeypatch.setattr(ctypes, 'CDLL', lambda _name: FakeLibrary(failing))
    find_driver.cache_clear()
    assert (find_driver() is not None) is expected
    find_driver.cache_clear()
