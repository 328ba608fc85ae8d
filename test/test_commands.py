# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands and code in the documents work: they are run or, where that is impossible, compared with ours."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from documents import DOCUMENTS, ROOT, Block, blocks_of
from numpy.typing import NDArray

from bodypix_ros.settings import DepthSettings, all_settings

BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
TUTORIALS = ('README.md', 'docs/get_started.md', 'docs/api.md', 'docs/tutorials/')
"""Documents in which each block is run unless a comment before it says why not."""

RUN = {
    re.sub(r' *#.*', '', block.text): block
    for block in BLOCKS
    if block.document.startswith(TUTORIALS) and block.language in ('bash', 'python') and not block.not_run
}
"""The blocks that are run; those that differ only in their comments are run once."""

LAUNCH_ARGUMENT = re.compile(r"(?:Setting|DriverArgument|DeclareLaunchArgument)\(\s*'(\w+)'")


def name_of(block: Block) -> str:
    return f'{block.document}:{block.line}'


@pytest.fixture
def folder(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    """A folder with the picture that the examples read."""
    cv2.imwrite(str(tmp_path / 'street.jpg'), astronaut)
    return tmp_path


@pytest.fixture
def environment(folder: Path) -> Iterator[dict[str, str]]:
    pytest.importorskip('rclpy', reason='needs ROS')
    from robot import own_domain

    with own_domain() as domain:
        variables = {name: value for name, value in os.environ.items() if not name.startswith('MAKE')}
        path = os.pathsep.join([str(Path(sys.executable).parent), variables['PATH']])
        yield {**variables, 'PATH': path, 'OUTPUT': str(folder / 'demo_output'), 'ROS_DOMAIN_ID': str(domain)}


@pytest.mark.parametrize('block', RUN.values(), ids=name_of)
def test_a_block_runs(block: Block, folder: Path, environment: dict[str, str]) -> None:
    make = block.text.startswith('make ')
    if make and not (ROOT / '.venv').is_dir():
        pytest.skip('make would first create .venv, with packages from PyPI')
    program = [sys.executable, '-c'] if block.language == 'python' else ['bash', '-euo', 'pipefail', '-c']
    done = subprocess.run(
        [*program, block.text],
        cwd=ROOT if make else folder, env=environment, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    if make:
        assert (folder / 'demo_output' / 'mask.png').is_file()


def test_most_tutorials_have_commands_and_some_of_them_run() -> None:
    assert len(RUN) >= 5
    assert len(list((ROOT / 'docs/tutorials').iterdir())) == len(
        {block.document for block in BLOCKS if block.document.startswith('docs/tutorials/')}
    )


def commands(*words: str) -> list[tuple[str, list[str]]]:
    """Return all commands in the documents that begin with some words: where each is, and its further words."""
    found = []
    for block in BLOCKS:
        for line in block.text.replace('\\\n', ' ').split('\n'):
            if line.startswith(' '.join(words) + ' '):
                found.append((name_of(block), shlex.split(line, comments=True)[len(words) :]))
    return found


def launch_arguments(file: str) -> set[str]:
    """Return the arguments of a launch file: its own, those of included files, and the settings of its node."""
    text = (ROOT / 'launch' / file).read_text(encoding='utf-8')
    included = re.findall(r"'(\w+\.launch\.py)'", text)
    sources = [ROOT / 'launch' / one for one in included] + sorted((ROOT / 'bodypix_ros/launching').glob('*.py'))
    if 'driver_with_bodypix' in text:
        sources.append(ROOT / 'launch/bodypix.launch.py')
    names = {name for source in sources for name in LAUNCH_ARGUMENT.findall(source.read_text(encoding='utf-8'))}
    settings = DepthSettings.describe() if file.startswith('depth') else all_settings()
    return names | set(LAUNCH_ARGUMENT.findall(text)) | {one.name for one in settings} | {'use_sim_time'}


def test_launch_commands_name_files_and_arguments_that_exist() -> None:
    found = commands('ros2', 'launch', 'bodypix_ros')
    assert len(found) > 10
    for where, (file, *arguments) in found:
        assert (ROOT / 'launch' / file).is_file(), where
        unknown = {one.split(':=')[0] for one in arguments} - launch_arguments(file)
        assert not unknown, f'{where}: {file} has no argument {unknown}'


def test_run_commands_name_executables_and_parameters_that_exist() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    executables = re.findall(r'^(\w+) =', setup['options.entry_points']['console_scripts'], re.MULTILINE)
    known = {one.name for one in (*all_settings(), *DepthSettings.describe())} | {'source', 'rate_hz', 'frame_id'}
    found = commands('ros2', 'run', 'bodypix_ros')
    assert found
    for where, (executable, *arguments) in found:
        assert executable in executables, where
        names = {value.split(':=')[0] for flag, value in pairwise(arguments) if flag == '-p'}
        assert names <= known, where


def test_parameters_that_are_set_exist() -> None:
    found = commands('ros2', 'param', 'set')
    assert found
    for where, (node, name, value) in found:
        settings = {'/bodypix': all_settings(), '/depth_filter': DepthSettings.describe()}[node]
        assert {one.name: one for one in settings}[name].check(yaml.safe_load(value)) is not None, where


def test_service_calls_have_types_and_fields_that_exist() -> None:
    found = commands('ros2', 'service', 'call')
    assert found
    for where, (_, kind, request) in found:
        package, folder, name = kind.split('/')
        assert (package, folder) == ('bodypix_ros', 'srv'), where
        fields = (ROOT / 'srv' / f'{name}.srv').read_text(encoding='utf-8').partition('---')[0]
        for field in yaml.safe_load(request):
            assert re.search(rf'^\w+ +{field}\b', fields, re.MULTILINE), where
