# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every encoding against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.encodings import ENCODINGS, encode_labels, size_problem, to_bgr

BLUE, GREEN, RED, GREY = 10, 20, 30, 77


@pytest.mark.parametrize(
    ('encoding', 'pixel', 'bgr'),
    [
        ('bgr8', [BLUE, GREEN, RED], [BLUE, GREEN, RED]),
        ('8UC3', [BLUE, GREEN, RED], [BLUE, GREEN, RED]),
        ('rgb8', [RED, GREEN, BLUE], [BLUE, GREEN, RED]),
        ('bgra8', [BLUE, GREEN, RED, 0], [BLUE, GREEN, RED]),
        ('rgba8', [RED, GREEN, BLUE, 255], [BLUE, GREEN, RED]),
        ('mono8', [GREY], [GREY] * 3),
        ('8UC1', [GREY], [GREY] * 3),
        ('8UC4', [BLUE, GREEN, RED, 0], [BLUE, GREEN, RED]),
    ],
)
def test_eight_bit_colours_become_bgr(encoding: str, pixel: list[int], bgr: list[int]) -> None:
    pixels = np.full((2, 4, len(pixel)), pixel, np.uint8)
    assert (to_bgr(pixels, ENCODINGS[encoding]) == bgr).all()


@pytest.mark.parametrize('encoding', ['mono16', '16UC1'])
@pytest.mark.parametrize('order', ['<', '>'])
def test_sixteen_bits_are_scaled_to_eight(encoding: str, order: str) -> None:
    pixels = np.array([[0, 128, 129, 257, 25700, 65535]], f'{order}u2')[..., None]
    assert to_bgr(pixels, ENCODINGS[encoding])[0, :, 0].tolist() == [0, 0, 1, 1, 100, 255]


@pytest.mark.parametrize(
    ('encoding', 'channels'),
    [('bgr16', 'bgr'), ('16UC3', 'bgr'), ('rgb16', 'rgb'), ('bgra16', 'bgra'), ('rgba16', 'rgba'), ('16UC4', 'bgra')],
)
@pytest.mark.parametrize('order', ['<', '>'])
def test_sixteen_bit_colours_become_bgr(encoding: str, channels: str, order: str) -> None:
    values = {'b': BLUE, 'g': GREEN, 'r': RED, 'a': 0}
    pixels = np.full((2, 4, len(channels)), [values[channel] * 257 for channel in channels], f'{order}u2')
    assert (to_bgr(pixels, ENCODINGS[encoding]) == [BLUE, GREEN, RED]).all()


@pytest.mark.parametrize(('bits', 'values'), [(10, [0, 2, 4, 511, 1023]), (12, [0, 8, 16, 2045, 4095])])
@pytest.mark.parametrize('encoding', ['mono16', '16UC1'])
def test_ten_and_twelve_significant_bits_are_scaled_to_eight(encoding: str, bits: int, values: list[int]) -> None:
    pixels = np.array([[*values, 65535]], np.uint16)[..., None]
    assert to_bgr(pixels, ENCODINGS[encoding], bits)[0, :, 0].tolist() == [0, 0, 1, 127, 255, 255]


@pytest.mark.parametrize('encoding', ['mono16', '16UC1', 'bayer_rggb16', 'bgr16'])
@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('step', [24, 25, 27, 28, 29])
def test_rows_of_sixteen_bits_may_begin_at_odd_addresses(encoding: str, order: str, step: int) -> None:
    channels = ENCODINGS[encoding].channels
    width = 12 // channels
    values = (np.arange(4 * 12) * 257).astype(f'{order}u2').reshape(4, width, channels)
    data = bytearray(4 * step)
    rows = np.ndarray(values.shape, values.dtype, data, strides=(step, 2 * channels, 2))
    rows[:] = values
    expected = to_bgr(values.astype(np.uint16), ENCODINGS[encoding])
    np.testing.assert_array_equal(to_bgr(rows, ENCODINGS[encoding]), expected)
    if encoding == 'mono16':
        assert expected[:, :, 0].tolist() == np.arange(48).reshape(4, 12).tolist()


