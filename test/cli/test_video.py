# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix video`, as it is run on a command line."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clips
import pytest
from numpy.typing import NDArray
from red_person_net import RedPersonNet

from bodypix_ros.cli import video
from bodypix_ros.cli.main import main
from bodypix_ros.recordings import video as conversion
from bodypix_ros.recordings.frames import FrameSource
from bodypix_ros.recordings.products import Doubt
from bodypix_ros.recordings.video import Summary, VideoJob


@pytest.fixture(autouse=True)
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The settings with which the command loads networks: stand-ins."""
    given: list[dict[str, Any]] = []

    def load(progress: object, **settings: Any) -> RedPersonNet:
        given.append(settings)
        return RedPersonNet()

    monkeypatch.setattr(video, 'load', load)
    return given


@pytest.fixture
def pictures(tmp_path: Path) -> str:
    clips.write_pictures(tmp_path / 'in', clips.red_walk(4))
    return str(tmp_path / 'in')


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()}


def test_the_results_are_summarised(pictures: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'out'
    assert main(['video', pictures, str(out), '--write', 'mask,people']) == 0
    assert capsys.readouterr().out == f'{pictures}: 4 frames, at most 1 person in one frame; {out}\n'
    assert names_in(out) == {*(f'mask/frame_{number}.png' for number in range(4)), 'people.jsonl', 'report.json'}


def test_the_kernels_are_ready_before_the_network_is_loaded(
    pictures: str, tmp_path: Path, loaded: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, an interrupted run and a complete one would process different frames with numpy."""
    monkeypatch.setattr(video, 'prepare_kernels', lambda wanted: loaded.append({'prepared': wanted}))
    assert main(['video', pictures, str(tmp_path / 'out'), '--kernels', 'numpy']) == 0
    assert loaded == [{'prepared': 'numpy'}, {'kernels': 'numpy'}]


