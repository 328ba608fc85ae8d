# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix models build`."""

from __future__ import annotations

import pytest

from bodypix_ros.cli.main import main
from bodypix_ros.cli.models_build import Size, prepare_sizes
from bodypix_ros.models.progress import no_progress
from bodypix_ros.segmenter import Segmenter


@pytest.fixture
def official(server: str, model_dir: str) -> list[str]:
    """Options that find the official MobileNetV1 0.50."""
    options = [
        '--multiplier',
        '0.5',
        '--provider',
        'cpu',
        '--kernels',
        'numpy',
        '--model-dir',
        model_dir,
        '--model-url',
        server,
    ]
    return [*options, '--allow-download']


class Prepared:
    """Stands for a Segmenter; records what it was asked to prepare."""

    provider = 'cuda'

    def __init__(self) -> None:
        self.wishes: list[tuple[int, int, int, bool]] = []

    def prepare(self, height: int, width: int, count: int, *, people: bool) -> None:
        self.wishes.append((height, width, count, people))


def _prepare(sizes: list[Size], cameras: int, people: bool = False) -> list[tuple[int, int, int, bool]]:
    net = Prepared()
    prepare_sizes(net, sizes, cameras, people, no_progress)  # type: ignore[arg-type]
    return net.wishes


def test_every_size_and_batch_that_can_come_is_prepared() -> None:
    assert _prepare([(640, 480)], cameras=1) == [(480, 640, 1, False)]
    assert _prepare([(640, 480)], cameras=3) == [(480, 640, count, False) for count in (1, 2, 3)]
    assert [count for _, _, count, _ in _prepare([(640, 480)], cameras=8)] == [1, 2, 4, 8]
    assert [wish[:2] for wish in _prepare([(640, 480), (320, 240)], cameras=1)] == [(480, 640), (240, 320)]


def test_people_need_a_network_of_their_own() -> None:
    assert _prepare([(640, 480)], 1, people=True) == [(480, 640, 1, False), (480, 640, 1, True)]


def test_a_build_says_what_is_ready_and_where(official, capsys) -> None:
    assert main(['models', 'build', '--size', '640x480', '--size', '320x240', *official]) == 0
    assert capsys.readouterr().out == (
        'official MobileNetV1 0.50, 4-byte weights, stride 16: ready on cpu (the provider cpu was requested)\n'
    )


def test_our_own_network_is_the_default(model_dir, capsys) -> None:
    assert main(['models', 'build', '--provider', 'cpu', '--kernels', 'numpy', '--model-dir', model_dir]) == 0
    assert capsys.readouterr().out == 'bodypix_ros 1.0: ready on cpu (the provider cpu was requested)\n'


def test_a_build_prepares_the_sizes_that_it_is_given(official, monkeypatch) -> None:
    prepared = []
    monkeypatch.setattr(Segmenter, 'prepare', lambda _net, *size, people: prepared.append(size))
    assert main(['models', 'build', '--size', '320x240', '--cameras', '2', *official]) == 0
    assert main(['models', 'build', *official]) == 0
    assert prepared == [(240, 320, 1), (240, 320, 2), (480, 640, 1)]


@pytest.mark.parametrize('size', ['640', '640x0', 'x480', '640x480x3', '640*480'])
def test_a_wrong_size_is_refused(size, official, capsys) -> None:
    with pytest.raises(SystemExit):
        main(['models', 'build', '--size', size, *official])
    assert f"a size must be WIDTHxHEIGHT such as 640x480, got '{size}'" in capsys.readouterr().err


@pytest.mark.parametrize('size', ['100000x100', '16000x16000', f'{"9" * 5000}x1'])
def test_a_size_beyond_that_of_pictures_is_refused(size, official, capsys) -> None:
    with pytest.raises(SystemExit):
        main(['models', 'build', '--size', size, *official])
    refusal = capsys.readouterr().err.splitlines()[-1]
    assert 'exceeds the limit of 33554432 pixels, 16384 per side' in refusal
    assert len(refusal) < 400


def test_no_camera_is_refused(official, capsys) -> None:
    with pytest.raises(SystemExit):
        main(['models', 'build', '--cameras', '0', *official])
    assert capsys.readouterr().err.endswith('argument --cameras: cameras must be between 1 and 64, got 0\n')


def test_a_gpu_that_is_required_and_missing_is_an_error(official, capsys) -> None:
    assert main(['models', 'build', *official, '--require-gpu']) == 1
    assert 'require_gpu is true, but the provider cpu was requested.' in capsys.readouterr().err
