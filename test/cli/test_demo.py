"""`bodypix demo`: the real node and a camera in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from golden import Golden

NOBODY_LISTENS = 'http://127.0.0.1:9'


def _demo(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'bodypix_ros.cli.main', 'demo', *options]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope='module')
def golden(shared: Path) -> Golden:
    pytest.importorskip('rclpy', reason='needs ROS')
    pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')
    return Golden.load(shared, 'astronaut_512x512__s16__rmedium')


def test_it_shows_a_person_and_says_how_fast(golden, server, model_dir, tmp_path) -> None:
    image = str(golden.folder / golden.options['image'])
    where = ['--model-url', server, '--model-dir', model_dir, '--multiplier', '0.5', '--provider', 'cpu']
    done = _demo('--image', image, '--seconds', '1', '--output', str(tmp_path), *where, ROS_DOMAIN_ID='77')
    assert done.returncode == 0, done.stderr
    mask = cv2.imread(str(tmp_path / 'mask.png'), cv2.IMREAD_UNCHANGED)
    assert np.mean(mask != golden.outputs['person_t0.5'] * 255) <= 1e-4
    overlay, picture = cv2.imread(str(tmp_path / 'overlay.png')), golden.image
    assert np.array_equal(overlay[mask == 0], picture[mask == 0])
    assert np.mean(np.any(overlay != picture, axis=2)[mask > 0]) > 0.99
    report = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert report['network'] == 'official MobileNetV1 0.50, 4-byte weights, stride 16'
    assert report['provider'].startswith('cpu: ')
    assert float(report['rate'].split()[0]) > 0
    assert report['latency'].endswith('from the stamp of an image to its mask')
    assert 'Traceback' not in done.stderr


def test_a_server_without_the_default_checkpoint_is_said_and_another_one_taken(golden, server, tmp_path) -> None:
    image = str(golden.folder / golden.options['image'])
    where = ['--model-url', server, '--model-dir', str(tmp_path / 'models')]
    done = _demo('--image', image, '--seconds', '0.5', '--output', str(tmp_path), *where, ROS_DOMAIN_ID='78')
    assert done.returncode == 0, done.stderr
    assert 'MobileNetV1 0.75, 4-byte weights is not on the server' in done.stderr
    assert 'Going on with what is there: official MobileNetV1 0.75, 2-byte weights, stride 16.' in done.stderr


def test_without_weights_and_server_the_built_in_network_shows_a_person(golden, tmp_path) -> None:
    image = str(golden.folder / golden.options['image'])
    where = ['--model-dir', str(tmp_path / 'models'), '--model-url', NOBODY_LISTENS, '--provider', 'cpu']
    done = _demo('--image', image, '--seconds', '0.5', '--output', str(tmp_path), *where, ROS_DOMAIN_ID='79')
    assert done.returncode == 0, done.stderr
    assert 'Going on with what is there: bodypix_ros 0.25, stride 16.' in done.stderr
    mask = cv2.imread(str(tmp_path / 'mask.png'), cv2.IMREAD_UNCHANGED) > 0
    person = golden.outputs['person_t0.5'] > 0
    assert (mask & person).sum() / (mask | person).sum() > 0.7


def test_without_weights_and_server_one_sentence_says_how_to_bring_the_official_ones(tmp_path) -> None:
    where = ['--checkpoint', 'official', '--model-dir', str(tmp_path / 'models'), '--model-url', NOBODY_LISTENS]
    done = _demo('--output', str(tmp_path), *where)
    assert done.returncode == 1
    assert '`bodypix models import DIR`' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
