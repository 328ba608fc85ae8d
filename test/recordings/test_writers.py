# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import clips
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.recordings import writers
from bodypix_ros.recordings.frames import Frame, FrameSource, open_frames
from bodypix_ros.recordings.writers import CaptureWriter, LinesWriter, Pieces, check_suffix, open_writer

IMAGES = [cv2.GaussianBlur(image, (0, 0), 2) for image in clips.red_walk(9)]
STAMPS_MS = [0, 40, 80, 160, 170, 300, 333, 400, 441]


class Source(FrameSource):
    """Frames with the stamps of STAMPS_MS."""

    def __init__(self) -> None:
        super().__init__(25.0, len(IMAGES))
        self.place = -1

    def _grab(self) -> float | None:
        self.place += 1
        return None if self.place == len(IMAGES) else STAMPS_MS[self.place] / 1e3

    def _retrieve(self) -> NDArray[np.uint8]:
        return IMAGES[self.place]


def product_of(kind: str, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    mask = (image[..., 2] > 90) * np.uint8(255)
    return {'mask': mask, 'overlay': image, 'cutout': np.dstack([image, mask])}[kind]


def write(kind: str, path: Path, chunk: int = 4, audio: Path | None = None) -> None:
    source = Source()
    writer = open_writer(kind, path, path.parent / 'pieces', 0, source, audio)
    for frame in source:
        writer.write(frame, product_of(kind, frame.image))
        if frame.index % chunk == chunk - 1:
            writer.commit()
    writer.finish()


@pytest.fixture
def pyav() -> Any:
    return pytest.importorskip('av', reason='needs PyAV')


@pytest.fixture
def no_pyav(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(writers, 'has_pyav', lambda: False)
    yield


def decode(av: Any, path: Path, pixels: str) -> tuple[list[float], list[NDArray[np.uint8]]]:
    """Return the stamps, milliseconds, and the images of a video, with its alpha channel."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = stream.codec_context
        if decoder.name == 'vp9':  # FFmpeg's own decoder ignores the alpha channel
            decoder = av.CodecContext.create('libvpx-vp9', 'r')
        packets = [packet if packet.size else None for packet in container.demux(stream)]
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
        stamps = [float(frame.pts * stream.time_base * 1000) for frame in frames]
        return stamps, [frame.to_ndarray(format=pixels) for frame in frames]


@pytest.mark.parametrize('suffix', ['.mp4', '.mov', '.mkv', '.webm'])
def test_a_video_in_pieces_has_the_stamps_and_images_of_its_source(pyav: Any, suffix: str, tmp_path: Path) -> None:
    write('overlay', tmp_path / f'out{suffix}')
    stamps_ms, images = decode(pyav, tmp_path / f'out{suffix}', 'bgr24')
    assert stamps_ms == pytest.approx(STAMPS_MS, abs=0.02)
    assert len(list((tmp_path / 'pieces').iterdir())) == 3
    for image, wanted in zip(images, IMAGES, strict=True):
        assert np.abs(image.astype(int) - wanted).mean() < 6
    with pyav.open(str(tmp_path / f'out{suffix}')) as container:
        assert container.streams.video[0].codec_context.name == ('vp9' if suffix == '.webm' else 'h264')


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv', '.webm'])
@pytest.mark.parametrize('chunk', [2, 3, 5, 6, 7, 8, 9])
def test_no_frame_of_a_short_piece_is_lost(pyav: Any, chunk: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f'video{suffix}'
    write('overlay', path, chunk)
    stamps_ms, _ = decode(pyav, path, 'bgr24')
    assert stamps_ms == pytest.approx(STAMPS_MS, abs=1)


def test_pictures_written_at_once_and_in_pieces_differ_only_by_compression(pyav: Any, tmp_path: Path) -> None:
    for chunk in (3, 100):
        (tmp_path / str(chunk)).mkdir()
        write('overlay', tmp_path / str(chunk) / 'out.mp4', chunk)
    pieces, whole = (decode(pyav, tmp_path / str(chunk) / 'out.mp4', 'bgr24')[1] for chunk in (3, 100))
    assert np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(pieces, whole, strict=True)]) < 3


def test_masks_are_lossless(pyav: Any, tmp_path: Path) -> None:
    write('mask', tmp_path / 'out.mkv')
    stamps_ms, masks = decode(pyav, tmp_path / 'out.mkv', 'gray')
    assert stamps_ms == pytest.approx(STAMPS_MS, abs=0.02)
    assert all(np.array_equal(mask, product_of('mask', image)) for mask, image in zip(masks, IMAGES, strict=True))


@pytest.mark.parametrize(('suffix', 'tolerance'), [('.mkv', 0.0), ('.mov', 0.5), ('.webm', 6.0)])
def test_cutouts_have_an_alpha_channel(pyav: Any, suffix: str, tolerance: float, tmp_path: Path) -> None:
    write('cutout', tmp_path / f'out{suffix}')
    stamps_ms, images = decode(pyav, tmp_path / f'out{suffix}', 'bgra')
    assert stamps_ms == pytest.approx(STAMPS_MS, abs=0.02)
    for image, wanted in zip(images, IMAGES, strict=True):
        alpha = product_of('cutout', wanted)[..., 3].astype(int)
        assert np.abs(image[..., 3] - alpha).mean() <= tolerance
        assert 0.05 < (alpha > 0).mean() < 0.3


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv'])
def test_audio_is_copied_without_encoding(pyav: Any, suffix: str, tmp_path: Path) -> None:
    """The source starts at 0.5 s, so its audio from there on is kept, up to the end of the video."""
    stamps_ms = [500 + stamp for stamp in STAMPS_MS]
    clips.write_av(tmp_path / 'in.mp4', IMAGES, stamps_ms, audio=True)
    path = tmp_path / f'out{suffix}'
    with open_frames(tmp_path / 'in.mp4') as source:
        writer = open_writer('overlay', path, tmp_path / 'pieces', 0, source, tmp_path / 'in.mp4')
        for frame in source:
            writer.write(frame, frame.image)
        writer.finish()
    assert decode(pyav, path, 'bgr24')[0] == pytest.approx(STAMPS_MS, abs=0.6)
    packets = {}
    for file in (tmp_path / 'in.mp4', path):
        with pyav.open(str(file)) as container:
            packets[file.name] = [
                (float(packet.pts * packet.time_base), bytes(packet))
                for packet in container.demux(audio=0)
                if packet.size
            ]
    wanted = [(stamp_s - 0.5, data) for stamp_s, data in packets['in.mp4'] if 0.5 <= stamp_s < 0.5 + 0.441 + 0.04]
    assert len(wanted) >= 6
    assert [data for _, data in packets[path.name]] == [data for _, data in wanted]
    assert [at for at, _ in packets[path.name]] == pytest.approx([at for at, _ in wanted], abs=1e-3)


def test_masks_have_no_audio(pyav: Any, tmp_path: Path) -> None:
    clips.write_av(tmp_path / 'in.mp4', IMAGES, STAMPS_MS, audio=True)
    write('mask', tmp_path / 'out.mkv', audio=tmp_path / 'in.mp4')
    with pyav.open(str(tmp_path / 'out.mkv')) as container:
        assert len(container.streams.audio) == 0


def test_audio_that_the_container_cannot_store_is_omitted(
    pyav: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips.write_av(tmp_path / 'in.mp4', IMAGES, STAMPS_MS, audio=True)
    write('overlay', tmp_path / 'out.webm', audio=tmp_path / 'in.mp4')
    (line,) = [record.message for record in caplog.records]
    assert line == "aac audio cannot be stored in .webm ('webm' format does not support 'aac' codec) and is omitted"
    assert len(decode(pyav, tmp_path / 'out.webm', 'bgr24')[0]) == len(IMAGES)


@pytest.mark.parametrize('size', [(33, 48), (32, 47)])
def test_odd_sizes_are_kept(pyav: Any, size: tuple[int, int], tmp_path: Path) -> None:
    source = Source()
    writer = open_writer('overlay', tmp_path / 'out.mp4', tmp_path / 'pieces', 0, source, None)
    writer.write(next(iter(source)), np.zeros((*size, 3), np.uint8))
    writer.finish()
    assert decode(pyav, tmp_path / 'out.mp4', 'bgr24')[1][0].shape == (*size, 3)


@pytest.mark.usefixtures('no_pyav')
@pytest.mark.parametrize('suffix', ['.mp4', '.mov', '.mkv', '.webm'])
def test_opencv_writes_videos_with_the_frame_rate(suffix: str, tmp_path: Path) -> None:
    write('overlay', tmp_path / f'out{suffix}')
    capture = cv2.VideoCapture(str(tmp_path / f'out{suffix}'))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25.0)
    images = [image for read, image in iter(capture.read, (False, None)) if read]
    assert len(images) == len(IMAGES)
    assert np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(images, IMAGES, strict=True)]) < 8


@pytest.mark.usefixtures('no_pyav')
def test_opencv_writes_lossless_masks(tmp_path: Path) -> None:
    write('mask', tmp_path / 'out.mkv')
    capture = cv2.VideoCapture(str(tmp_path / 'out.mkv'))
    masks = [image for read, image in iter(capture.read, (False, None)) if read]
    assert all(np.array_equal(m[..., 0], product_of('mask', i)) for m, i in zip(masks, IMAGES, strict=True))


@pytest.mark.usefixtures('no_pyav')
def test_without_pyav_videos_cannot_be_continued(tmp_path: Path) -> None:
    writer = open_writer('overlay', tmp_path / 'out.mp4', tmp_path / 'pieces', 0, Source(), None)
    assert not writer.resumable


@pytest.mark.parametrize('kind', ['overlay', 'mask', 'cutout'])
def test_pictures_are_png_files_named_after_their_frame(kind: str, tmp_path: Path) -> None:
    write(kind, tmp_path / 'pictures')
    assert sorted(path.name for path in (tmp_path / 'pictures').iterdir()) == [f'00000{i}.png' for i in range(9)]
    written = cv2.imread(str(tmp_path / 'pictures' / '000004.png'), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(written, product_of(kind, IMAGES[4]))


def write_lines(writer: LinesWriter, numbers: Sequence[int]) -> None:
    for number in numbers:
        writer.write(Frame(number, 0.0, clips.picture(0), ''), b'%d\n' % number)


def test_lines_after_the_last_complete_piece_are_discarded(tmp_path: Path) -> None:
    first = LinesWriter(tmp_path / 'out.jsonl', Pieces(tmp_path / 'pieces', '.jsonl', 0))
    write_lines(first, [0, 1, 2])
    first.commit()
    write_lines(first, [3, 4])
    first.commit()  # the process is killed before it saves the checkpoint
    second = LinesWriter(tmp_path / 'out.jsonl', Pieces(tmp_path / 'pieces', '.jsonl', 3))
    write_lines(second, [3, 4, 5])
    second.finish()
    assert (tmp_path / 'out.jsonl').read_text().split() == ['0', '1', '2', '3', '4', '5']


def test_another_size_is_refused(tmp_path: Path) -> None:
    writer = open_writer('overlay', tmp_path / 'out.mp4', tmp_path / 'pieces', 0, Source(), None)
    writer.write(Frame(0, 0.0, IMAGES[0], '000000'), IMAGES[0])
    with pytest.raises(ImageError, match=r'frame 1 \(cam\) is 64x48, but a video of 128x96 was started; write PNG'):
        writer.write(Frame(1, 0.1, clips.picture(0), 'cam'), clips.picture(0))
    writer.commit()


def test_a_mask_is_not_stored_with_loss(pyav: Any) -> None:
    with pytest.raises(SettingError, match=r'mask must be written to .mkv or a folder, got .mp4'):
        check_suffix('mask', '.mp4')
    with pytest.raises(SettingError, match=r'cutout must be written to .webm, .mov, .mkv or a folder, got .mp4'):
        check_suffix('cutout', '.mp4')


@pytest.mark.usefixtures('no_pyav')
def test_without_pyav_there_are_no_transparent_videos() -> None:
    with pytest.raises(SettingError, match=r'transparent videos require PyAV: pip install av'):
        check_suffix('cutout', '.webm')
    with pytest.raises(SettingError, match='mask must be written to .mkv or a folder, got .mp4'):
        check_suffix('mask', '.mp4')


def test_audio_of_a_supported_codec_with_unusual_parameters_is_omitted(
    pyav: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """FFmpeg lists FLAC for .mov but refuses it, and PCM without a channel layout for .mp4, after the last frame."""
    clips.write_av(tmp_path / 'in.mkv', IMAGES, STAMPS_MS, audio=True, audio_codec='flac')
    write('overlay', tmp_path / 'out.mov', audio=tmp_path / 'in.mkv')
    assert [record.message for record in caplog.records] == [
        'flac audio cannot be stored in .mov (Invalid argument) and is omitted'
    ]
    with pyav.open(str(tmp_path / 'out.mov')) as container:
        assert (len(container.streams.video), len(container.streams.audio)) == (1, 0)


def test_a_video_that_opencv_could_not_complete_is_an_error(
    no_pyav: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenCV only logs that the disk is full."""
    source = Source()
    writer = open_writer('overlay', tmp_path / 'out.mp4', tmp_path / 'pieces', 0, source, None)
    full = False
    write_frame = cv2.VideoWriter.write

    class FullDisk:
        def __init__(self, writer: cv2.VideoWriter) -> None:
            self.writer = writer

        def write(self, image: NDArray[np.uint8]) -> None:
            if not full:
                write_frame(self.writer, image)

        def release(self) -> None:
            self.writer.release()

    for frame in source:
        full = frame.index == 5
        writer.write(frame, frame.image)
        if frame.index == 0:
            assert isinstance(writer, CaptureWriter)
            monkeypatch.setattr(writer, '_writer', FullDisk(writer._writer))  # type: ignore[arg-type]
    with pytest.raises(OSError, match='OpenCV stored 8 of 9 frames; the disk may be full'):
        writer.finish()


@pytest.mark.parametrize(('kind', 'suffix'), [('mask', '.mkv'), ('overlay', '.webm')])
def test_opencv_alone_refuses_odd_sizes(kind: str, suffix: str, no_pyav: None, tmp_path: Path) -> None:
    """It drops the last row or column."""
    source = Source()
    writer = open_writer(kind, tmp_path / f'out{suffix}', tmp_path / 'pieces', 0, source, None)
    with pytest.raises(ImageError, match=f'OpenCV cannot write {suffix} videos of 127x96'):
        writer.write(next(iter(source)), product_of(kind, IMAGES[0][:, 1:]))
