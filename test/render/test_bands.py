# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drawing in bands of rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.render.bands import draw_in_bands


@pytest.mark.parametrize('shape', [(1, 1), (500, 700), (3, 100_000), (33, 1024), (32, 1024)])
def test_bands_join_to_the_drawing_that_is_made_in_one_go(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    first = random.integers(0, 256, (*shape, 3), np.uint8)
    second = random.integers(0, 2, shape, np.uint8)

    def draw(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return first[..., :2] * second[..., np.newaxis]

    np.testing.assert_array_equal(draw_in_bands(draw, first, second), draw(first, second))


def test_a_large_picture_is_never_drawn_whole() -> None:
    rows: list[int] = []

    def draw(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows.append(len(image))
        return image

    draw_in_bands(draw, np.zeros((1080, 1920, 3), np.uint8))
    assert sum(rows) == 1080
    assert max(rows) < 32
