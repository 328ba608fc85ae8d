# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Texts of errors: the package that is missing and what to run, and addresses without passwords."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bodypix_ros.errors import ModelError, describe_error, missing_package, without_password

MISSING = (
    'the Python package onnxruntime is not installed: run `pip install onnxruntime`, or with an NVIDIA GPU '
    '`pip install "onnxruntime-gpu[cuda,cudnn]" cuda-core cuda-bindings`; rosdep does not install it'
)


def run_without(package: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter that cannot import a package."""
    hidden = f'import sys; sys.modules[{package!r}] = None; {program}'
    return subprocess.run([sys.executable, '-c', hidden], capture_output=True, text=True, timeout=60, check=False)


def test_only_packages_that_rosdep_does_not_install_are_named() -> None:
    assert missing_package(ModuleNotFoundError('No module named x', name='onnxruntime')) == MISSING
    assert 'GPU' not in missing_package(ModuleNotFoundError('No module named x', name='onnx'))
    assert missing_package(ModuleNotFoundError('No module named x', name='cv2')) == ''
    assert missing_package(ModelError('no weights')) == ''
    assert (
        describe_error(ModuleNotFoundError("No module named 'x'", name='x'))
        == "ModuleNotFoundError: No module named 'x'"
    )


def test_the_command_line_names_the_missing_package() -> None:
    done = run_without('onnxruntime', 'from bodypix_ros.cli.main import main; sys.exit(main(["check"]))')
    assert (done.returncode, done.stderr) == (1, f'bodypix: {MISSING}\n')


def test_a_download_names_the_missing_package() -> None:
    fetch = '["models", "fetch", "--model-dir", "/tmp/nowhere", "--model-url", "http://127.0.0.1:9"]'
    done = run_without('pooch', f'from bodypix_ros.cli.main import main; sys.exit(main({fetch}))')
    assert done.returncode == 1
    assert 'the Python package pooch is not installed: run `pip install pooch`' in done.stderr


def test_the_node_names_the_missing_package_and_ends() -> None:
    pytest.importorskip('rclpy', reason='needs ROS')
    done = run_without('onnxruntime', 'from bodypix_ros.ros.main import main; sys.exit(main([]))')
    assert done.returncode == 2
    assert MISSING in done.stderr


@pytest.mark.parametrize(
    ('address', 'text'),
    [
        ('rtsp://me:p@ss@camera:554/a@b', 'rtsp://camera:554/a@b'),
        ('http://me:secret@[::1/clip', 'http://[::1/clip'),
        ('http://camera?user=a@b', 'http://camera?user=a@b'),
        ('http://camera/stream', 'http://camera/stream'),
        ('a@b/clip.mp4', 'a@b/clip.mp4'),
    ],
)
def test_texts_contain_no_password(address: str, text: str) -> None:
    assert without_password(address) == text
