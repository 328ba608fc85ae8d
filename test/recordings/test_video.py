# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import clips
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from red_person_net import RedPersonNet

from bodypix_ros.errors import BodyPixError, ImageError, SettingError
from bodypix_ros.recordings import frames, video, writers
from bodypix_ros.recordings.frames import FrameSource
from bodypix_ros.recordings.products import PRODUCTS, ProductMaker, ProductSettings
from bodypix_ros.recordings.video import Summary, VideoJob, convert_video

TESTS = Path(__file__).resolve().parents[1]
COUNT = 23
MOMENTS = int(os.environ.get('BODYPIX_KILLS', '2'))
"""Number of seeded moments at which a run is killed, per kind of output."""


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    clips.write_lossless(tmp_path / 'walk.mkv', clips.red_walk(COUNT))
    return tmp_path / 'walk.mkv'


def convert(job: VideoJob, **options: object) -> Summary:
    maker = ProductMaker(RedPersonNet(), job.products, ProductSettings())
    return convert_video(job, maker, {}, **options)  # type: ignore[arg-type]


def files_in(folder: Path) -> dict[str, bytes]:
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob('*') if path.is_file())
    return {str(path.relative_to(folder.parent)): path.read_bytes() for path in paths}


def test_all_products_of_a_video(walk: Path, tmp_path: Path) -> None:
    pytest.importorskip('av', reason='needs PyAV')
    summary = convert(VideoJob(str(walk), tmp_path / 'out', tuple(PRODUCTS)))
    assert summary == Summary(frames=COUNT, bad_frames=0, people=1, doubts=())
    names = ['anonymized.mp4', 'cutout.webm', 'mask.mkv', 'overlay.mp4', 'people.jsonl', 'report.json']
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == ['out', 'walk.mkv']
    lines = [json.loads(line) for line in (tmp_path / 'out' / 'people.jsonl').read_text().splitlines()]
    assert [(line['index'], line['people'][0]['box']['x']) for line in lines] == [(i, 5 + 2 * i) for i in range(COUNT)]
    report = json.loads((tmp_path / 'out' / 'report.json').read_text())
    assert report == {
        'source': str(walk),
        'products': {
            'mask': 'mask.mkv', 'overlay': 'overlay.mp4', 'anonymized': 'anonymized.mp4', 'cutout': 'cutout.webm',
            'people': 'people.jsonl',
        },
        'frames': COUNT, 'bad_frames': 0, 'people': 1, 'doubts': [],
    }  # fmt: skip
    capture = cv2.VideoCapture(str(tmp_path / 'out' / 'mask.mkv'))
    for image in clips.red_walk(COUNT):
        assert np.array_equal(capture.read()[1][..., 0], (image[..., 2] > 127) * np.uint8(255))


