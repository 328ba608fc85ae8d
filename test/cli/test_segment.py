"""`bodypix segment`, as a student without ROS runs it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from golden import Golden

from bodypix_ros.cli.main import main


@pytest.fixture
def picture(shared: Path) -> Golden:
    return Golden.load(shared, 'astronaut_512x512__s16__rmedium')


def _segment(path: Path, folder: Path, server: str, model_dir: str, *options: str) -> int:
    where = ['--model-url', server, '--model-dir', model_dir, '--multiplier', '0.5']
    return main(['segment', str(path), '--output', str(folder), *where, *options])


def test_it_writes_what_the_javascript_library_gives(picture, tmp_path, server, model_dir, capsys) -> None:
    path = picture.folder / picture.options['image']
    assert _segment(path, tmp_path, server, model_dir, '--part-ids', 'bodypix2', '--provider', 'cpu') == 0
    written = {name: tmp_path / f'{path.stem}_{name}.png' for name in ('mask', 'parts', 'parts_color', 'overlay')}
    pictures = {name: cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for name, file in written.items()}
    assert np.mean(pictures['mask'] != picture.outputs['person_t0.5'] * 255) <= 1e-4
    assert np.mean(pictures['parts'].view(np.int8) != picture.outputs['parts_t0.5']) <= 1e-4
    assert pictures['overlay'].shape == pictures['parts_color'].shape == (512, 512, 3)
    assert not pictures['parts_color'][pictures['mask'] == 0].any()
    assert f'{path}: 43.3% person; ' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('name', 'content', 'text'),
    [
        ('missing.jpg', None, 'missing.jpg is not there; expected a picture file'),
        ('notes.txt', b'not a picture', 'notes.txt is not a picture that OpenCV can read'),
    ],
)
def test_what_is_no_picture_is_said_in_one_line(name, content, text, tmp_path, server, model_dir, capsys) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert _segment(path, tmp_path, server, model_dir) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f'bodypix: {tmp_path}/{text}'


def test_a_folder_that_cannot_be_written_is_said(picture, tmp_path, server, model_dir, capsys) -> None:
    (tmp_path / 'file').write_text('in the way')
    assert _segment(picture.folder / picture.options['image'], tmp_path / 'file', server, model_dir) == 1
    assert 'file cannot be written (File exists); choose another --output' in capsys.readouterr().err
