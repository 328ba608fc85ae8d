# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The virtual environment: its configuration, requirements and environment variables."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/environment.py on a machine without ROS and without an NVIDIA GPU."""
    spec = importlib.util.spec_from_file_location('environment', ROOT / 'tools' / 'environment.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, 'environment', module)
    spec.loader.exec_module(module)
    for name in ('AMENT_PREFIX_PATH', 'ROS_WHEELS', 'ACCELERATOR'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('PATH', '/usr/bin')
    return module


def put_program(folder: Path, name: str, text: str) -> None:
    """Write a shell program that prints a text."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f'#!/bin/sh\necho "{text}"\n')
    program.chmod(0o755)


@pytest.fixture
def driver_of_cuda_12(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An NVIDIA GPU with a driver for CUDA 12."""
    put_program(tmp_path / 'nvidia', 'nvidia-smi', '| Driver Version: 570.1   CUDA Version: 12.8 |')
    monkeypatch.setenv('PATH', f'{tmp_path / "nvidia"}:/usr/bin')
    monkeypatch.setattr(tool.platform, 'machine', lambda: 'x86_64')


def test_without_ros_and_gpu_jazzy_wheels_and_the_cpu_are_used(tool: ModuleType) -> None:
    configuration = tool.read_configuration()
    assert (configuration.ros, configuration.accelerator, configuration.sourced) == ('jazzy wheels', 'cpu', False)
    names = {line.split('>')[0].split('[')[0] for line in tool.requirements(configuration)}
    assert {'numpy', 'onnxruntime', 'ros-jazzy-rclpy', 'ros-jazzy-sensor-msgs', 'pytest'} <= names
    assert 'onnxruntime-gpu' not in names


def test_kilted_can_be_selected(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_WHEELS', 'kilted')
    ros = [line for line in tool.requirements(tool.read_configuration()) if line.startswith('ros-')]
    assert 'ros-kilted-rclpy[fastrtps]' in ros
    assert all(line.startswith('ros-kilted-') for line in ros)


@pytest.mark.parametrize(
    ('name', 'value', 'text'),
    [
        ('ROS_WHEELS', 'humble', "ROS_WHEELS must be jazzy or kilted, got 'humble'"),
        ('ACCELERATOR', 'tpu', "ACCELERATOR must be cpu or gpu, got 'tpu'"),
    ],
)
def test_unknown_values_are_errors(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=f'^{text}$'):
        tool.read_configuration()


@pytest.mark.usefixtures('driver_of_cuda_12')
def test_an_older_driver_gets_a_supported_onnx_runtime(tool: ModuleType) -> None:
    configuration = tool.read_configuration()
    assert configuration.accelerator == 'gpu'
    runtimes = [line for line in tool.requirements(configuration) if line.startswith('onnxruntime')]
    assert [line.split('>')[0] for line in runtimes] == ['onnxruntime-gpu[cuda,cudnn]', 'onnxruntime-gpu<1.27']


@pytest.mark.usefixtures('driver_of_cuda_12')
def test_the_cpu_can_be_selected_on_a_machine_with_a_gpu(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ACCELERATOR', 'cpu')
    configuration = tool.read_configuration()
    assert configuration.accelerator == 'cpu'
    assert not any(line.startswith('onnxruntime-gpu') for line in tool.requirements(configuration))


def test_a_sourced_ros_that_python_can_import_is_used(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'rclpy.py').touch()
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/opt/ros/jazzy')
    configuration = tool.read_configuration()
    assert (configuration.ros, configuration.sourced) == ('/opt/ros/jazzy', True)
    monkeypatch.setattr(tool, 'numpy_of_ros', lambda: 1)
    wanted = tool.requirements(configuration)
    assert 'numpy<2' in wanted
    assert not any(line.startswith('ros-') for line in wanted)
    seen = tool.command_environment(configuration)
    assert seen['AMENT_PREFIX_PATH'] == f'{ROOT / ".venv"}:/opt/ros/jazzy'
    assert seen['PYTHONPATH'] == str(tmp_path)


def test_a_sourced_ros_of_another_python_is_not_used(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/opt/ros/humble')
    monkeypatch.setenv('PYTHONPATH', '/opt/ros/humble/lib/python3.10/site-packages')
    monkeypatch.setenv('LD_LIBRARY_PATH', '/opt/ros/humble/lib:/usr/local/cuda/lib64')
    monkeypatch.setattr(tool, 'rclpy_is_importable', lambda: False)
    configuration = tool.read_configuration()
    assert 'cannot import rclpy of the sourced ROS; installing ROS from jazzy wheels instead' in capsys.readouterr().out
    seen = tool.command_environment(configuration)
    assert seen['AMENT_PREFIX_PATH'] == seen['CMAKE_PREFIX_PATH'] == str(ROOT / '.venv')
    assert seen['LD_LIBRARY_PATH'] == f'{ROOT / ".venv" / "lib"}:/usr/local/cuda/lib64'
    assert 'PYTHONPATH' not in seen


def test_programs_of_the_environment_come_first(tool: ModuleType) -> None:
    seen = tool.command_environment(tool.read_configuration())
    assert seen['PATH'] == f'{ROOT / ".venv" / "bin"}:/usr/bin'
    assert seen['VIRTUAL_ENV'] == str(ROOT / '.venv')


def test_a_changed_message_changes_the_fingerprint(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'msg').mkdir()
    message = tmp_path / 'msg' / 'Stats.msg'
    message.write_text('float32 rate_hz\n')
    monkeypatch.setattr(tool, 'ROOT', tmp_path)
    before = tool.fingerprint()
    assert tool.fingerprint() == before
    message.write_text('float64 rate_hz\n')
    assert tool.fingerprint() != before
