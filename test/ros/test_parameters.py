# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters are the settings: described, checked, and applied while the node runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from golden import Golden
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters, ListParameters
from robot import GATED_NODE, Gate, Process, Robot, pixels

from bodypix_ros.msg import Stats
from bodypix_ros.setting import Setting
from bodypix_ros.settings import all_settings

SETTINGS = {one.name: one for one in all_settings()}
TYPES = {
    bool: ParameterType.PARAMETER_BOOL,
    int: ParameterType.PARAMETER_INTEGER,
    float: ParameterType.PARAMETER_DOUBLE,
    str: ParameterType.PARAMETER_STRING,
    tuple: ParameterType.PARAMETER_STRING_ARRAY,
}
HALF = 'official MobileNetV1 0.50, 4-byte weights, stride 16'


@pytest.fixture(scope='module')
def golden(shared: object) -> Golden:
    return Golden.load(shared, 'karolina_640x480__s16__rmedium')  # type: ignore[arg-type]


@pytest.fixture(scope='module')
def node(start: Callable[..., Process], gate: Gate, robot: Robot) -> Process:
    """A node whose first network loads at once, whose later ones wait at the gate."""
    gate.load(1)
    for number in range(1, 500):
        gate.go(number)
    process = start(program=GATED_NODE, BODYPIX_GATE=str(gate.folder))
    robot.subscribe('bodypix/stats', Stats)
    for topic in ('mask', 'parts'):
        robot.subscribe(topic)
    robot.camera()
    robot.next('bodypix/stats', lambda stats: stats.model)
    return process


def test_every_setting_is_a_parameter(robot: Robot, node: Process) -> None:
    names = robot.call(ListParameters, 'bodypix/list_parameters', ListParameters.Request()).result.names
    assert set(SETTINGS) <= set(names)


@pytest.mark.parametrize('setting', SETTINGS.values(), ids=SETTINGS)
def test_a_parameter_is_described_as_its_setting(robot: Robot, node: Process, setting: Setting) -> None:
    request = DescribeParameters.Request(names=[setting.name])
    described = robot.call(DescribeParameters, 'bodypix/describe_parameters', request).descriptors[0]
    assert described.description == setting.description
    assert described.type == TYPES[setting.kind]
    ranges = [*described.integer_range, *described.floating_point_range]
    if setting.kind in (int, float) and setting.choices:
        assert (ranges[0].from_value, ranges[0].to_value) == (min(setting.choices), max(setting.choices))
    elif setting.minimum is not None and setting.maximum is not None:
        assert (ranges[0].from_value, ranges[0].to_value) == (setting.minimum, setting.maximum)
    if setting.choices:
        assert described.additional_constraints == f'Must be {setting.range_text}.'


@pytest.mark.parametrize('threshold', [0.2, 0.7])
def test_a_new_threshold_applies_to_the_next_frame(
    robot: Robot, node: Process, golden: Golden, threshold: float
) -> None:
    assert robot.set('threshold', threshold) == ''
    mask = pixels(robot.answer(robot.message(golden.image), ['mask'])['mask'])
    assert (mask == 255 * golden.outputs[f'person_t{threshold}']).mean() >= 0.9999


def test_a_new_encoding_of_the_parts_applies_to_the_next_frame(robot: Robot, node: Process, golden: Golden) -> None:
    signed = pixels(robot.answer(robot.message(golden.image), ['parts'])['parts']).astype(int)
    for encoding, background in (('16SC1', -1), ('32SC1', -1), ('8UC1', 255), ('8SC1', -1)):
        assert robot.set('parts_encoding', encoding) == ''
        parts = robot.answer(robot.message(golden.image), ['parts'])['parts']
        assert parts.encoding == encoding
        assert (pixels(parts) == np.where(signed < 0, background, signed)).all()


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('threshold', 2, 'threshold must be between 0 and 1, got 2'),
        ('threshold', 'high', "threshold must be between 0 and 1, got 'high'"),
        ('threshold', 1.5, 'Parameter threshold out of range Min: 0.0, Max: 1.0, value: 1.5'),
        ('stride', 12, 'The parameter value for stride is not a valid step. Min: 8, max: 32, value: 12, step: 8'),
        ('stride', 24, 'stride must be 8, 16 or 32, got 24'),
        (
            'internal_resolution',
            'huge',
            'internal_resolution must be auto, low, medium, high, full, a fraction of 0.1..2.0 or',
        ),
        ('overlay_palette', 'grey', "overlay_palette must be rainbow, warm or spectral, got 'grey'"),
        ('multiplier', 0.25, 'multiplier must be '),
        (
            'checkpoint',
            '/nowhere',
            'checkpoint must be official or the folder of a TensorFlow.js checkpoint, got',
        ),
        ('image_transport', 'compressed', 'image_transport cannot change while the topics are open'),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(
    robot: Robot, node: Process, name: str, value: object, reason: str
) -> None:
    before = robot.get(name)
    assert robot.set(name, value).startswith(reason)
    assert robot.get(name) == before


