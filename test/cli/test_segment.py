# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix segment`, as a student without ROS runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from golden import Golden
from numpy.typing import NDArray

from bodypix_ros.cli import segment
from bodypix_ros.cli.main import main
from bodypix_ros.errors import ModelError
from bodypix_ros.people import People
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import NetworkSettings, SegmentSettings

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ('mask', 'parts', 'parts_color', 'overlay')


class StandIn:
    """A segmenter that finds a person in the upper half of every picture, and fails where the first value is 13."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.settings = NetworkSettings()
        self.calls: list[tuple[SegmentSettings, bool]] = []

    def segment(
        self, image: NDArray[np.uint8], settings: SegmentSettings, *, people: bool, confidence: bool
    ) -> Segmentation:
        self.calls.append((settings, people))
        if image[0, 0, 0] == 13:
            raise RuntimeError('a fault of ours')
        if image[0, 0, 0] == 14:
            raise ModelError('BodyPix 1 cannot separate people')
        mask = np.zeros(image.shape[:2], bool)
        mask[: image.shape[0] // 2] = True
        found = People((), mask.astype(np.uint8), ()) if people else None
        return Segmentation(mask, np.where(mask, 0, -1).astype(np.int8), found)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[StandIn]:
    """The segmenters that the command loads: stand-ins."""
    segmenters: list[StandIn] = []

    def load(progress: object, **given: Any) -> StandIn:
        segmenters.append(StandIn(**given))
        return segmenters[-1]

    monkeypatch.setattr(segment, 'load', load)
    return segmenters


def save(path: Path, value: int = 100, height: int = 20) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode('.png', np.full((height, 30, 3), value, np.uint8))[1].tobytes())
    return str(path)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def results_of(*names: str) -> set[str]:
    return {f'{name}_{picture}.png' for name in names for picture in PICTURES}


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith('bodypix: ')]


def test_a_bad_file_does_not_end_the_batch(loaded, tmp_path, capsys) -> None:
    good = [save(tmp_path / f'{name}.png') for name in ('first', 'last')]
    bad = [str(tmp_path / 'missing.png'), save(tmp_path / 'fault.png', 13)]
    (tmp_path / 'half.png').write_bytes(Path(good[0]).read_bytes()[:60])
    words = [good[0], *bad, str(tmp_path / 'half.png'), good[1]]
    assert main(['segment', *words, '--output', str(tmp_path / 'out')]) == 1
    captured = capsys.readouterr()
    assert [line.split('; ')[0] for line in captured.out.splitlines()] == [f'{path}: 50.0% person' for path in good]
    assert captured.err.splitlines() == [
        f'bodypix: {bad[0]} does not exist; expected a picture file',
        f'bodypix: {bad[1]}: unexpected RuntimeError: a fault of ours; --debug shows the traceback',
        f'bodypix: {tmp_path}/half.png is truncated',
        'bodypix: 3 of 5 pictures failed',
    ]
    assert names_in(tmp_path / 'out') == results_of('first', 'last')


def test_a_failure_of_the_model_ends_the_batch(loaded, tmp_path, capsys) -> None:
    words = [save(tmp_path / 'one.png', 14), save(tmp_path / 'two.png')]
    assert main(['segment', *words, '--output', str(tmp_path / 'out')]) == 1
    assert errors(capsys) == ['bodypix: BodyPix 1 cannot separate people']
    assert names_in(tmp_path / 'out') == set()


def test_pictures_of_the_same_name_get_results_of_their_own(loaded, tmp_path, capsys) -> None:
    words = [save(tmp_path / folder / 'cam.png') for folder in 'ab']
    assert main(['segment', *words, '--output', str(tmp_path / 'out')]) == 0
    assert names_in(tmp_path / 'out') == results_of('cam', 'cam_2')
    assert f'{tmp_path}/out/cam_2_mask.png' in capsys.readouterr().out.splitlines()[1]


def test_an_input_is_never_overwritten(loaded, tmp_path, capsys) -> None:
    words = [save(tmp_path / 'cam.png'), save(tmp_path / 'cam_mask.png')]
    before = (tmp_path / 'cam_mask.png').read_bytes()
    assert main(['segment', *words, '--output', str(tmp_path)]) == 1
    assert errors(capsys) == [
        f'bodypix: {tmp_path}/cam.png: {tmp_path}/cam_mask.png is one of the inputs and is not overwritten; '
        'choose another --output',
        'bodypix: 1 of 2 pictures failed',
    ]
    assert (tmp_path / 'cam_mask.png').read_bytes() == before
    assert names_in(tmp_path) == {'cam.png', 'cam_mask.png'} | results_of('cam_mask')


def test_only_options_that_were_given_reach_the_choice_of_the_model(loaded, tmp_path) -> None:
    words = ['segment', save(tmp_path / 'x.png'), '--output', str(tmp_path / 'out')]
    assert main(words) == 0
    assert main([*words, '--multiplier', '0.75', '--model', 'bodypix', '--no-allow-download']) == 0
    assert loaded[0].given == {}
    assert loaded[1].given == {'multiplier': 0.75, 'model': 'bodypix', 'allow_download': False}


@pytest.mark.parametrize(
    ('words', 'people'),
    [
        ([], False),
        (['--threshold', '0.7', '--flip-horizontal'], False),
        (['--refine'], False),
        (['--people'], True),
        (['--max-people', '3'], True),
        (['--instances', 'cpu'], True),
    ],
)
def test_settings_of_people_take_effect(words, people, loaded, tmp_path, capsys) -> None:
    picture = save(tmp_path / 'x.png')
    assert main(['segment', picture, '--output', str(tmp_path / 'out'), *words]) == 0
    ((settings, asked),) = loaded[0].calls
    assert asked is people
    assert settings.max_people == (3 if '--max-people' in words else 10)
    more = {'x_instances.png', 'x_people.json'} if people else set()
    assert names_in(tmp_path / 'out') == results_of('x') | more
    assert ('50.0% person, 0 people; ' in capsys.readouterr().out) is people


def test_an_option_without_effect_is_refused(loaded, tmp_path, capsys) -> None:
    words = ['segment', 'x.png', '--output', str(tmp_path / 'out'), '--parts-encoding', '16SC1']
    with pytest.raises(SystemExit):
        main(words)
    assert 'unrecognized arguments: --parts-encoding 16SC1' in capsys.readouterr().err


def test_help_has_every_setting_with_an_effect_and_its_description(capsys) -> None:
    with pytest.raises(SystemExit):
        main(['segment', '--help'])
    text = ' '.join(capsys.readouterr().out.split())
    for setting in (*NetworkSettings.describe(), *SegmentSettings.describe()):
        assert f'--{setting.name.replace("_", "-")}' in text
        assert ' '.join(setting.description.split()[:4]).lower() in text.lower()


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_loaded(loaded, tmp_path, capsys) -> None:
    (tmp_path / 'file').write_text('in the way')
    assert main(['segment', save(tmp_path / 'x.png'), '--output', str(tmp_path / 'file')]) == 1
    assert errors(capsys) == [f'bodypix: failed to write to {tmp_path}/file (File exists); choose another --output']
    assert loaded == []


@pytest.mark.parametrize('effect', ['parts', 'mask', 'contour', 'pixelate', 'bokeh', 'blur_faces', 'none'])
@pytest.mark.parametrize('size', [(1, 1), (2, 30), (9, 5)])
def test_a_picture_under_ten_pixels_is_drawn_with_every_effect(effect, size, loaded, tmp_path) -> None:
    path = tmp_path / 'tiny.png'
    path.write_bytes(cv2.imencode('.png', np.full((*size, 3), 100, np.uint8))[1].tobytes())
    assert main(['segment', str(path), '--output', str(tmp_path / 'out'), '--overlay-effect', effect]) == 0
    assert cv2.imread(str(tmp_path / 'out' / 'tiny_overlay.png')).shape == (*size, 3)


def test_a_cutout_is_transparent_without_a_background(loaded, tmp_path) -> None:
    words = ['segment', save(tmp_path / 'x.png'), '--output', str(tmp_path), '--overlay-effect', 'cutout']
    assert main(words) == 0
    overlay = cv2.imread(str(tmp_path / 'x_overlay.png'), cv2.IMREAD_UNCHANGED)
    assert overlay[0, 0].tolist() == [100, 100, 100, 255]
    assert overlay[19, 0].tolist() == [0, 0, 0, 0]
    save(tmp_path / 'wall.png', 7)
    assert main([*words, '--overlay-background', str(tmp_path / 'wall.png')]) == 0
    overlay = cv2.imread(str(tmp_path / 'x_overlay.png'), cv2.IMREAD_UNCHANGED)
    assert overlay[0, 0].tolist() == [100, 100, 100]
    assert overlay[19, 0].tolist() == [7, 7, 7]


def test_our_own_network_finds_the_astronaut_without_any_option(astronaut, tmp_path, capsys) -> None:
    path = tmp_path / 'astronaut.png'
    path.write_bytes(cv2.imencode('.png', astronaut)[1].tobytes())
    assert main(['segment', str(path), '--output', str(tmp_path / 'out'), '--people']) == 0
    mask = cv2.imread(str(tmp_path / 'out' / 'astronaut_mask.png'), cv2.IMREAD_UNCHANGED)
    assert mask[60:150, 190:260].mean() > 250  # the face
    assert mask[:270, 340:].mean() < 5  # the space shuttle
    assert isinstance(json.loads((tmp_path / 'out' / 'astronaut_people.json').read_text()), list)
    assert capsys.readouterr().out.startswith(f'{path}: ')


def test_file_names_of_any_encoding_are_read_and_printed_in_any_locale(astronaut, tmp_path) -> None:
    for name in (b'latin_\xe9.png', 'unicode_é.png'.encode()):
        shutil.copy(save(tmp_path / 'x.png'), os.fsencode(tmp_path) + b'/' + name)
    (tmp_path / 'x.png').unlink()
    arguments = [*sorted(os.listdir(os.fsencode(tmp_path)))]
    posix = {'LC_ALL': 'POSIX', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
    done = subprocess.run(
        [sys.executable, '-m', 'bodypix_ros.cli.main', 'segment', *arguments, '--output', 'out'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}', **posix},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(b':')[0] for line in lines] == [b'latin_\\udce9.png', b'unicode_\\udcc3\\udca9.png']
    written = set(os.listdir(os.fsencode(tmp_path / 'out')))
    assert {b'latin_\xe9_mask.png', 'unicode_é_mask.png'.encode()} <= written


def test_it_writes_what_the_javascript_library_gives(shared, tmp_path, server, model_dir, capsys) -> None:
    golden = Golden.load(shared, 'astronaut_512x512__s16__rmedium')
    path = golden.folder / golden.options['image']
    where = ['--model-url', server, '--model-dir', model_dir, '--allow-download']
    options = ['--multiplier', '0.5', '--part-ids', 'bodypix2', '--provider', 'cpu', '--internal-resolution', 'medium']
    assert main(['segment', str(path), '--output', str(tmp_path), *where, *options]) == 0
    written = {name: tmp_path / f'{path.stem}_{name}.png' for name in PICTURES}
    pictures = {name: cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for name, file in written.items()}
    assert np.mean(pictures['mask'] != golden.outputs['person_t0.5'] * 255) <= 1e-4
    assert np.mean(pictures['parts'].view(np.int8) != golden.outputs['parts_t0.5']) <= 1e-4
    assert pictures['overlay'].shape == pictures['parts_color'].shape == (512, 512, 3)
    assert not pictures['parts_color'][pictures['mask'] == 0].any()
    assert f'{path}: 43.3% person; ' in capsys.readouterr().out


def test_bad_inputs_of_0_1_are_refused_and_good_ones_written(shared, loaded, tmp_path, capsys) -> None:
    folder = shared / 'bug_inputs'
    same = [str(folder / 'same_name' / one / 'cam.png') for one in 'ab']
    turned = [str(folder / f'orientation6.{suffix}') for suffix in ('jpg', 'tif')]
    bad = [str(folder / name) for name in ('jpeg_half.jpg', 'forged_60000x60000.png')]
    words = [*bad, *same, *turned, str(folder / 'jpeg_plus_crlf.jpg')]
    assert main(['segment', *words, '--output', str(tmp_path)]) == 1
    assert errors(capsys)[-1] == 'bodypix: 2 of 7 pictures failed'
    names = ('cam', 'cam_2', 'orientation6', 'orientation6_2', 'jpeg_plus_crlf')
    assert names_in(tmp_path) == results_of(*names)
    for name in ('orientation6', 'orientation6_2'):
        assert cv2.imread(str(tmp_path / f'{name}_mask.png')).shape == (64, 48, 3)
