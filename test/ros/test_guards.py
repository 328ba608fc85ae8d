# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the parameters of a running node refuse, and what they survive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
from robot import Process, Robot

from bodypix_ros.msg import Stats
from bodypix_ros.settings import all_settings

NAMES_OF_0_1 = """
version architecture multiplier quant_bytes stride dilation checkpoint model_dir model_url allow_download
internal_resolution part_ids provider precision require_gpu device_id threads kernels threshold
flip_horizontal max_people score_threshold nms_radius min_keypoint_score refine_steps instances parts_encoding
overlay_opacity overlay_palette overlay_effect cameras image_transport qos max_rate_hz lazy stale_after_s
autostart
"""
UNKNOWN_TYPE = ParameterMessage(name='threshold', value=ParameterValue(type=77))


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], robot: Robot) -> Process:
    """A node with our own model, offline."""
    process = start_plain()
    robot.subscribe('bodypix/stats', Stats)
    robot.subscribe('mask')
    robot.next('bodypix/stats', lambda stats: stats.model)
    return process


def unusable_folders(folder: Path) -> dict[str, str]:
    """Return values of `checkpoint` and `model_dir` that make the file system raise errors."""
    loop = folder / 'loop'
    loop.symlink_to(loop)
    closed = folder / 'closed'
    closed.mkdir(mode=0)
    return {
        'user': '~nosuchuser/x',
        'loop': str(loop),
        'closed': str(closed / 'inside'),
        'long': '/' + 'x' * 5000,
        'nul': 'a\0b',
    }


@pytest.mark.parametrize('kind', ['user', 'loop', 'closed', 'long', 'nul'])
def test_a_checkpoint_that_cannot_be_opened_is_refused_with_a_short_sentence(
    robot: Robot, node: Process, tmp_path: Path, kind: str, astronaut: NDArray[np.uint8]
) -> None:
    reason = robot.set('checkpoint', unusable_folders(tmp_path)[kind])
    assert reason
    assert len(reason) < 1000
    assert robot.get('checkpoint') == 'official'
    assert robot.answer(robot.message(astronaut), ['mask'])


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        (
            'internal_resolution',
            ['a'],
            'internal_resolution must be auto, low, medium, high, full, a fraction of 0.1..2.0',
        ),
        (
            'internal_resolution',
            [1.0, 2.0],
            'internal_resolution must be auto, low, medium, high, full, a fraction of ',
        ),
        ('internal_resolution', b'ab', 'internal_resolution must be auto'),
        ('cameras', [1, 2], 'cameras must be a list of names, got '),
        ('max_rate_hz', 'fast', "max_rate_hz must be between 0 and 1000, got 'fast'"),
        ('max_rate_hz', float('nan'), ''),
        ('overlay_palette', 'x' * 100_000, "overlay_palette must be rainbow, warm or spectral, got 'xxx"),
    ],
)
def test_a_value_of_any_kind_is_refused_and_quoted_briefly(
    robot: Robot, node: Process, name: str, value: Any, reason: str
) -> None:
    before = robot.get(name)
    value = list(value) if isinstance(value, bytes) else value
    text = robot.set(name, value)
    assert text.startswith(reason)
    assert 0 < len(text) < 400
    assert robot.get(name) == before


def test_a_value_of_an_unknown_type_is_refused_and_the_others_are_set(robot: Robot, node: Process) -> None:
    good = ParameterMessage(name='lazy', value=ParameterValue(type=1, bool_value=True))
    request = SetParameters.Request(parameters=[good, UNKNOWN_TYPE])
    results = robot.call(SetParameters, 'bodypix/set_parameters', request).results
    assert [one.successful for one in results] == [True, False]
    assert results[1].reason
    atomically = SetParametersAtomically.Request(parameters=[UNKNOWN_TYPE])
    result = robot.call(SetParametersAtomically, 'bodypix/set_parameters_atomically', atomically).result
    assert (result.successful, bool(result.reason)) == (False, True)
    assert robot.get('threshold') == 0.5


def test_every_parameter_of_the_running_model_can_be_set_offline(robot: Robot, node: Process) -> None:
    for name, value in [('part_ids', 'bodypix2'), ('internal_resolution', 257), ('threads', 1), ('kernels', 'numpy')]:
        assert robot.set(name, value) == ''
        assert robot.get(name) == value
    assert robot.next('bodypix/stats', lambda stats: stats.model and stats.state == 'active').model == 'bodypix_ros 1.0'


@pytest.mark.parametrize(('name', 'value'), [('multiplier', 1.0), ('model', 'bodypix'), ('architecture', 'resnet50')])
def test_a_model_without_weights_is_refused_with_the_way_to_get_them(
    robot: Robot, node: Process, name: str, value: object
) -> None:
    before = robot.get(name)
    reason = robot.set(name, value)
    assert 'are not in the cache: download them with `bodypix models fetch`' in reason
    assert robot.get(name) == before
    assert robot.set('threshold', 0.5) == '', 'a later change does not try it again'


