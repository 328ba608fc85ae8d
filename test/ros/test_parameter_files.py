# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files: those of version 0.1, and those that `ros2 param dump` writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot

from bodypix_ros.ros.parameters import Parameters
from bodypix_ros.settings import BODYPIX_ONLY, all_settings

yaml = pytest.importorskip('yaml', reason='needs PyYAML')
VERSION_0_1 = Path(__file__).resolve().parent.parent / 'data' / 'parameters_0.1'


def write(path: Path, values: dict[str, Any]) -> list[str]:
    """Write a parameter file, and return the arguments with which a node reads it."""
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': values}}))
    return ['--params-file', str(path)]


def dumped(**changes: Any) -> dict[str, Any]:
    """Return the values of all parameters, as `ros2 param dump` writes them."""
    values = {one.name: list(one.default) if one.kind is tuple else one.default for one in all_settings()}
    return {**values, 'cameras': [''], 'mask_parts': [''], **changes}


def test_the_parameter_file_of_version_0_1_is_accepted_and_means_bodypix(
    start_plain: Callable[..., Process], robot: Robot, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    process = start_plain(
        '--params-file', str(VERSION_0_1 / 'bodypix.yaml'), '-p', f'model_url:=file://{tmp_path}/absent'
    )
    robot.subscribe('mask')
    robot.until_logged(process, 'running bodypix_ros instead (set fallback to false to refuse)')
    assert "checkpoint 'auto' is deprecated; set checkpoint to official" in process.log
    message = robot.message(astronaut)
    mask = robot.answer(message, ['mask'])['mask']
    assert mask.header == message.header
    assert (mask.height, mask.width) == astronaut.shape[:2]
    assert process.stop() == 0


def test_the_file_of_several_cameras_of_version_0_1_is_accepted(
    start_plain: Callable[..., Process], robot: Robot, tmp_path: Path
) -> None:
    process = start_plain(
        '--params-file', str(VERSION_0_1 / 'multi_camera.yaml'), '-p', f'model_url:=file://{tmp_path}/absent'
    )
    for camera in ('front', 'rear'):
        robot.subscribe(f'{camera}/mask')
        robot.until_logged(process, f'/{camera}/image')
    robot.until_logged(process, 'running bodypix_ros instead')
    assert process.stop() == 0


def test_a_file_of_param_dump_selects_the_same_model_again(
    start_plain: Callable[..., Process], robot: Robot, tmp_path: Path
) -> None:
    process = start_plain(*write(tmp_path / 'dump.yaml', dumped(model_dir=str(tmp_path))))
    robot.until_logged(process, 'bodypix_ros 1.0 (bodypix_ros is the default) on cpu')
    assert process.stop() == 0


@pytest.mark.parametrize(
    ('changes', 'given'),
    [
        ({}, set()),
        ({'multiplier': 0.5}, set(BODYPIX_ONLY)),
        ({'model': 'bodypix'}, set(BODYPIX_ONLY)),
    ],
)
def test_settings_of_bodypix_in_a_dump_count_only_if_one_differs_from_its_default(
    changes: dict[str, Any], given: set[str]
) -> None:
    assert Parameters().changed({**dumped(), **changes}).model_request.given == given


def test_settings_of_bodypix_without_model_are_from_version_0_1_and_count() -> None:
    values = {name: value for name, value in dumped().items() if name != 'model'}
    assert Parameters().changed(values).model_request.given == set(BODYPIX_ONLY)
