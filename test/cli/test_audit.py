# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix audit`, as it is run on a command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.cli import audit
from bodypix_ros.cli.main import main
from bodypix_ros.head_boxes import HeadBox


class FaceInNoise:
    """A finder that finds one face, which is noise in some pictures and grey in others."""

    name = 'stand-in'

    def find(self, image: NDArray[np.uint8]) -> list[HeadBox]:
        return [HeadBox(10, 10, 20, 20)]


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings with which finders were opened."""
    opened: list[Any] = []

    def open_finders(settings: Any, given: Any) -> Any:
        opened.append((settings, given))
        return [FaceInNoise()], ['BodyPix: no weights']

    monkeypatch.setattr(audit, 'open_finders', open_finders)
    return opened


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Four pictures, the second of which has a face."""
    folder = tmp_path / 'walk'
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for number in range(4):
        picture = noise if number == 1 else np.full_like(noise, 127)
        assert cv2.imwrite(str(folder / f'frame_{number}.png'), picture)
    return folder


def test_images_with_a_face_are_listed(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['audit', str(recording)]) == 1
    report = json.loads((tmp_path / 'walk.audit.json').read_text())
    assert report['images'] == 4
    assert report['finders'] == ['stand-in']
    assert report['missing'] == ['BodyPix: no weights']
    assert report['suspicious'] == [
        {
            'name': 'frame_1',
            'stamp_s': round(1 / 30, 6),
            'faces': [{'x': 10, 'y': 10, 'width': 20, 'height': 20, 'finder': 'stand-in'}],
        }
    ]
    sheet = cv2.imread(str(tmp_path / 'walk.audit.png'))
    assert sheet.shape[1] == 4 * 488 + 8
    assert (sheet == (0, 0, 255)).all(axis=2).any()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'searching without BodyPix: no weights'
    assert lines[1].startswith(f'{recording}: a face may be visible in 1 of 4 images; ')
    assert audit.RECALL in lines[2]


def test_without_findings_there_is_no_sheet_and_the_status_is_0(recording: Path, tmp_path: Path) -> None:
    (recording / 'frame_1.png').unlink()
    out = tmp_path / 'out'
    assert main(['audit', str(recording), '--output', str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ['walk.audit.json']


def test_every_second_image_is_searched(recording: Path, tmp_path: Path) -> None:
    assert main(['audit', str(recording), '--every', '2']) == 0
    assert json.loads((tmp_path / 'walk.audit.json').read_text())['images'] == 2


def test_settings_reach_the_networks(recording: Path, given: list[Any]) -> None:
    main(['audit', str(recording), '--multiplier', '0.5'])
    ((settings, names),) = given
    assert (settings.multiplier, names) == (0.5, ('multiplier',))


def test_a_recording_that_does_not_exist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['audit', str(tmp_path / 'none.mp4')]) == 1
    assert 'none.mp4 does not exist' in capsys.readouterr().err


def test_broken_pictures_are_not_silently_left_out(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recording / 'frame_1.png').write_bytes(b'broken')
    assert main(['audit', str(recording)]) == 1
    report = json.loads((tmp_path / 'walk.audit.json').read_text())
    assert (report['images'], report['not_searched']) == (3, ['frames cannot be decoded (images: 1)'])
    assert capsys.readouterr().out.splitlines()[-1] == 'not searched: frames cannot be decoded (images: 1)'


def test_a_bag_whose_images_cannot_be_searched_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip('rosbags', reason='needs the package rosbags')
    import bags

    depth = bags.image_message(np.zeros((8, 8), np.uint16), '16UC1', topic='/depth')
    path = bags.write_bag(tmp_path, 'mcap', [depth, depth])
    assert main(['audit', str(path)]) == 1
    assert capsys.readouterr().err.endswith(
        "drive cannot be searched: /depth: encoding '16UC1' is that of depth images (images: 2)\n"
    )
    path = bags.write_bag(tmp_path, 'mcap', [bags.word_message('x', bags.START_NS, 'cdr')], name='words')
    assert main(['audit', str(path)]) == 1
    assert capsys.readouterr().err.endswith('words cannot be searched: it has no images\n')
    assert list(tmp_path.glob('*.audit.*')) == []


@pytest.mark.parametrize('form', ['ros1', 'sqlite3', 'mcap'])
def test_images_of_every_format_of_bags_are_searched(tmp_path: Path, form: str) -> None:
    pytest.importorskip('rosbags', reason='needs the package rosbags')
    import bags

    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    pictures = [np.full_like(noise, 127), noise]
    wire: Any = 'ros1' if form == 'ros1' else 'cdr'
    broken = bags.compressed_message(b'broken', stamp_ns=bags.START_NS + bags.STEP_NS * 3, wire=wire)
    path = bags.write_bag(tmp_path, form, [*bags.clip_messages(pictures, wire), broken])
    assert main(['audit', str(path)]) == 1
    report = json.loads(path.with_name(f'{path.name}.audit.json').read_text())
    assert report['images'] == 4
    (problem,) = report['not_searched']
    assert problem.startswith(f'{bags.JPEGS}: ')
    assert problem.endswith(' (images: 1)')
    start_s = bags.START_NS / 1e9
    assert [(one['name'], one['stamp_s']) for one in report['suspicious']] == [
        (f'{bags.IMAGES} {start_s + 0.04:.3f}', round(start_s + 0.04, 6)),
        (f'{bags.JPEGS} {start_s + 0.06:.3f}', round(start_s + 0.06, 6)),
    ]