def test_broken_frames_are_counted(pictures: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (Path(pictures) / 'frame_9.png').write_bytes(b'\x89PNG broken')
    assert main(['video', pictures, str(tmp_path / 'out')]) == 0
    assert '4 frames, 1 skipped because they cannot be decoded; ' in capsys.readouterr().out
    assert names_in(tmp_path / 'out') == {*(f'overlay/frame_{number}.png' for number in range(4)), 'report.json'}


def test_settings_reach_the_network_and_the_products(
    pictures: str, tmp_path: Path, loaded: list[dict[str, Any]]
) -> None:
    words = ['--multiplier', '0.5', '--no-allow-download', '--threshold', '0.99', '--no-tracking', '--rate-hz', '4']
    assert main(['video', pictures, str(tmp_path / 'out.jsonl'), '--write', 'people', *words]) == 0
    assert loaded == [{'multiplier': 0.5, 'allow_download': False}]
    lines = [json.loads(line) for line in (tmp_path / 'out.jsonl').read_text().splitlines()]
    assert [(line['stamp_s'], line['people']) for line in lines] == [(i / 4, []) for i in range(4)]


def test_an_existing_output_is_replaced_only_on_request(
    pictures: str, tmp_path: Path, loaded: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['video', pictures, str(tmp_path / 'out'), '--write', 'people']
    assert main(words) == 0
    (tmp_path / 'out' / 'people.jsonl').write_text('old')
    assert main(words) == 1
    text = f'bodypix: {tmp_path}/out exists; choose another output, or add --overwrite to replace it'
    assert text in capsys.readouterr().err.splitlines()
    assert len(loaded) == 1  # the second run failed before it loaded a network
    assert main([*words, '--overwrite']) == 0
    assert len((tmp_path / 'out' / 'people.jsonl').read_text().splitlines()) == 4


@pytest.mark.parametrize('words', [['--write', 'masks'], ['--write', '']])
def test_unknown_products_are_refused(words: list[str], pictures: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['video', pictures, 'out', *words])
    text = f'expected names of mask, overlay, anonymized, cutout, people, got {words[1]!r}'
    assert text in capsys.readouterr().err


class Camera(FrameSource):
    """Sends itself a signal with the third frame, and never ends."""

    number = signal.SIGINT

    def __init__(self, source: str, rate_hz: float) -> None:
        super().__init__(10.0, 0, live=True)

    def _grab(self) -> float:
        if self._index == 1:
            os.kill(os.getpid(), self.number)
        return self._index / 10

    def _retrieve(self) -> NDArray[Any]:
        return clips.red_walk(1)[0]


@pytest.fixture
def handlers() -> Iterator[None]:
    """Checks that the command restores the handlers of signals, which a shell ignores for jobs in the background."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    signal.signal(signal.SIGINT, inherited)


@pytest.mark.usefixtures('handlers')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_completes_the_output_of_a_camera(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(conversion, 'open_frames', Camera)
    monkeypatch.setattr(Camera, 'number', number)
    assert main(['video', '0', str(tmp_path / 'out.jsonl'), '--write', 'people']) == 0
    assert capsys.readouterr().out == f'0: 3 frames, at most 1 person in one frame; {tmp_path}/out.jsonl\n'
    assert len((tmp_path / 'out.jsonl').read_text().splitlines()) == 3


@pytest.mark.usefixtures('handlers')
def test_an_interrupted_conversion_of_files_can_be_continued(
    pictures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(conversion, 'open_frames', Camera)
    assert main(['video', pictures, str(tmp_path / 'out'), '--write', 'people']) == 130
    assert capsys.readouterr().err.endswith('bodypix: interrupted; run the same command again to continue\n')
    assert not (tmp_path / 'out').exists()


def test_doubtful_frames_are_listed_as_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    doubts = [Doubt(number, number / 10, 'lost') for number in (3, 4, 5, 8)]
    doubts += [Doubt(9, 0.9, 'far'), *(Doubt(20 + 2 * number, 2.0 + number / 5, 'lost') for number in range(9))]
    job = VideoJob('in.mp4', Path('out.mp4'), ('anonymized',))
    video._print(job, Summary(frames=40, bad_frames=0, people=2, doubts=tuple(doubts)))
    assert capsys.readouterr().out.splitlines()[:6] == [
        'in.mp4: 40 frames, at most 2 people in one frame; out.mp4',
        'check the anonymised video: faces could be visible in 14 frames (35%)',
        '  0.30 s to 0.50 s: lost',
        '  0.80 s to 0.80 s: lost',
        '  0.90 s to 0.90 s: far',
        '  2.00 s to 2.00 s: lost',
    ]
    video._print(job, Summary(frames=40, bad_frames=0, people=2, doubts=tuple(doubts)))
    assert capsys.readouterr().out.splitlines()[-1] == '  and 2 more times'


def test_the_options_are_those_that_have_an_effect(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['video', '--help'])
    text = capsys.readouterr().out
    for option in ('--model', '--threshold', '--overlay-effect', '--anonymize-style', '--smoothing', '--track-hold-s'):
        assert option in text
    for option in ('--parts-encoding', '--follow-hold-s', '--semantic-size', '--mask-parts'):
        assert option not in text


@pytest.mark.parametrize(
    ('option', 'product', 'written'),
    [
        (['--anonymize', 'faces'], 'anonymized', 'overlay'),
        (['--overlay-effect', 'blur_faces'], 'overlay', 'mask,people'),
    ],
)
def test_options_of_a_product_that_is_not_written_are_refused(
    option: list[str], product: str, written: str, pictures: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise, `--anonymize faces` would write an overlay in which faces are visible."""
    assert main(['video', pictures, str(tmp_path / 'out'), '--write', written, *option]) == 1
    assert capsys.readouterr().err == (
        f'bodypix: {option[0]} would have no effect, because {product} is not written; add it to --write\n'
    )
    assert not (tmp_path / 'out').exists()