def test_a_limited_rate_drops_frames(robot: Robot, node: Process, golden: Golden) -> None:
    assert robot.set('max_rate_hz', 0.5) == ''
    dropped = robot.next('bodypix/stats').cameras[0].frames_dropped
    robot.answer(robot.message(golden.image), ['mask'])
    for _ in range(5):
        robot.show(robot.message(golden.image))
        robot.spin(0.05)
    robot.next('bodypix/stats', lambda stats: stats.cameras[0].frames_dropped == dropped + 4)
    assert robot.set('max_rate_hz', 0.0) == ''
    robot.answer(robot.message(golden.image), ['mask'])


def test_another_network_replaces_the_present_one_once_it_is_loaded(
    robot: Robot, node: Process, gate: Gate, golden: Golden
) -> None:
    assert robot.set('stride', 8) == ''
    assert robot.next('bodypix/stats', lambda stats: stats.state == 'waiting at the gate (25%)').model == HALF
    robot.answer(robot.message(golden.image), ['mask'])
    gate.load(2)
    robot.next('bodypix/stats', lambda stats: stats.model == HALF.replace('16', '8'))
    trained = Golden.load(golden.folder.parent, 'karolina_640x480__s8d22__rmedium')
    assert robot.set('threshold', 0.5) == ''
    mask = pixels(robot.answer(robot.message(golden.image), ['mask'])['mask'])
    assert (mask == 255 * trained.outputs['person_t0.5']).mean() >= 0.9999


def test_a_network_that_cannot_be_loaded_leaves_everything_as_it_was(
    robot: Robot, node: Process, gate: Gate, golden: Golden
) -> None:
    gate.load(3)
    gate.load(4)
    assert robot.set('multiplier', 1.0) == ''
    status = robot.diagnosis('network', lambda status: 'keeping the previous model' in status.message)
    assert status.level == b'\1'
    assert status.message.startswith('failed to load the model: ')
    assert status.message.endswith(f'; keeping the previous model, {HALF.replace("16", "8")}, and its parameters')
    assert (robot.get('multiplier'), robot.get('stride')) == (0.5, 8)
    robot.answer(robot.message(golden.image), ['mask'])
    assert robot.next('bodypix/stats').model == HALF.replace('16', '8')


@pytest.mark.parametrize(('name', 'value'), [('model_url', 'x'), ('model_dir', '~x'), ('allow_download', True)])
def test_where_weights_come_from_cannot_change_while_the_node_runs(
    robot: Robot, node: Process, name: str, value: object
) -> None:
    before = robot.get(name)
    assert robot.set(name, value).startswith('Trying to set a read-only parameter')
    assert robot.get(name) == before


def test_after_a_failure_another_network_can_be_loaded(robot: Robot, node: Process, gate: Gate) -> None:
    gate.load(5)
    assert robot.set('stride', 16) == ''
    robot.next('bodypix/stats', lambda stats: stats.model == HALF)
    assert robot.diagnosis('network', lambda status: status.level == b'\0').message == f'{HALF} on cpu'


def test_numbers_of_the_parts_can_change_while_running(robot: Robot, node: Process, gate: Gate, golden: Golden) -> None:
    gate.open()
    assert robot.set('part_ids', 'bodypix2') == ''

    def agrees() -> bool:
        parts = pixels(robot.answer(robot.message(golden.image), ['parts'])['parts'])
        return bool((parts == golden.outputs['parts_t0.5']).mean() >= 0.9999)

    robot.until(agrees)
