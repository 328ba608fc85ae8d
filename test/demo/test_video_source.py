from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.demo.video_source import DEFAULT_RATE_HZ, open_source
from bodypix_ros.errors import ImageError


def write_video(path: Path, frames: int, fourcc: str) -> list[int]:
    """Write a video whose frames have one grey each; return these greys."""
    greys = [20 * number + 30 for number in range(frames)]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), 12.5, (64, 48))
    for grey in greys:
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    return greys


def greys_of(path: Path, count: int) -> list[float]:
    source = open_source(path)
    return [float(source.read().mean()) for _ in range(count)]


def test_a_picture_comes_at_the_default_rate(tmp_path: Path, astronaut: NDArray[np.uint8]) -> None:
    path = tmp_path / 'picture.png'
    cv2.imwrite(str(path), astronaut)
    source = open_source(path)
    assert source.rate_hz == DEFAULT_RATE_HZ
    assert np.array_equal(source.read(), astronaut)
    assert np.array_equal(source.read(), astronaut)


@pytest.mark.parametrize(('name', 'fourcc'), [('video.avi', 'MJPG'), ('video.mp4', 'mp4v')])
@pytest.mark.parametrize('frames', [1, 2, 5])
def test_a_video_has_its_own_rate_and_starts_over_at_its_end(
    tmp_path: Path, name: str, fourcc: str, frames: int
) -> None:
    path = tmp_path / name
    expected = write_video(path, frames, fourcc)
    assert open_source(path).rate_hz == 12.5
    assert greys_of(path, 3 * frames) == pytest.approx(3 * expected, abs=5)


def test_a_clip_starts_over_with_its_first_frame(shared: Path) -> None:
    clip = sorted((shared / 'images' / 'video').glob('*.*'))[0]
    source, video = open_source(clip), cv2.VideoCapture(str(clip))
    assert source.rate_hz == video.get(cv2.CAP_PROP_FPS)
    first = source.read().copy()
    for _ in range(int(video.get(cv2.CAP_PROP_FRAME_COUNT)) - 1):
        source.read()
    assert np.array_equal(source.read(), first)
    assert source.frames_bad == 0


def test_broken_frames_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / 'video.avi'
    expected = write_video(path, 6, 'MJPG')
    data = bytearray(path.read_bytes())
    starts = [at for at in range(data.index(b'movi'), len(data)) if data[at : at + 4] == b'00dc']
    for start, end in pairwise(starts[2:5]):
        data[start + 8 : end] = bytes(end - start - 8)  # keeps the container, removes the JPEG
    path.write_bytes(data)
    source = open_source(path)
    received = [float(source.read().mean()) for _ in range(8)]
    good = expected[:2] + expected[4:]
    assert received == pytest.approx(2 * good, abs=5)
    assert source.frames_bad == 4


def test_a_video_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'video.avi'
    write_video(path, 2, 'MJPG')
    data = bytearray(path.read_bytes())
    at = data.index(b'00dc', data.index(b'movi'))
    data[at + 8 : data.index(b'idx1')] = bytes(data.index(b'idx1') - at - 8)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=f'no frame of {path} can be decoded|{path} is neither'):
        open_source(path).read()


def test_a_text_is_no_source(tmp_path: Path) -> None:
    path = tmp_path / 'notes.txt'
    path.write_text('not a picture')
    with pytest.raises(ImageError, match=f'{path} is neither a picture nor a video that OpenCV can read'):
        open_source(path)


def test_a_truncated_picture_is_refused(shared: Path) -> None:
    with pytest.raises(ImageError, match='jpeg_half.jpg is truncated'):
        open_source(shared / 'bug_inputs' / 'jpeg_half.jpg')


def test_a_video_without_a_suffix_is_recognised(tmp_path: Path) -> None:
    expected = write_video(tmp_path / 'video.avi', 2, 'MJPG')
    path = (tmp_path / 'video.avi').rename(tmp_path / 'video')
    assert greys_of(path, 4) == pytest.approx(2 * expected, abs=5)


def test_a_video_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """OpenCV would end the process."""
    write_video(tmp_path / 'video.avi', 2, 'MJPG')
    path = (tmp_path / 'video.avi').rename(tmp_path / os.fsdecode(b'video_\xe9.avi'))
    with pytest.raises(ImageError, match=r"video_\\udce9.avi' is not UTF-8, which OpenCV needs for videos; rename the"):
        open_source(path)


def test_a_source_that_does_not_exist_is_named() -> None:
    with pytest.raises(ImageError, match='/nowhere.mp4 does not exist; expected a picture, a video file or a device'):
        open_source(Path('/nowhere.mp4'))
