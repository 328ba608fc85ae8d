# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pixels are written back in every encoding, and all others keep their bytes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.encodings import ENCODINGS, to_bgr
from bodypix_ros.recordings.image_writing import write_bgr

HEIGHT, WIDTH = 64, 80
REGION = slice(16, 48), slice(20, 60)


def blank_rows(name: str, seed: int = 0) -> NDArray[Any]:
    """Return random rows of an encoding, (data rows, W, channels)."""
    encoding = ENCODINGS[name]
    shape = HEIGHT * encoding.rows // 2, WIDTH, encoding.channels
    return np.random.default_rng(seed).integers(0, 2**encoding.bits, shape, f'u{encoding.bits // 8}')


@pytest.fixture
def smooth(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A blurred picture: subsampled colour and Bayer patterns lose little of it."""
    small = cv2.resize(astronaut, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 4), np.uint8)


@pytest.mark.parametrize('name', ENCODINGS)
def test_a_region_shows_the_new_image(name: str, smooth: NDArray[np.uint8]) -> None:
    pixels = blank_rows(name)
    changed = np.zeros((HEIGHT, WIDTH), bool)
    changed[REGION] = True
    write_bgr(pixels, name, smooth, changed)
    inner = slice(20, 44), slice(24, 56)  # at its border, colours mix with those of the neighbours
    expected = (
        smooth
        if ENCODINGS[name].channels > 1 or name.startswith(('bayer', 'nv'))
        else cv2.cvtColor(cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    )
    difference = np.abs(to_bgr(pixels, ENCODINGS[name])[inner].astype(int) - expected[inner])
    assert difference.max() <= 6


@pytest.mark.parametrize('name', ENCODINGS)
def test_all_other_pixels_keep_their_values(name: str, smooth: NDArray[np.uint8]) -> None:
    before, pixels = blank_rows(name), blank_rows(name)
    changed = np.zeros((HEIGHT, WIDTH), bool)
    changed[REGION] = True
    write_bgr(pixels, name, smooth, changed)
    outside = ~changed
    assert (pixels[:HEIGHT][outside] == before[:HEIGHT][outside]).all()
    assert (pixels[:HEIGHT][changed] != before[:HEIGHT][changed]).any()
    if name in ('nv12', 'nv21'):
        pairs = outside[::2, ::2]
        assert (
            pixels[HEIGHT:, :, 0].reshape(-1, WIDTH // 2, 2)[pairs]
            == before[HEIGHT:, :, 0].reshape(-1, WIDTH // 2, 2)[pairs]
        ).all()


@pytest.mark.parametrize('name', ['bgra8', 'rgba16'])
def test_the_alpha_channel_is_kept(name: str, smooth: NDArray[np.uint8]) -> None:
    before, pixels = blank_rows(name), blank_rows(name)
    write_bgr(pixels, name, smooth, np.ones((HEIGHT, WIDTH), bool))
    assert (pixels[..., 3] == before[..., 3]).all()


@pytest.mark.parametrize(('bits', 'white'), [(16, 65535), (12, 4095), (10, 1023)])
def test_16_bit_values_fill_the_range_of_the_camera(bits: int, white: int) -> None:
    pixels = np.zeros((2, 2, 1), '>u2')
    write_bgr(pixels, 'mono16', np.full((2, 2, 3), 255, np.uint8), np.ones((2, 2), bool), bits)
    assert (pixels == white).all()


def test_padding_of_nv24_rows_is_respected(smooth: NDArray[np.uint8]) -> None:
    memory = np.zeros((3 * HEIGHT, WIDTH + 16), np.uint8)
    rows = memory[:, :WIDTH, None]
    write_bgr(rows, 'nv24', smooth, np.ones((HEIGHT, WIDTH), bool))
    assert np.abs(to_bgr(rows, ENCODINGS['nv24']).astype(int) - smooth).max() <= 6
