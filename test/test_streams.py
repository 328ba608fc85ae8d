"""Compressed images there and back, and what must not come through."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.streams import decode_stream

MANY = 10**6


def test_png_streams_are_lossless(astronaut: NDArray[np.uint8]) -> None:
    stream = cv2.imencode('.png', astronaut)[1]
    assert (decode_stream(stream, MANY) == astronaut).all()


def test_jpeg_streams_come_close(astronaut: NDArray[np.uint8]) -> None:
    stream = cv2.imencode('.jpg', astronaut)[1]
    assert np.abs(decode_stream(stream, MANY).astype(int) - astronaut).mean() < 3


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_a_stream_that_was_cut_off_is_refused(astronaut: NDArray[np.uint8], suffix: str) -> None:
    stream = cv2.imencode(suffix, astronaut)[1]
    with pytest.raises(ImageError, match='was cut off'):
        decode_stream(stream[: len(stream) // 2], MANY)


def test_a_broken_stream_is_refused(astronaut: NDArray[np.uint8]) -> None:
    stream = cv2.imencode('.png', astronaut)[1]
    stream[100:140] = 0
    with pytest.raises(ImageError, match='cannot be decoded'):
        decode_stream(stream, MANY)


@pytest.mark.parametrize('options', [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]])
def test_every_kind_of_jpeg_is_understood(astronaut: NDArray[np.uint8], options: list[int]) -> None:
    stream = cv2.imencode('.jpg', astronaut[:301], options)[1]
    assert decode_stream(stream, MANY).shape == (301, 512, 3)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_a_stream_of_too_many_pixels_is_refused(astronaut: NDArray[np.uint8], suffix: str) -> None:
    stream = cv2.imencode(suffix, astronaut)[1]
    assert decode_stream(stream, 512 * 512).shape == (512, 512, 3)
    with pytest.raises(ImageError, match='a compressed image of 512x512 is above the limit of 262143 pixels'):
        decode_stream(stream, 512 * 512 - 1)


def test_a_forged_size_takes_no_memory(astronaut: NDArray[np.uint8]) -> None:
    stream = cv2.imencode('.png', astronaut)[1]
    stream[16:24] = 0x7F
    stream[29:33] = np.frombuffer(zlib.crc32(stream[12:29].tobytes()).to_bytes(4, 'big'), np.uint8)
    with pytest.raises(ImageError, match='a compressed image of 2139062143x2139062143 is above the limit'):
        decode_stream(stream, MANY)


def test_a_forged_length_takes_no_memory(astronaut: NDArray[np.uint8]) -> None:
    stream = cv2.imencode('.png', astronaut)[1]
    stream[33] = 0xF0
    with pytest.raises(ImageError, match='was cut off'):
        decode_stream(stream, MANY)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_damaged_streams_are_refused_or_read_but_never_break_anything(
    astronaut: NDArray[np.uint8], suffix: str
) -> None:
    random = np.random.default_rng(3)
    good = cv2.imencode(suffix, cv2.resize(astronaut, (64, 48)))[1]
    for _ in range(300):
        damaged = good.copy()
        damaged[random.integers(0, len(good), 3)] = random.integers(0, 256, 3)
        try:
            assert decode_stream(damaged, MANY).shape[2] == 3
        except ImageError as error:
            assert 'a compressed image of' in str(error) or 'neither JPEG nor PNG' in str(error)


@pytest.mark.parametrize('stream', [b'', b'GIF89a', bytes(100)])
def test_other_streams_are_refused(stream: bytes) -> None:
    with pytest.raises(ImageError, match='neither JPEG nor PNG'):
        decode_stream(np.frombuffer(stream, np.uint8), MANY)
