# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix demo`: the node and a virtual camera in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from golden import Golden
from numpy.typing import NDArray

NO_SERVER = 'http://127.0.0.1:9'
COMMAND = [sys.executable, '-m', 'bodypix_ros.cli.main', 'demo']


@pytest.fixture
def offline(domain: int, tmp_path: Path) -> list[str]:
    """Options of a machine without weights and without a network."""
    return ['--model-dir', str(tmp_path / 'models'), '--model-url', NO_SERVER, '--provider', 'cpu']


@pytest.fixture
def picture(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    path = tmp_path / 'astronaut.png'
    cv2.imwrite(str(path), astronaut)
    return path


def demo(domain: int, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain)}
    return subprocess.run(
        [*COMMAND, *options], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_bodypix_gives_the_mask_of_the_javascript_library(
    domain: int, shared: Path, server: str, model_dir: str, tmp_path: Path
) -> None:
    golden = Golden.load(shared, 'astronaut_512x512__s16__rmedium')
    image = str(golden.folder / golden.options['image'])
    where = ['--model-url', server, '--model-dir', model_dir]
    network = ['--model', 'bodypix', '--multiplier', '0.5', '--internal-resolution', 'medium', '--provider', 'cpu']
    done = demo(domain, '--image', image, '--seconds', '1', '--output', str(tmp_path), *where, *network)
    assert done.returncode == 0, done.stderr
    mask = cv2.imread(str(tmp_path / 'mask.png'), cv2.IMREAD_UNCHANGED)
    assert np.mean(mask != golden.outputs['person_t0.5'] * 255) <= 1e-4
    overlay, picture = cv2.imread(str(tmp_path / 'overlay.png')), golden.image
    assert np.array_equal(overlay[mask == 0], picture[mask == 0])
    assert np.mean(np.any(overlay != picture, axis=2)[mask > 0]) > 0.99
    assert done.stdout.startswith(
        'network   official MobileNetV1 0.50, 4-byte weights, stride 16 on cpu: model bodypix was requested; '
    )


def test_without_weights_our_own_network_shows_the_astronaut(
    domain: int, offline: list[str], astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    done = demo(domain, '--seconds', '1', '--output', str(tmp_path), *offline)
    assert done.returncode == 0, done.stderr
    mask = cv2.imread(str(tmp_path / 'mask.png'), cv2.IMREAD_UNCHANGED)
    assert mask.shape == astronaut.shape[:2]
    assert set(np.unique(mask)) == {0, 255}
    assert mask[40:170, 180:270].mean() > 0.95 * 255, 'her face'
    assert mask[:220, :100].mean() < 0.05 * 255, 'the flag'
    assert mask[:300, 400:].mean() < 0.05 * 255, 'the shuttle'
    report = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if not line.startswith('picture'))
    assert list(report) == ['network', 'rate', 'latency'], 'which network runs comes first'
    assert report['network'].startswith('bodypix_ros ')
    assert ' on cpu: bodypix_ros is the default; ' in report['network']
    assert float(report['rate'].split()[0]) > 0
    assert report['latency'].endswith('from the stamp of an image to its mask')
    assert 'Traceback' not in done.stderr
    pictures = [Path(line.split(maxsplit=1)[1]) for line in done.stdout.splitlines() if line.startswith('picture')]
    assert {one.name for one in pictures} == {
        'mask.png', 'parts.png', 'parts_color.png', 'overlay.png', 'instances.png',
    }  # fmt: skip
    for one in pictures:
        assert cv2.imread(str(one)).shape == astronaut.shape


def test_without_weights_bodypix_is_refused_with_a_sentence_on_how_to_get_them(
    domain: int, offline: list[str], tmp_path: Path
) -> None:
    done = demo(domain, '--model', 'bodypix', '--output', str(tmp_path), *offline)
    assert done.returncode == 1
    assert '`bodypix models import DIR`' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
    assert done.stdout == ''


def test_a_picture_that_does_not_exist_is_reported_by_the_camera(
    domain: int, offline: list[str], tmp_path: Path
) -> None:
    done = demo(domain, '--image', '/nowhere.png', '--output', str(tmp_path), *offline)
    assert done.returncode == 1
    assert 'bodypix_camera: /nowhere.png does not exist' in done.stderr
    assert 'Traceback' not in done.stderr


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def running(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f'/proc/{pid}').exists()]


def wait_until(condition: Callable[[], object], timeout_s: float = 100.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


@pytest.fixture
def started(
    domain: int, offline: list[str], picture: Path, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A demo that runs for long, and its log."""
    log = tmp_path / 'log.txt'
    with log.open('wb') as output:
        process = subprocess.Popen(
            [*COMMAND, '--image', str(picture), '--seconds', '100', '--output', str(tmp_path), *offline],
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain)}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    yield process, log
    process.kill()
    process.wait()


@pytest.mark.parametrize('moment', ['first child', 'results'])
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_status_0_and_leaves_no_process(
    started: tuple[subprocess.Popen[bytes], Path], number: signal.Signals, moment: str
) -> None:
    process, log = started
    if moment == 'results':
        wait_until(lambda: 'network   bodypix_ros' in log.read_text() or process.poll() is not None)
        children = children_of(process.pid)
        assert len(children) == 2, 'the node and the camera'
    else:
        wait_until(lambda: children_of(process.pid) or process.poll() is not None)
        children = children_of(process.pid)
    process.send_signal(number)
    process.send_signal(number)
    assert process.wait(30) == 0, log.read_text()
    assert running(children) == []
    assert 'Traceback' not in log.read_text()


@pytest.mark.skipif(sys.platform != 'linux', reason='needs prctl')
def test_a_demo_that_is_killed_leaves_no_process_either(started: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, log = started
    wait_until(lambda: 'network   bodypix_ros' in log.read_text() or process.poll() is not None)
    children = children_of(process.pid)
    assert len(children) == 2, 'the node and the camera'
    process.kill()
    process.wait()
    wait_until(lambda: not running(children), 20.0)
