from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

from bodypix_ros.errors import SettingError
from bodypix_ros.launching.params_file import cameras_of, parameters_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'params.yaml'
    path.write_text("""
/**: {ros__parameters: {cameras: [left, right], stride: 8}}
/robot/bodypix: {ros__parameters: {stride: 16}}
other: {ros__parameters: {stride: 32, threshold: 0.9}}
""")
    return path


def test_parameters_of_the_node_win_over_those_of_all_nodes(file: Path) -> None:
    assert parameters_of('bodypix', file) == {'cameras': ['left', 'right'], 'stride': 16}


def test_cameras_are_read_from_the_file(file: Path) -> None:
    assert cameras_of(file, 'bodypix', {}) == ('left', 'right')


def test_cameras_that_are_given_win_over_the_file(file: Path) -> None:
    assert cameras_of(file, 'bodypix', {'cameras': '[front]'}) == ('front',)


def test_a_file_without_cameras_means_one_without_a_name(file: Path) -> None:
    file.write_text('/**: {ros__parameters: }')
    assert cameras_of(file, 'bodypix', {}) == ('',)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match='params_file must be the path of a YAML file of parameters; .*none.yaml is not there'
    ):
        parameters_of('bodypix', tmp_path / 'none.yaml')


@pytest.mark.parametrize('text', ['threshold: 0.5', 'just text', '[1, 2', '/**: {threshold: 0.5}'])
def test_a_file_that_is_no_params_file_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(
        SettingError, match='params_file must say `/\\*\\*: ros__parameters: …`; .*params.yaml does not'
    ):
        parameters_of('bodypix', file)
