# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nothing phones home: what the processes of this package look up, connect to and write."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'bodypix_ros'

REMOVED = ('CI', 'ORT_DISABLE_TELEMETRY', 'ORT_RUNNING_UNIT_TESTS', 'MPLCONFIGDIR', 'NUMBA_CACHE_DIR')
"""Variables with which these tests could not fail: ONNX Runtime sends nothing if one of its three is set."""

SHARED_MEMORY = ('/dev/shm/fastrtps_', '/dev/shm/fastdds_', '/dev/shm/sem.fastrtps_', '/dev/shm/sem.fastdds_')
CACHE = Path('home', '.cache', 'bodypix_ros')
LOG = Path('home', '.ros')


class Calls(NamedTuple):
    """What processes did: the names they looked up, the addresses they connected to, the paths they wrote."""

    lookups: set[str]
    connects: set[str]
    writes: set[str]

    def writes_outside(self, *allowed: Path | str) -> set[str]:
        """Return the paths that do not start with one of the allowed ones, except devices that store nothing."""
        prefixes = (*map(str, allowed), '/dev/null', '/dev/tty', '/proc/self/')
        return {path for path in self.writes if not path.startswith(prefixes)}


@pytest.fixture(scope='module')
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorder of system_calls.c, built."""
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    if compiler is None or not sys.platform.startswith('linux'):
        pytest.skip('needs a C compiler, on Linux')
    path = tmp_path_factory.mktemp('recorder') / 'system_calls.so'
    source = ROOT / 'test' / 'system_calls.c'
    subprocess.run([compiler, '-shared', '-fPIC', '-O1', '-o', path, source, '-ldl'], check=True)
    return path


@pytest.fixture
def picture(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """A small picture of a person."""
    cv2.imwrite(str(tmp_path / 'person.png'), cv2.resize(astronaut, (320, 240)))
    return tmp_path / 'person.png'


def record(command: Sequence[str | Path], library: Path, folder: Path, **variables: str) -> Calls:
    """Run a command in a home folder of its own, `folder/home`, and return what it did."""
    environment = {
        name: value for name, value in os.environ.items() if name not in REMOVED and not name.startswith('XDG_')
    }
    environment |= {
        'HOME': str(folder / 'home'),
        'TMPDIR': str(folder / 'temporary'),
        'LD_PRELOAD': str(library),
        'RECORD_FILE': str(folder / 'calls.txt'),
        'PYTHONPATH': os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')])),
        'PYTHONDONTWRITEBYTECODE': '1',
        **variables,
    }
    (folder / 'temporary').mkdir()
    (folder / 'home' / '.cache').mkdir(parents=True)
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, set[str]] = {'lookup': set(), 'connect': set(), 'write': set()}
    for line in (folder / 'calls.txt').read_text().splitlines():
        what, _, value = line.partition(' ')
        found[what].add(value)
    return Calls(found['lookup'], found['connect'], found['write'])


def test_the_recorder_sees_names_addresses_and_files(library: Path, tmp_path: Path) -> None:
    program = (
        'import os, pathlib, socket, subprocess, sys\n'
        'socket.getaddrinfo("localhost", 80)\n'
        'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.3", 9))\n'
        'pathlib.Path("a.txt").write_text("a")\n'
        'pathlib.Path("folder").mkdir()\n'
        'os.replace("a.txt", "folder/b.txt")\n'
        'subprocess.run([sys.executable, "-c", "open(\'child.txt\', \'w\')"])\n'
    )
    calls = record([sys.executable, '-c', program], library, tmp_path)
    assert calls.lookups == {'localhost'}
    assert calls.connects == {'127.0.0.3'}
    expected = {str(tmp_path / name) for name in ('a.txt', 'folder', 'folder/b.txt', 'child.txt')}
    assert calls.writes_outside() == expected


def test_the_python_api_uses_no_network_and_writes_only_into_its_cache(
    library: Path, tmp_path: Path, picture: Path
) -> None:
    program = (
        'import sys, cv2, bodypix_ros\n'
        'found = bodypix_ros.load(provider="cpu").segment(cv2.imread(sys.argv[1]), people=True)\n'
        'assert found.mask.mean() > 0.05\n'
    )
    calls = record([sys.executable, '-c', program, picture], library, tmp_path)
    assert (calls.lookups, calls.connects) == (set(), set())
    assert calls.writes_outside(tmp_path / CACHE) == set()


def test_the_command_uses_no_network_and_writes_only_cache_and_results(
    library: Path, tmp_path: Path, picture: Path
) -> None:
    command = [sys.executable, '-m', 'bodypix_ros.cli.main', 'segment', picture, '--output', tmp_path / 'output']
    calls = record(command, library, tmp_path)
    assert (calls.lookups, calls.connects) == (set(), set())
    assert any(path.startswith(f'{tmp_path}/output/') for path in calls.writes)
    assert calls.writes_outside(tmp_path / CACHE, tmp_path / 'output') == set()


def test_a_plot_writes_only_cache_and_result(library: Path, tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')
    program = (
        'from pathlib import Path\n'
        'from bodypix_ros.bench.tables import require_matplotlib, save_figure\n'
        'figure = require_matplotlib()()\n'
        'figure.subplots().set_title("text, which needs fonts")\n'
        'save_figure(figure, Path("plot.png"))\n'
    )
    calls = record([sys.executable, '-c', program], library, tmp_path)
    assert (calls.lookups, calls.connects) == (set(), set())
    assert calls.writes_outside(tmp_path / CACHE) == {str(tmp_path / 'plot.png')}


@pytest.mark.slow
@pytest.mark.timeout(400)  # the first start compiles the kernels
def test_twenty_seconds_of_the_node_use_no_network(library: Path, tmp_path: Path, picture: Path) -> None:
    pytest.importorskip('rclpy', reason='needs ROS')
    pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')
    demo = [sys.executable, '-m', 'bodypix_ros.cli.main', 'demo', '--image', picture, '--seconds', '20']
    calls = record([*demo, '--output', tmp_path / 'output'], library, tmp_path, ROS_DOMAIN_ID='77')
    # rmw and Fast DDS look up this machine's own name
    assert calls.lookups - {'localhost', socket.gethostname(), ''} == set()
    assert {address for address in calls.connects if not address.startswith(('127.', '::1'))} == set()
    allowed = (tmp_path / CACHE, tmp_path / LOG, tmp_path / 'output', tmp_path / 'temporary')
    assert calls.writes_outside(*allowed, *SHARED_MEMORY) == set()


def test_only_one_module_imports_onnx_runtime() -> None:
    importing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ''])
        if name.split('.')[0] == 'onnxruntime' and not getattr(node, 'level', 0)
    }
    assert importing == {'onnx_runtime.py'}


def test_telemetry_is_off_whatever_the_environment_says() -> None:
    program = 'import os; from bodypix_ros.onnx_runtime import onnxruntime; print(os.environ["ORT_DISABLE_TELEMETRY"])'
    environment = {**os.environ, 'ORT_DISABLE_TELEMETRY': '0'}
    command = [sys.executable, '-c', program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=True)
    assert done.stdout == b'1\n'
