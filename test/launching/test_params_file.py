# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

from bodypix_ros.errors import SettingError
from bodypix_ros.launching.params_file import cameras_of, other_node_warning, parameters_of

NODE = '/robot/bodypix'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'params.yaml'
    path.write_text("""
/**: {ros__parameters: {cameras: [left, right], stride: 8}}
/robot/bodypix: {ros__parameters: {stride: 16}}
other: {ros__parameters: {stride: 32, threshold: 0.9}}
""")
    return path


def test_parameters_of_the_node_override_those_of_all_nodes(file: Path) -> None:
    assert parameters_of(NODE, file) == {'cameras': ['left', 'right'], 'stride': 16}
    assert parameters_of('/other', file) == {'cameras': ['left', 'right'], 'stride': 32, 'threshold': 0.9}


@pytest.mark.parametrize(
    ('section', 'nodes'),
    [
        ('/**', {'/seg', '/robot/seg', '/a/robot/seg'}),
        ('"**"', {'/seg', '/robot/seg', '/a/robot/seg'}),
        ('seg', {'/seg'}),
        ('/robot/seg', {'/robot/seg'}),
        ('robot/seg', {'/robot/seg'}),
        ('/*', {'/seg'}),
        ('/*/seg', {'/robot/seg'}),
        ('/robot/*', {'/robot/seg'}),
        ('/**/seg', {'/seg', '/robot/seg', '/a/robot/seg'}),
    ],
)
def test_names_of_sections_match_as_in_ros(file: Path, section: str, nodes: set[str]) -> None:
    file.write_text(f'{section}: {{ros__parameters: {{stride: 8}}}}')
    for node in ('/seg', '/robot/seg', '/a/robot/seg'):
        assert parameters_of(node, file) == ({'stride': 8} if node in nodes else {}), node
        assert bool(other_node_warning(node, file)) == (node not in nodes)


def test_namespaces_can_be_levels_of_the_file(file: Path) -> None:
    file.write_text('robot: {bodypix: {ros__parameters: {stride: 8}}, arm: {ros__parameters: {stride: 32}}}')
    assert parameters_of(NODE, file) == {'stride': 8}
    assert parameters_of('/robot/arm', file) == {'stride': 32}


def test_a_file_for_another_node_is_reported_with_both_names(file: Path) -> None:
    file.write_text('seg: {ros__parameters: {stride: 8}}')
    assert other_node_warning(NODE, file) == (
        f'params_file {file} has no effect: it is for /seg, but this node is /robot/bodypix. Rename the section to /** '
        'or /robot/bodypix, or start the node with that name and namespace'
    )


def test_a_file_that_is_also_for_other_nodes_is_not_reported(file: Path) -> None:
    assert other_node_warning(NODE, file) == ''


def test_cameras_are_read_from_the_file(file: Path) -> None:
    assert cameras_of(file, NODE, {}) == ('left', 'right')


def test_cameras_that_are_given_override_the_file(file: Path) -> None:
    assert cameras_of(file, NODE, {'cameras': '[front]'}) == ('front',)


@pytest.mark.parametrize('text', ['/**: {ros__parameters: }', '/**: {ros__parameters: {cameras: []}}'])
def test_a_file_without_cameras_means_one_without_a_name(file: Path, text: str) -> None:
    file.write_text(text)
    assert cameras_of(file, NODE, {}) == ('',)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match='params_file must be the path of a YAML parameter file; .*none.yaml does not exist'
    ):
        parameters_of(NODE, tmp_path / 'none.yaml')


@pytest.mark.parametrize(
    'text', ['threshold: 0.5', 'just text', '[1, 2', '/**: {threshold: 0.5}', '', '/**: {ros__parameters: 5}']
)
def test_a_file_that_is_no_params_file_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingError) as refused:
        parameters_of(NODE, file)
    assert str(refused.value).startswith(
        f'params_file must contain `/**: {{ros__parameters: {{…}}}}`, but {file} does not: '
    )
