# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the node starts and ends."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from robot import Process, Robot

from bodypix_ros.srv import Segment


def started(robot: Robot, domain: int, folder: Path, *arguments: str) -> Process:
    """Start a node and wait until it says that it loads, so that its handlers are installed."""
    folder.mkdir(exist_ok=True)
    process = Process(domain, folder / 'log.txt', *arguments)
    robot.until_logged(process, 'loading the model')
    return process


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_node_with_status_0(
    robot: Robot, domain: int, tmp_path: Path, number: signal.Signals
) -> None:
    process = started(robot, domain, tmp_path)
    robot.until_logged(process, ' on cpu')
    process.signal(number)
    assert process.wait() == 0
    assert 'Traceback' not in process.log


@pytest.mark.parametrize('delay_s', [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGHUP])
def test_a_signal_during_the_start_ends_the_node_without_a_traceback(
    domain: int, tmp_path: Path, number: signal.Signals, delay_s: float
) -> None:
    process = Process(domain, tmp_path / 'log.txt')
    while not process.handles(signal.SIGTERM):  # before that, Python itself is starting
        time.sleep(0.001)
    time.sleep(delay_s)
    process.signal(number)
    assert process.wait() == 0
    assert 'Traceback' not in process.log


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_changes_nothing(robot: Robot, domain: int, tmp_path: Path, number: signal.Signals) -> None:
    process = started(robot, domain, tmp_path)
    process.signal(number)
    process.signal(number)
    robot.spin(0.05)
    if process.alive:
        process.signal(number)
    assert process.wait() == 0
    assert 'Traceback' not in process.log


@pytest.mark.parametrize(
    ('argument', 'text'),
    [
        ('threshold:=1.5', 'threshold must be between 0 and 1. Invalid parameter value (1.5)'),
        ('stride:=12', 'stride must be 8, 16 or 32. Invalid parameter value (12)'),
        ('stride:=wide', "stride must be 8, 16 or 32. Trying to set parameter 'stride' to 'wide'"),
        (
            'internal_resolution:=huge',
            'internal_resolution must be auto, low, medium, high, full, a fraction of 0.1..2.0 or',
        ),
        ('cameras:=[left,left]', 'cameras must be unique names, got left, left'),
        ('threshold', "Couldn't parse parameter override rule"),
        ('parts_encoding:=jpeg', "parts_encoding must be 8SC1, 8UC1, 16SC1 or 32SC1, got 'jpeg'"),
    ],
)
def test_a_wrong_parameter_ends_the_start_with_a_sentence(
    domain: int, tmp_path: Path, argument: str, text: str
) -> None:
    process = Process(domain, tmp_path / 'log.txt', '-p', argument)
    assert process.wait() == 2
    assert text in process.log
    assert 'Traceback' not in process.log


def test_missing_weights_are_reported_and_the_node_lives(
    robot: Robot, domain: int, server: str, tmp_path: Path
) -> None:
    empty = tmp_path / 'models'
    where = ['-p', f'model_url:={server}', '-p', f'model_dir:={empty}']
    process = started(robot, domain, tmp_path, *where, '-p', 'model:=bodypix', '-p', 'fallback:=false')
    robot.until_logged(process, 'failed to load the model:')
    assert process.alive
    assert process.stop() == 0


def test_by_default_the_node_runs_our_own_model(robot: Robot, domain: int, tmp_path: Path) -> None:
    process = started(robot, domain, tmp_path, '-p', f'model_dir:={tmp_path / "models"}')
    robot.until_logged(process, 'bodypix_ros 1.0 (bodypix_ros is the default) on cpu')
    assert process.stop() == 0


@pytest.mark.skipif('CUDAExecutionProvider' in onnxruntime.get_available_providers(), reason='there may be a GPU')
def test_where_a_gpu_is_required_and_missing_the_node_ends_with_a_sentence(domain: int, tmp_path: Path) -> None:
    arguments = ['-p', 'require_gpu:=true', '-p', 'provider:=auto']
    process = Process(domain, tmp_path / 'log.txt', *arguments)
    assert process.wait() == 1
    assert '[FATAL]' in process.log
    assert 'Traceback' not in process.log


def test_a_node_that_was_killed_and_started_again_works_as_before(
    robot: Robot, domain: int, tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    robot.subscribe('mask')
    for number in range(2):
        process = started(robot, domain, tmp_path / str(number))
        assert robot.answer(robot.message(astronaut), ['mask'])
        process.signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def test_a_whole_number_is_understood_as_a_threshold(robot: Robot, domain: int, tmp_path: Path) -> None:
    process = started(robot, domain, tmp_path, '-p', 'threshold:=1')
    assert process.stop() == 0


def test_a_signal_ends_the_node_while_the_model_runs_for_a_service(
    robot: Robot, domain: int, tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    """While a thread is inside ONNX Runtime, Python must not finalize the interpreter: the process would abort."""
    slow = ('-p', 'provider:=cpu', '-p', 'threads:=1', '-p', 'internal_resolution:=2049')
    process = started(robot, domain, tmp_path, *slow)
    robot.until_logged(process, ' on cpu')
    client = robot.node.create_client(Segment, 'bodypix/segment')
    robot.until(client.service_is_ready)
    request = Segment.Request(image=robot.message(astronaut), people=True)
    calls = [client.call_async(request) for _ in range(3)]
    robot.spin(1.0)
    process.signal(signal.SIGINT)
    assert process.wait() == 0, process.log
    assert 'terminate called' not in process.log
    assert not all(call.done() for call in calls), 'the model must still be running'
    robot.node.destroy_client(client)
