# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import clips
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.demo.video_source import VideoSource
from bodypix_ros.errors import ImageError
from bodypix_ros.recordings.frames import DEFAULT_RATE_HZ


def greys_of(path: Path, count: int) -> list[float]:
    source = VideoSource(path)
    return [float(source.read().mean()) for _ in range(count)]


def test_a_picture_is_repeated_at_the_default_rate(tmp_path: Path, astronaut: NDArray[np.uint8]) -> None:
    path = tmp_path / 'picture.png'
    cv2.imwrite(str(path), astronaut)
    source = VideoSource(path)
    assert source.rate_hz == DEFAULT_RATE_HZ
    first = source.read()
    assert np.array_equal(first, astronaut)
    assert source.read() is first, 'it is decoded once'


@pytest.mark.parametrize(('name', 'fourcc'), [('video.avi', 'MJPG'), ('video.mp4', 'mp4v')])
@pytest.mark.parametrize('frames', [1, 2, 5])
def test_a_video_has_its_own_rate_and_starts_over_at_its_end(
    tmp_path: Path, name: str, fourcc: str, frames: int
) -> None:
    path = tmp_path / name
    expected = clips.write_greys(path, frames, fourcc)
    assert VideoSource(path).rate_hz == clips.RATE_HZ
    assert greys_of(path, 3 * frames) == pytest.approx(3 * expected, abs=5)


def test_a_folder_of_pictures_starts_over_at_its_end(tmp_path: Path) -> None:
    clips.write_pictures(tmp_path / 'in', [clips.picture(grey) for grey in (10, 20, 30)])
    assert greys_of(tmp_path / 'in', 7) == [10, 20, 30, 10, 20, 30, 10]


def test_a_clip_starts_over_with_its_first_frame(shared: Path) -> None:
    clip = shared / 'images' / 'video' / 'pose_squats.mp4'
    source, video = VideoSource(clip), cv2.VideoCapture(str(clip))
    assert source.rate_hz == video.get(cv2.CAP_PROP_FPS)
    first = source.read().copy()
    for _ in range(int(video.get(cv2.CAP_PROP_FRAME_COUNT)) - 1):
        source.read()
    assert np.array_equal(source.read(), first)
    assert source.frames_bad == 0


def test_broken_frames_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / 'video.avi'
    expected = clips.write_greys(path, 6)
    clips.break_frames(path, 2, 3)
    source = VideoSource(path)
    received = [float(source.read().mean()) for _ in range(8)]
    good = expected[:2] + expected[4:]
    assert received == pytest.approx(2 * good, abs=5)
    assert source.frames_bad == 4


def test_a_video_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'video.avi'
    clips.write_greys(path, 2)
    data = bytearray(path.read_bytes())
    at = data.index(b'00dc', data.index(b'movi'))
    data[at + 8 : data.index(b'idx1')] = bytes(data.index(b'idx1') - at - 8)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=f'no frame of {path} can be decoded|{path} is not a video'):
        VideoSource(path).read()


def test_a_truncated_picture_is_refused(shared: Path) -> None:
    with pytest.raises(ImageError, match='jpeg_half.jpg is truncated'):
        VideoSource(shared / 'bug_inputs' / 'jpeg_half.jpg').read()


def test_a_source_that_does_not_exist_is_named() -> None:
    with pytest.raises(ImageError, match='/nowhere.mp4 does not exist; expected a video, a picture, a folder'):
        VideoSource(Path('/nowhere.mp4'))
