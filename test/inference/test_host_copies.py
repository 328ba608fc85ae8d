# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Copies by several threads."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from bodypix_ros.inference.host_copies import THREADS, bands, run_in_threads


def test_a_small_image_is_one_band_and_a_large_one_has_one_for_each_thread() -> None:
    assert bands(np.zeros((480, 640), np.uint8)) == [slice(0, 480)]
    assert len(bands(np.zeros((1080, 1920), np.uint8))) == THREADS


@pytest.mark.parametrize('shape', [(1080, 1920, 3), (1081, 1999), (2, 1_000_000), (7, 5)])
def test_bands_hold_every_row_once(shape) -> None:
    image = np.zeros(shape, np.uint8)
    rows = [row for band in bands(image) for row in range(shape[0])[band]]
    assert rows == list(range(shape[0]))


@pytest.mark.parametrize('count', [1, 3, 9])
@pytest.mark.parametrize('size_bytes', [10, 10_000_000])
def test_every_task_runs_once(count, size_bytes) -> None:
    done: list[int] = []
    run_in_threads([partial(done.append, index) for index in range(count)], size_bytes)
    assert sorted(done) == list(range(count))


def test_what_goes_wrong_in_a_thread_is_raised() -> None:
    def fail() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        run_in_threads([lambda: None, fail, lambda: None], 10_000_000)