# BT.601 with limited range: R = 1.164 (Y - 16) + 1.596 (V - 128), B = 1.164 (Y - 16) + 2.018 (U - 128), and
# G = 1.164 (Y - 16) - 0.391 (U - 128) - 0.813 (V - 128).
YUV_BGR = [
    ((16, 128, 128), (0, 0, 0)),
    ((235, 128, 128), (255, 255, 255)),
    ((126, 128, 128), (128, 128, 128)),
    ((81, 90, 240), (0, 0, 254)),
    ((145, 54, 34), (1, 255, 0)),
    ((41, 240, 110), (255, 0, 0)),
]


@pytest.mark.parametrize(('yuv', 'bgr'), YUV_BGR)
@pytest.mark.parametrize('encoding', ['yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv', 'nv12', 'nv21', 'nv24'])
def test_yuv_becomes_bgr(encoding: str, yuv: tuple[int, int, int], bgr: tuple[int, int, int]) -> None:
    y, u, v = yuv
    if encoding in ('yuv422', 'uyvy'):
        pixels = np.full((2, 2, 2), [[u, y], [v, y]], np.uint8)
    elif encoding in ('yuv422_yuy2', 'yuyv'):
        pixels = np.full((2, 2, 2), [[y, u], [y, v]], np.uint8)
    elif encoding == 'nv24':
        pixels = np.array([[y, y], [y, y], [u, v], [u, v], [u, v], [u, v]], np.uint8)[..., None]
    else:
        chroma = [u, v] if encoding == 'nv12' else [v, u]
        pixels = np.array([[y, y], [y, y], chroma], np.uint8)[..., None]
    picture = to_bgr(pixels, ENCODINGS[encoding])
    assert picture.shape == (2, 2, 3)
    assert np.abs(picture.astype(int) - bgr).max() <= 2


@pytest.mark.parametrize('padding', [0, 3])
def test_every_pixel_of_nv24_has_its_own_colour(padding: int) -> None:
    yuv = [pixel for pixel, _ in YUV_BGR]
    step = 3 + padding  # of Y; the lines of U and V are twice as long
    data = np.full(3 * 2 * step, 99, np.uint8)
    luma = np.ndarray((2, 3), np.uint8, data, strides=(step, 1))
    chroma = np.ndarray((2, 3, 2), np.uint8, data, offset=2 * step, strides=(2 * step, 2, 1))
    for index, (y, u, v) in enumerate(yuv):
        luma[divmod(index, 3)], chroma[divmod(index, 3)] = y, (u, v)
    picture = to_bgr(np.ndarray((6, 3, 1), np.uint8, data, strides=(step, 1, 1)), ENCODINGS['nv24'])
    assert np.abs(picture.reshape(6, 3).astype(int) - [bgr for _, bgr in YUV_BGR]).max() <= 2


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('bits', [8, 16])
def test_bayer_patterns_find_their_colours(pattern: str, bits: int) -> None:
    values = {'b': 40, 'g': 120, 'r': 200}
    tile = np.array([values[color] for color in pattern], np.uint16).reshape(2, 2)
    mosaic = np.tile(tile, (8, 8)) * (257 if bits == 16 else 1)
    pixels = mosaic.astype(np.uint8 if bits == 8 else np.uint16)[..., None]
    picture = to_bgr(pixels, ENCODINGS[f'bayer_{pattern}{bits}'])
    assert (picture[2:-2, 2:-2] == [40, 120, 200]).all()


def test_padded_rows_are_left_out() -> None:
    rows = np.arange(2 * 20, dtype=np.uint8).reshape(2, 20)
    view = np.ndarray((2, 4, 3), np.uint8, rows, strides=(20, 3, 1))
    assert (to_bgr(view, ENCODINGS['rgb8'])[1, 0] == [22, 21, 20]).all()


@pytest.mark.parametrize(('encoding', 'background'), [('8SC1', -1), ('8UC1', 255), ('16SC1', -1), ('32SC1', -1)])
def test_background_is_minus_one_or_255(encoding: str, background: int) -> None:
    assert encode_labels(np.array([[-1, 23]], np.int8), encoding).tolist() == [[background, 23]]


def test_the_limits_of_sizes_are_inclusive() -> None:
    assert size_problem(2**14, 2**11) == size_problem(1, 2**14) == ''
    assert size_problem(2**14, 2**11 + 1) == '2049x16384 exceeds the limit of 33554432 pixels, 16384 per side'
    assert size_problem(2**14 + 1, 1) == '1x16385 exceeds the limit of 33554432 pixels, 16384 per side'