@pytest.mark.parametrize(
    ('products', 'output', 'png'),
    [
        ('overlay,mask,people', 'out', 'video'),
        ('anonymized,people,cutout', 'out', 'png'),
        ('anonymized', 'out.mp4', 'video'),
    ],
)
def test_a_killed_run_continues_to_the_same_output(
    products: str, output: str, png: str, walk: Path, tmp_path: Path
) -> None:
    """Killed at seeded file operations, among them those at the end, and between frames."""
    pytest.importorskip('av', reason='needs PyAV')

    def run(folder: str, operation: int) -> subprocess.CompletedProcess[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        words = [str(walk), str(tmp_path / folder / output), products, png, str(operation)]
        return subprocess.run(
            [sys.executable, TESTS / 'convert_until_killed.py', *words],
            env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(TESTS), str(TESTS.parent), *sys.path])},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    done = run('whole', 0)
    assert done.returncode == 0, done.stderr
    expected = files_in(tmp_path / 'whole' / output)
    operations = int(done.stdout)
    chosen = random.Random(len(products)).sample(range(operations // 5, operations), MOMENTS)
    for moment in chosen:
        killed = run(str(moment), moment)
        assert killed.returncode == -signal.SIGKILL
        result = tmp_path / str(moment) / output
        if not result.exists():  # else it was killed while it deleted the work folder
            assert run(str(moment), 0).returncode == 0
            assert [path.name for path in result.parent.iterdir()] == [output]
        assert files_in(result) == expected, moment


def test_a_run_continues_after_the_last_complete_chunk(walk: Path, tmp_path: Path) -> None:
    job = VideoJob(str(walk), tmp_path / 'out', ('people',))

    def fail(task: str, done: int, total: int) -> None:
        if done == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(job, progress=fail, chunk_frames=5)
    assert not (tmp_path / 'out').exists()
    net, seen = RedPersonNet(), []
    maker = ProductMaker(net, job.products, ProductSettings())
    summary = convert_video(job, maker, {}, progress=lambda _, done, total: seen.append((done, total)), chunk_frames=5)
    assert summary.frames == COUNT
    assert len(net.asked) == COUNT - 10
    assert (seen[0], seen[-1], len(seen)) == ((10, COUNT), (COUNT, COUNT), COUNT - 10 + 1)
    lines = (tmp_path / 'out' / 'people.jsonl').read_text().splitlines()
    assert [json.loads(line)['people'][0]['track_id'] for line in lines] == [1] * COUNT


def test_other_settings_or_a_changed_input_start_again(walk: Path, tmp_path: Path) -> None:
    job = VideoJob(str(walk), tmp_path / 'out', ('people',))

    def interrupt(source: Path) -> None:
        def fail(task: str, done: int, total: int) -> None:
            if done == 7:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            convert(job, progress=fail, chunk_frames=5)

    def frames_of(settings: dict[str, float]) -> int:
        net = RedPersonNet()
        convert_video(replace(job, overwrite=True), ProductMaker(net, ('people',), ProductSettings()), settings)
        return len(net.asked)

    interrupt(walk)
    assert frames_of({'threshold': 0.7}) == COUNT
    (tmp_path / 'out').rename(tmp_path / 'first')
    interrupt(walk)
    os.utime(walk, ns=(1, 1))
    assert frames_of({}) == COUNT


def test_a_checkpoint_that_cannot_be_read_starts_again(
    walk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(task: str, done: int, total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    job = VideoJob(str(walk), tmp_path / 'out', ('people',))
    with pytest.raises(KeyboardInterrupt):
        convert(job, progress=fail, chunk_frames=5)
    (tmp_path / 'out.partial' / 'state').write_bytes(b'5\ncos\nsystem\n.')
    assert convert(job).frames == COUNT
    text = f'the checkpoint of {tmp_path}/out cannot be read (os.system is not part of a saved state); starting again'
    assert [record.message for record in caplog.records if 'checkpoint' in record.message] == [text]
    assert len((tmp_path / 'out' / 'people.jsonl').read_text().splitlines()) == COUNT


def test_without_pyav_a_video_is_written_in_one_piece(
    walk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    for module in (frames, video, writers):
        monkeypatch.setattr(module, 'has_pyav', lambda: False)
    summary = convert(VideoJob(str(walk), tmp_path / 'out.mp4', ('overlay',)), chunk_frames=5)
    assert summary.frames == COUNT
    assert int(cv2.VideoCapture(str(tmp_path / 'out.mp4')).get(cv2.CAP_PROP_FRAME_COUNT)) == COUNT
    assert 'PyAV 15 or later is not installed: audio is not copied (pip install av)' in caplog.messages


def test_results_of_pictures_have_their_names(tmp_path: Path) -> None:
    clips.write_pictures(tmp_path / 'in', clips.red_walk(11))
    (tmp_path / 'in' / 'frame_3.png').write_bytes(b'\x89PNG broken')
    summary = convert(VideoJob(str(tmp_path / 'in'), tmp_path / 'out', ('mask', 'people')))
    assert (summary.frames, summary.bad_frames) == (10, 1)
    names = {path.name for path in (tmp_path / 'out' / 'mask').iterdir()}
    assert names == {f'frame_{number}.png' for number in range(11) if number != 3}
    mask = cv2.imread(str(tmp_path / 'out' / 'mask' / 'frame_10.png'), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(mask, (clips.red_walk(11)[10][..., 2] > 127) * np.uint8(255))
    lines = [json.loads(line) for line in (tmp_path / 'out' / 'people.jsonl').read_text().splitlines()]
    assert [line['name'] for line in lines][2:5] == ['frame_2', 'frame_4', 'frame_5']


def test_only_the_first_seconds_are_read(walk: Path, tmp_path: Path) -> None:
    job = VideoJob(str(walk), tmp_path / 'out', ('people',), seconds=0.75)
    totals: set[int] = set()
    assert convert(job, progress=lambda _, done, total: totals.add(total)).frames == 8  # 0.0 to 0.7 s at 10 Hz
    assert totals == {8}


class Camera(FrameSource):
    """A camera that never ends."""

    def __init__(self, address: str, rate_hz: float) -> None:
        super().__init__(10.0, 0, live=True)

    def _grab(self) -> float:
        return self._index / 10

    def _retrieve(self) -> NDArray[np.uint8]:
        return clips.red_walk(1)[0]


def test_the_output_of_a_camera_is_completed_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, 'open_frames', Camera)
    requests: Iterator[bool] = iter([False, False, False, True])
    summary = convert(VideoJob('0', tmp_path / 'out', ('people',)), stop=lambda: next(requests), chunk_frames=2)
    assert summary.frames == 4
    assert len((tmp_path / 'out' / 'people.jsonl').read_text().splitlines()) == 4


def test_a_request_to_end_interrupts_the_conversion_of_a_file(walk: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        convert(VideoJob(str(walk), tmp_path / 'out', ('people',)), stop=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ['walk.mkv']


def test_a_camera_never_continues_an_earlier_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, 'open_frames', Camera)
    job = VideoJob('0', tmp_path / 'out', ('people',))

    def fail(task: str, done: int, total: int) -> None:
        if done == 5:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        convert(job, progress=fail, chunk_frames=2)
    assert convert(job, stop=lambda: True).frames == 1


def test_a_failure_leaves_no_output(walk: Path, tmp_path: Path) -> None:
    class Failing(RedPersonNet):
        def segment(self, *_: object, **options: bool) -> object:  # type: ignore[override]
            raise BodyPixError('a fault')

    job = VideoJob(str(walk), tmp_path / 'out.jsonl', ('people',))
    with pytest.raises(BodyPixError, match='a fault'):
        convert_video(job, ProductMaker(Failing(), job.products, ProductSettings()), {})  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ['walk.mkv']


def test_a_full_disk_is_named(walk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(writers.PictureWriter, 'write', fail)
    with pytest.raises(BodyPixError, match=r'failed to write .*/out \(No space left on device\); free some space or'):
        convert(VideoJob(str(walk), tmp_path / 'out', ('mask',), png=True))


def test_a_long_recording_of_a_camera_is_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, 'open_frames', Camera)
    pieces: list[str] = []

    def stop() -> bool:
        pieces[:] = sorted(path.name for path in (tmp_path / 'out.partial' / 'pieces' / 'people').iterdir())
        return len(pieces) == 3

    summary = convert(VideoJob('0', tmp_path / 'out', ('people',)), stop=stop, chunk_frames=2)
    assert (summary.frames, pieces) == (6, ['000000000.jsonl', '000000002.jsonl', '000000004.jsonl'])


def test_a_video_without_a_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'in').mkdir()
    for name in 'ab':
        (tmp_path / 'in' / f'{name}.png').write_bytes(b'\x89PNG broken')
    with pytest.raises(ImageError, match=f'no frame of {tmp_path}/in can be decoded'):
        convert(VideoJob(str(tmp_path / 'in'), tmp_path / 'out', ('mask',)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in']


@pytest.mark.parametrize(
    ('products', 'output', 'text'),
    [
        (('mask', 'overlay'), 'out.mp4', 'out.mp4 is a single file; write mask, overlay to a folder'),
        (('people',), 'out.mp4', 'people must be written to .jsonl or a folder, got out.mp4'),
        (('overlay',), 'out.jsonl', 'overlay must be written to .mp4, .mov, .mkv, .webm or a folder, got out.jsonl'),
        (('mask',), 'out.mp4', 'mask must be written to .mkv or a folder, got .mp4'),
    ],
)
def test_a_product_that_the_output_cannot_store(
    products: tuple[str, ...], output: str, text: str, walk: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=text):
        convert(VideoJob(str(walk), tmp_path / output, products))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['walk.mkv']


def test_passwords_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, 'open_frames', Camera)
    job = VideoJob('rtsp://me:secret@camera/stream', tmp_path / 'out', ('people',))
    seen: list[str] = []

    def look(task: str, done: int, total: int) -> None:
        seen.extend([task, (tmp_path / 'out.partial' / 'job.json').read_text()])

    convert(job, stop=lambda: True, progress=look)
    report = (tmp_path / 'out' / 'report.json').read_text()
    assert json.loads(report)['source'] == 'rtsp://camera/stream'
    assert 'secret' not in ''.join([report, *seen])


def test_the_products_of_a_real_clip(shared: Path, tmp_path: Path) -> None:
    """With the network of the package: the juggler is found in every frame and keeps the id."""
    import bodypix_ros

    clip = shared / 'images' / 'video' / '05_default_juggle.mp4'
    maker = ProductMaker(bodypix_ros.load(), ('people',), ProductSettings())
    summary = convert_video(VideoJob(str(clip), tmp_path / 'out.jsonl', ('people',), seconds=0.49), maker, {})
    assert summary.frames == 12
    lines = [json.loads(line) for line in (tmp_path / 'out.jsonl').read_text().splitlines()]
    assert [line['stamp_s'] for line in lines] == pytest.approx([number / 24 for number in range(12)], abs=1e-6)
    assert all(1 in {person['track_id'] for person in line['people']} for line in lines)


@pytest.mark.parametrize('name', ['out.avi', 'people.json', 'out.png'])
def test_a_folder_is_not_created_under_the_name_of_another_kind_of_file(name: str, walk: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f'or a folder, got {name}, which is the name of another kind of file'):
        VideoJob(str(walk), tmp_path / name, ('people',)).check()
    assert VideoJob(str(walk), tmp_path / 'run.7', ('people',)).names() == {'people': 'people.jsonl'}
    (tmp_path / name).mkdir()
    VideoJob(str(walk), tmp_path / name, ('people',)).check()


def test_png_files_are_not_written_to_a_video(walk: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r'PNG files are written to a folder, got the file out\.mp4'):
        VideoJob(str(walk), tmp_path / 'out.mp4', ('overlay',), png=True).check()


def test_an_empty_input_is_not_the_current_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match='the input must be .* got an empty string'):
        VideoJob('', tmp_path / 'out', ('overlay',)).check()


def test_dangling_links_in_a_folder_are_ignored(tmp_path: Path) -> None:
    clips.write_pictures(tmp_path / 'in', clips.red_walk(2))
    (tmp_path / 'in' / 'loop.png').symlink_to('loop.png')
    (tmp_path / 'in' / 'gone.png').symlink_to('nowhere.png')
    assert convert(VideoJob(str(tmp_path / 'in'), tmp_path / 'out', ('mask',))).frames == 2
