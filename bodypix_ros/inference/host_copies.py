# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Copies arrays with several threads, because a single thread is slower than a GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

THREADS = min(4, os.cpu_count() or 1)
_SMALL_BYTES = 1_500_000
"""Up to this size, one thread is faster, because starting the others takes longer than copying."""

_POOL = ThreadPoolExecutor(max(THREADS - 1, 1), 'bodypix_copy')


def bands(image: NDArray[np.generic]) -> list[slice]:
    """Return the rows of an image in bands: one per thread if the image is large, otherwise a single band."""
    height = image.shape[0]
    count = THREADS if image.nbytes > _SMALL_BYTES else 1
    return [slice(height * index // count, height * (index + 1) // count) for index in range(count)]


def run_in_threads(tasks: Sequence[Callable[[], None]], size_bytes: int) -> None:
    """Run tasks, with several threads if they are large; numpy releases the GIL while it copies.

    Args:
        tasks: the tasks, which may run in any order.
        size_bytes: total number of bytes that they copy.
    """
    if len(tasks) == 1 or size_bytes <= _SMALL_BYTES:
        _run_all(tasks)
        return
    futures = [_POOL.submit(_run_all, tasks[index::THREADS]) for index in range(1, THREADS)]
    _run_all(tasks[::THREADS])
    for future in futures:
        future.result()


def _run_all(tasks: Sequence[Callable[[], None]]) -> None:
    for task in tasks:
        task()
