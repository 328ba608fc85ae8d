# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes small videos for tests."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 12.5
HEIGHT, WIDTH = 48, 64


def picture(grey: int) -> NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH, 3), grey, np.uint8)


def write_greys(path: Path, frames: int, fourcc: str = 'MJPG') -> list[int]:
    """Write a video whose frames have one grey each; return these greys."""
    greys = [30 + 20 * number % 200 for number in range(frames)]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), RATE_HZ, (WIDTH, HEIGHT))
    for grey in greys:
        writer.write(picture(grey))
    writer.release()
    return greys


def break_frames(path: Path, first: int, last: int) -> None:
    """Overwrite the JPEG data of frames of an MJPG video; the container remains valid."""
    data = bytearray(path.read_bytes())
    starts = [at for at in range(data.index(b'movi'), len(data)) if data[at : at + 4] == b'00dc']
    for start, end in pairwise(starts[first : last + 2]):
        data[start + 8 : end] = bytes(end - start - 8)
    path.write_bytes(data)


def write_av(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    stamps_ms: Sequence[int],
    audio: bool = False,
    audio_codec: str = 'aac',
) -> None:
    """Write an H.264 video with the given stamps, and a tone if `audio`; needs PyAV."""
    import av

    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=30)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt, stream.time_base = 'yuv420p', Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        tone = container.add_stream(audio_codec, rate=16000, layout='mono') if audio else None
        for image, stamp_ms in zip(images, stamps_ms, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='bgr24')
            frame.pts, frame.time_base = stamp_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            for start in range(0, 16 * stamps_ms[-1], 1024):
                wave = np.sin(np.arange(start, start + 1024) * 0.17).astype(np.float32)[None]
                sound = av.AudioFrame.from_ndarray(wave, format='fltp', layout='mono')
                sound.sample_rate, sound.pts = 16000, start
                container.mux(tone.encode(sound))
            container.mux(tone.encode())


def set_rotation(path: Path, degrees: int) -> None:
    """Set the clockwise rotation in the track header of an MP4 file: 90, 180 or 270."""
    one = 1 << 16
    a, b = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    data = bytearray(path.read_bytes())
    at = data.index(b'tkhd') + 44
    data[at : at + 36] = struct.pack('>9i', a, b, 0, -b, a, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def red_walk(count: int, height: int = 96, width: int = 128) -> list[NDArray[np.uint8]]:
    """Return frames of a noisy grey background on which a red person walks to the right."""
    rng = np.random.default_rng(0)
    frames = []
    for number in range(count):
        frame = rng.integers(40, 80, (height, width, 3)).astype(np.uint8)
        frame[..., 2] //= 10
        left = 5 + 2 * number
        frame[20:80, left : left + 20, 2] = rng.integers(130, 240, (60, 20))
        frames.append(frame)
    return frames


def write_pictures(folder: Path, images: Sequence[NDArray[np.uint8]]) -> None:
    """Write frame_0.png, frame_1.png, ..."""
    folder.mkdir()
    for number, image in enumerate(images):
        (folder / f'frame_{number}.png').write_bytes(cv2.imencode('.png', image)[1].tobytes())


def write_lossless(path: Path, images: Sequence[NDArray[np.uint8]], rate_hz: float = 10.0) -> None:
    """Write an FFV1 video."""
    height, width = images[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*'FFV1'), rate_hz, (width, height))
    for image in images:
        writer.write(image)
    writer.release()
