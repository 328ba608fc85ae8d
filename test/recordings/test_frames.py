# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clips
import cv2
import numpy as np
import PIL
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.recordings import frames
from bodypix_ros.recordings.capture import FileCapture
from bodypix_ros.recordings.frames import (
    DEFAULT_RATE_HZ,
    Frame,
    FrameSource,
    distinct_names,
    list_pictures,
    open_frames,
    with_upcoming,
)


@pytest.fixture(params=['opencv', 'pyav'])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library that `open_frames` uses for files."""
    if request.param == 'pyav':
        pytest.importorskip('av', reason='needs PyAV')
    else:
        monkeypatch.setattr(frames, 'has_pyav', lambda: False)
    return str(request.param)


def read(path: Path) -> tuple[FrameSource, list[Frame]]:
    with open_frames(path) as source:
        return source, list(source)


def greys_of(found: list[Frame]) -> list[float]:
    return [float(frame.image.mean()) for frame in found]


def test_a_video_has_its_rate_count_and_stamps(reader: str, tmp_path: Path) -> None:
    greys = clips.write_greys(tmp_path / 'clip.avi', 6)
    source, found = read(tmp_path / 'clip.avi')
    assert (source.rate_hz, source.count, source.bad_frames, source.live) == (12.5, 6, 0, False)
    assert [(frame.index, frame.name) for frame in found] == [(number, f'00000{number}') for number in range(6)]
    assert [frame.stamp_s for frame in found] == pytest.approx([0, 0.08, 0.16, 0.24, 0.32, 0.4])
    assert greys_of(found) == pytest.approx(greys, abs=2)
    assert found[0].image.shape == (clips.HEIGHT, clips.WIDTH, 3)


def test_broken_frames_are_skipped_and_counted(reader: str, tmp_path: Path) -> None:
    greys = clips.write_greys(tmp_path / 'clip.avi', 6)
    clips.break_frames(tmp_path / 'clip.avi', 2, 3)
    source, found = read(tmp_path / 'clip.avi')
    assert source.bad_frames == 2
    assert [frame.index for frame in found] == [0, 1, 2, 3]
    assert [frame.stamp_s for frame in found] == pytest.approx([0, 0.08, 0.32, 0.4])
    assert greys_of(found) == pytest.approx(greys[:2] + greys[4:], abs=2)


def test_the_broken_frame_of_a_real_file(reader: str, shared: Path) -> None:
    source, found = read(shared / 'bug_inputs' / 'video_one_bad_frame.avi')
    assert (source.bad_frames, source.count, len(found), found[-1].index) == (1, 40, 39, 38)


def test_skipping_gives_the_same_frames_as_reading(reader: str, tmp_path: Path) -> None:
    clips.write_greys(tmp_path / 'clip.avi', 8)
    clips.break_frames(tmp_path / 'clip.avi', 2, 2)
    _, expected = read(tmp_path / 'clip.avi')
    with open_frames(tmp_path / 'clip.avi') as source:
        source.skip(4)
        found = list(source)
    assert [(frame.index, frame.stamp_s) for frame in found] == [(one.index, one.stamp_s) for one in expected[4:]]
    assert all(np.array_equal(frame.image, one.image) for frame, one in zip(found, expected[4:], strict=True))
    assert source.bad_frames == 1


def test_opencv_and_pyav_read_the_same_clips(shared: Path) -> None:
    pytest.importorskip('av', reason='needs PyAV')
    for name in ('walk.mkv', 'pose_squats.mp4'):
        path = shared / 'images' / 'video' / name
        with open_frames(path) as first, FileCapture(path) as second:
            pairs = list(zip(first, second, strict=True))
        assert (first.rate_hz, len(pairs)) == (second.rate_hz, {'walk.mkv': 89, 'pose_squats.mp4': 65}[name])
        for ours, theirs in pairs:
            assert ours.stamp_s == pytest.approx(theirs.stamp_s, abs=1e-6)
            assert np.abs(ours.image[::8, ::8].astype(int) - theirs.image[::8, ::8]).mean() < 2


@pytest.mark.parametrize(('degrees', 'red'), [(90, (4, 24)), (180, (20, 28)), (270, (28, 8))])
def test_rotation_metadata_are_applied(reader: str, degrees: int, red: tuple[int, int], tmp_path: Path) -> None:
    pytest.importorskip('av', reason='needs PyAV to write the clip')
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16, :24] = (0, 0, 255)
    clips.write_av(tmp_path / 'clip.mp4', [image] * 3, [0, 40, 80])
    clips.set_rotation(tmp_path / 'clip.mp4', degrees)
    _, found = read(tmp_path / 'clip.mp4')
    upright = np.rot90(image, -degrees // 90)
    assert found[0].image.shape == upright.shape
    assert ((found[0].image[..., 2] > 128) != (upright[..., 2] > 128)).mean() < 0.01


def test_stamps_of_a_variable_frame_rate_are_exact(tmp_path: Path) -> None:
    pytest.importorskip('av', reason='needs PyAV')
    stamps_ms = [500, 533, 600, 900, 917]
    clips.write_av(tmp_path / 'clip.mkv', [clips.picture(grey) for grey in range(0, 200, 40)], stamps_ms)
    source, found = read(tmp_path / 'clip.mkv')
    assert [round(frame.stamp_s * 1e3, 6) for frame in found] == [0, 33, 100, 400, 417]
    assert source.start_s == pytest.approx(0.5)


def test_stamps_increase_where_those_of_the_file_do_not() -> None:
    class Source(FrameSource):
        def __init__(self) -> None:
            super().__init__(10.0, 0)
            self.stamps_s = iter([5.0, float('nan'), 5.3, 5.3, 2.0, 6.0])

        def _grab(self) -> float | None:
            return next(self.stamps_s, None)

        def _retrieve(self) -> NDArray[np.uint8]:
            return clips.picture(0)

    found = [frame.stamp_s for frame in Source()]
    assert found == pytest.approx([0.0, 0.1, 0.3, 0.4, 0.5, 1.0])


def test_pictures_of_a_folder_are_in_natural_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number, grey in ((10, 100), (9, 90), (1, 10)):
        cv2.imwrite(str(tmp_path / f'frame_{number}.png'), clips.picture(grey))
    (tmp_path / 'frame_2.jpg').write_bytes(b'\xff\xd8\xff broken')
    (tmp_path / 'notes.txt').write_text('not a picture')
    (tmp_path / '.hidden.png').write_bytes(b'')
    with open_frames(tmp_path, rate_hz=5.0) as source:
        found = list(source)
    assert (source.count, source.bad_frames, source.rate_hz) == (4, 1, 5.0)
    (line,) = caplog.messages
    assert line == f'skipped: {tmp_path}/frame_2.jpg is not a picture that Pillow {PIL.__version__} can read'
    assert [(frame.index, frame.name, frame.image[0, 0, 0]) for frame in found] == [
        (0, 'frame_1', 10), (1, 'frame_9', 90), (2, 'frame_10', 100),
    ]  # fmt: skip
    assert [frame.stamp_s for frame in found] == pytest.approx([0.0, 0.4, 0.6])


@pytest.mark.parametrize('name', ['picture.png', 'picture', 'picture.dat'])
def test_a_picture_is_one_frame(reader: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(cv2.imencode('.png', clips.picture(70))[1].tobytes())
    source, (frame,) = read(tmp_path / name)
    assert (source.count, frame.index, frame.name, frame.image[0, 0, 0]) == (1, 0, 'picture', 70)


def test_a_forged_picture_is_not_decoded(reader: str, shared: Path) -> None:
    with pytest.raises(ImageError, match='forged_60000x60000.png exceeds the limit of'):
        read(shared / 'bug_inputs' / 'forged_60000x60000.png')


def test_a_video_without_a_suffix_is_recognised(reader: str, tmp_path: Path) -> None:
    greys = clips.write_greys(tmp_path / 'clip.avi', 3)
    (tmp_path / 'clip.avi').rename(tmp_path / 'clip')
    assert greys_of(read(tmp_path / 'clip')[1]) == pytest.approx(greys, abs=2)


def test_the_default_rate_of_a_folder(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'one.png'), clips.picture(0))
    assert open_frames(tmp_path).rate_hz == DEFAULT_RATE_HZ


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=f'{tmp_path} contains no pictures; expected files such as frame_1.png'):
        list_pictures(tmp_path)


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=f'{tmp_path}/no.mp4 does not exist; expected a video, a picture, a folder'):
        open_frames(tmp_path / 'no.mp4')


def test_a_file_that_is_not_a_video_is_refused(reader: str, tmp_path: Path) -> None:
    (tmp_path / 'notes.mp4').write_text('not a video')
    with pytest.raises(ImageError, match=f'{tmp_path}/notes.mp4 is not a video that (OpenCV|PyAV [0-9.]+) can read'):
        open_frames(tmp_path / 'notes.mp4')


def test_a_playlist_disguised_as_a_video_opens_no_connection(reader: str, tmp_path: Path) -> None:
    import socket

    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(0.5)
        address = f'http://127.0.0.1:{server.getsockname()[1]}/a.ts'
        (tmp_path / 'clip.mp4').write_text(f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n')
        with pytest.raises(ImageError, match='is not a video'):
            open_frames(tmp_path / 'clip.mp4')
        with pytest.raises(TimeoutError):
            server.accept()


def test_frames_that_are_too_large_are_refused(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips.write_greys(tmp_path / 'clip.avi', 1)
    monkeypatch.setattr('bodypix_ros.encodings.MAX_SIDE', clips.WIDTH - 1)
    with pytest.raises(ImageError, match='clip.avi: a frame of 64x48 exceeds the limit of .*, 63 per side'):
        open_frames(tmp_path / 'clip.avi')


@pytest.mark.parametrize(('version', 'usable'), [('14.4.0', False), ('15.0.0', True), ('18.1.0', True)])
def test_old_versions_of_pyav_are_not_used(version: str, usable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames.importlib.metadata, 'version', lambda _: version)  # type: ignore[attr-defined]
    assert frames.has_pyav() is usable


def test_a_name_that_is_not_utf8(reader: str, tmp_path: Path) -> None:
    """OpenCV would end the process."""
    clips.write_greys(tmp_path / 'clip.avi', 2)
    path = (tmp_path / 'clip.avi').rename(tmp_path / os.fsdecode(b'clip_\xe9.avi'))
    if reader == 'opencv':
        with pytest.raises(ImageError, match=r"clip_\\udce9.avi' is not UTF-8, which OpenCV needs for videos; rename"):
            open_frames(path)
    else:
        assert len(read(path)[1]) == 2


@pytest.mark.parametrize(
    ('paths', 'names'),
    [
        (['a/cam.png', 'b/cam.png', 'c/cam.jpg'], ['cam', 'cam_2', 'cam_3']),
        (['a/cam.png', 'b/cam.png', 'cam_2.png'], ['cam', 'cam_3', 'cam_2']),
        (['cam_2.png', 'x/cam_2.png'], ['cam_2', 'cam_2_2']),
        (['one.png', 'two.png'], ['one', 'two']),
    ],
)
def test_equal_names_are_made_distinct(paths: list[str], names: list[str]) -> None:
    assert distinct_names([Path(path) for path in paths]) == names


@pytest.mark.parametrize('kind', ['InvalidDataError', 'OSError'])
def test_a_disk_that_fails_is_not_the_end_of_the_video(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Damaged data end the video with a warning; a failed read, after which the file may be intact, is an error."""
    av = pytest.importorskip('av', reason='needs PyAV')
    from bodypix_ros.recordings.av_reader import AvVideo

    error = (
        av.error.InvalidDataError(1, 'Invalid data') if kind == 'InvalidDataError' else av.FFmpegError(5, 'I/O error')
    )
    clips.write_greys(tmp_path / 'in.avi', 6)

    class FailingContainer:
        def __init__(self, container: Any) -> None:
            self.container = container

        def demux(self, stream: Any) -> Iterator[Any]:
            yield from itertools.islice(self.container.demux(stream), 4)
            raise error

        def close(self) -> None:
            self.container.close()

    with AvVideo(tmp_path / 'in.avi') as source:
        monkeypatch.setattr(source, '_container', FailingContainer(source._container))
        if kind == 'InvalidDataError':
            assert len(list(source)) <= 4
            assert 'in.avi is damaged after frame' in caplog.text
            assert source.bad_frames == 1
        else:
            with pytest.raises(ImageError, match=r'in\.avi cannot be read after frame \d+ \(I/O error\)'):
                list(source)


def test_upcoming_frames_are_those_of_the_next_seconds() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    items = [Frame(index, stamp_s, image, '') for index, stamp_s in enumerate((0.0, 0.25, 0.5, 1.5))]
    pairs = [(frame.index, [one.index for one in upcoming]) for frame, upcoming in with_upcoming(items, 0.5)]
    assert pairs == [(0, [1, 2]), (1, [2]), (2, []), (3, [])]