def test_a_file_of_param_dump_changes_nothing_when_it_is_loaded_again(robot: Robot, node: Process) -> None:
    """`ros2 param load` sets every parameter of the file, one by one."""
    loads = node.log.count('loading the model')
    names = [one.name for one in all_settings() if not one.read_only]
    values = robot.call(GetParameters, 'bodypix/get_parameters', GetParameters.Request(names=names)).values
    parameters = [ParameterMessage(name=name, value=value) for name, value in zip(names, values, strict=True)]
    results = robot.call(SetParameters, 'bodypix/set_parameters', SetParameters.Request(parameters=parameters)).results
    assert {one.reason for one in results} == {''}
    assert node.log.count('loading the model') == loads
    assert robot.next('bodypix/stats').model == 'bodypix_ros 1.0'


def test_the_choice_of_the_model_is_explained(robot: Robot, node: Process) -> None:
    stats = robot.next('bodypix/stats', lambda stats: stats.model)
    assert (stats.model, stats.model_reason) == ('bodypix_ros 1.0', 'bodypix_ros is the default')
    assert 'bodypix_ros 1.0 (bodypix_ros is the default) on cpu' in node.log


def test_the_parameters_of_version_0_1_still_exist(robot: Robot, node: Process) -> None:
    names = NAMES_OF_0_1.split()
    values = robot.call(GetParameters, 'bodypix/get_parameters', GetParameters.Request(names=names)).values
    assert len(values) == len(names) == 37


def test_the_node_has_logged_no_traceback(node: Process) -> None:
    assert 'Traceback' not in node.log
    assert node.alive


@pytest.mark.parametrize('name', ['checkpoint', 'model_dir'])
@pytest.mark.parametrize('kind', ['user', 'loop', 'closed', 'long'])
def test_at_the_start_such_a_folder_is_reported_and_the_node_lives(
    robot: Robot, start_plain: Callable[..., Process], tmp_path: Path, name: str, kind: str
) -> None:
    value = unusable_folders(tmp_path)[kind]
    process = start_plain('-r', f'__ns:=/{name}_{kind}', '-p', 'model:=bodypix', '-p', f'{name}:={value}')
    robot.until(lambda: 'failed to load the model: ' in process.log or 'running bodypix_ros instead' in process.log)
    assert process.alive
    assert 'Traceback' not in process.log


def test_other_values_at_the_start_end_it_with_a_sentence(domain: int, tmp_path: Path) -> None:
    process = Process(domain, tmp_path / 'log.txt', '-p', 'internal_resolution:=["a"]')
    assert process.wait() == 2
    assert 'internal_resolution must be auto, low, medium, high, full' in process.log
    assert 'Traceback' not in process.log


def test_misspelled_parameters_and_files_for_other_nodes_are_warned_of(
    robot: Robot, start_plain: Callable[..., Process], tmp_path: Path
) -> None:
    file = tmp_path / 'params.yaml'
    file.write_text('/other/bodypix:\n  ros__parameters:\n    lazy: false\n')
    process = start_plain('-r', '__ns:=/misspelled', '-p', 'treshold:=0.4', '--params-file', str(file))
    robot.until_logged(process, 'parameter treshold does not exist and has no effect; did you mean threshold?')
    robot.until_logged(
        process,
        f'params_file {file} has no effect: it is for /other/bodypix, but this node is /misspelled/bodypix.',
    )


def test_no_cameras_in_a_file_mean_one_without_a_name(
    robot: Robot, start_plain: Callable[..., Process], shared_inputs: Path
) -> None:
    process = start_plain('-r', '__ns:=/none', '--params-file', str(shared_inputs / 'empty_cameras.yaml'))
    robot.until(lambda: robot.node.count_publishers('/none/mask') == 1)
    assert process.alive


def test_whole_numbers_are_accepted_where_a_double_is_declared(
    robot: Robot, start_plain: Callable[..., Process]
) -> None:
    process = start_plain('-r', '__ns:=/whole', *numbers(max_rate_hz=15, stale_after_s=3, threshold=1, nms_radius=20))
    robot.until_logged(process, 'bodypix_ros 1.0')
    assert process.alive


def numbers(**values: int) -> list[str]:
    return [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        (('-p', 'qos_overrides./bad_qos/mask.publisher.reliability:=sometimes'), 'failed to configure: '),
        (('-p', f'cameras:=[{"c" * 300}]'), 'failed to configure: '),
    ],
    ids=['qos_overrides', 'long name'],
)
def test_a_configuration_that_fails_is_explained_and_the_node_stays_unconfigured(
    robot: Robot, start_plain: Callable[..., Process], arguments: tuple[str, ...], reason: str
) -> None:
    process = start_plain('-r', '__ns:=/bad_qos', *arguments)
    robot.until_logged(process, reason)
    robot.subscribe('bad_qos/bodypix/stats', Stats)
    assert robot.next('bad_qos/bodypix/stats').state == 'unconfigured'
    assert robot.node.count_publishers('/bad_qos/mask') == 0
    assert process.alive
    assert process.stop() == 0
