# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The same bags on a cluster of Ray, and from and to file systems of fsspec."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import bag_stand_in
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip('ray', reason='needs bodypix_ros[cluster]')
pytest.importorskip('rosbags', reason='needs bodypix_ros[bag]')

import fsspec
import ray
from bags import FORMATS, IMAGES, clip_messages, read_bag, write_bag

from bodypix_ros.recordings.bags import cluster
from bodypix_ros.recordings.bags.cluster import RemoteBag
from bodypix_ros.recordings.bags.job import BagJob
from bodypix_ros.recordings.bags.run import BagTarget, run_bags
from bodypix_ros.recordings.bags.storage import BagError
from bodypix_ros.settings import AnonymizeSettings, SegmentSettings

ANONYMIZE = AnonymizeSettings(anonymize='heads', anonymize_style='fill', anonymize_hold_s=0.1)
JOB = BagJob(anonymize=ANONYMIZE, write=('mask',), chunk_frames=5)

run_on_cluster = partial(cluster.run_on_cluster, load=bag_stand_in.load)


@pytest.fixture
def pictures(astronaut: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    small = np.asarray(cv2.resize(astronaut, (160, 120), interpolation=cv2.INTER_AREA), np.uint8)
    pictures = [small.copy() for _ in range(8)]
    for number, picture in enumerate(pictures):
        picture[:16, :16] = number * 2 + (number % 4 != 3)
    return pictures


@pytest.fixture(params=FORMATS)
def bag(request: pytest.FixtureRequest, pictures: list[NDArray[np.uint8]], tmp_path: Path) -> Path:
    wire = 'ros1' if request.param == 'ros1' else 'cdr'
    return write_bag(tmp_path, request.param, list(clip_messages(pictures, wire)))  # type: ignore[arg-type]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the functions in this process, because those of Ray cannot access its memory; return their names."""
    names: list[str] = []

    class RemoteFunction:
        def __init__(self, function: Any) -> None:
            self.remote = partial(partial, function)

    def get(call: Any) -> None:
        names.append(call.func.__name__)
        try:
            call()
        except Exception as error:
            raise ray.exceptions.RayTaskError(call.func.__name__, '', error) from error

    monkeypatch.setattr(ray, 'remote', lambda **_: RemoteFunction)
    monkeypatch.setattr(ray, 'wait', lambda calls, num_returns: (calls[:num_returns], calls[num_returns:]))
    monkeypatch.setattr(ray, 'get', get)
    monkeypatch.setattr(cluster, '_start', lambda workers: 2)
    cluster._network.cache_clear()
    return names


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'temporary'))
    (tmp_path / 'temporary').mkdir()
    system = fsspec.filesystem('memory')
    system.store.clear()
    system.pseudo_dirs[:] = ['']
    return system


def names_in(system: Any, folder: str) -> list[str]:
    return sorted(Path(path).name for path in system.ls(folder, detail=False))


def test_bags_in_a_remote_file_system_become_the_same_as_local_ones(
    bag: Path, memory: Any, here: list[str], tmp_path: Path
) -> None:
    memory.put(str(bag), f'/drives/{bag.name}', recursive=True)
    reports = run_on_cluster([f'memory://drives/{bag.name}'], 'memory://out', JOB)
    run_on_cluster([str(bag)], str(tmp_path / 'local'), JOB)
    assert names_in(memory, '/out') == [bag.name, f'{bag.name}.contact_sheet.png', f'{bag.name}.report.json']
    memory.get(f'/out/{bag.name}', str(tmp_path / 'got' / bag.name), recursive=True)
    assert read_bag(tmp_path / 'got' / bag.name) == read_bag(tmp_path / 'local' / bag.name)
    assert (reports[0]['frames'], reports[0]['failed']) == (16, 0)
    assert list((tmp_path / 'temporary').glob('bodypix-bags-*/*/*')) == []  # the copy of the bag is deleted


@pytest.mark.parametrize('bag', ['mcap'], indirect=True)
def test_finished_chunks_and_bags_are_remembered(bag: Path, memory: Any, here: list[str], monkeypatch: Any) -> None:
    memory.put(str(bag), f'/drives/{bag.name}', recursive=True)
    address = f'memory://drives/{bag.name}'
    real = cluster.run_chunk

    def fail_at_the_second(bag: RemoteBag, job: BagJob, chunk: Any, net: Any) -> None:
        if chunk.first:
            raise OSError('the disk is full')
        real(bag, job, chunk, net)

    monkeypatch.setattr(cluster, 'run_chunk', fail_at_the_second)
    with pytest.raises(
        BagError, match='images 4 to 7 of /camera/image_raw failed repeatedly: OSError: .* full; 1 more'
    ):
        run_on_cluster([address], 'memory://out', JOB)
    assert here == ['plan_bag', *['fail_at_the_second'] * 4]
    assert names_in(memory, '/out') == [f'{bag.name}.partial']
    assert names_in(memory, f'/out/{bag.name}.partial') == ['000-000000.zip', '001-000000.zip', 'plan.json']
    with pytest.raises(BagError, match='belongs to an interrupted run with other settings'):
        run_on_cluster([address], 'memory://out', dataclasses.replace(JOB, write=()))
    monkeypatch.setattr(cluster, 'run_chunk', real)
    here.clear()
    reports = run_on_cluster([address], 'memory://out', JOB)
    assert here == ['plan_bag', 'run_chunk', 'run_chunk', 'finish_bag']
    here.clear()
    assert run_on_cluster([address], 'memory://out', JOB) == reports
    assert here == []


@pytest.mark.parametrize('bag', ['ros1'], indirect=True)
def test_a_finished_bag_is_only_that_of_the_same_settings_and_source(bag: Path, memory: Any, here: list[str]) -> None:
    address = f'memory://drives/{bag.name}'
    memory.pipe(f'/drives/{bag.name}', bag.read_bytes())
    run_on_cluster([address], 'memory://out', JOB)
    here.clear()
    segment = SegmentSettings(score_threshold=0.6)
    for job in (dataclasses.replace(JOB, segment=segment), dataclasses.replace(JOB, given=('multiplier',))):
        with pytest.raises(BagError, match='exists; choose another OUT, or add --overwrite'):
            run_on_cluster([address], 'memory://out', job)
    memory.pipe(f'/drives/{bag.name}', bag.read_bytes())
    with pytest.raises(BagError, match='exists; choose another OUT, or add --overwrite'):
        run_on_cluster([address], 'memory://out', JOB)
    assert here == []
    job = dataclasses.replace(JOB, write=('people',))
    (report,) = run_on_cluster([address], 'memory://out', job, overwrite=True)
    assert json.loads(memory.cat(f'/out/{bag.name}.report.json')) == report
    assert report['write'] == ['people']
    memory.rm(f'/out/{bag.name}.report.json')
    with pytest.raises(BagError, match='if its report is next to it'):
        run_on_cluster([address], 'memory://out', job, overwrite=True)


@pytest.mark.parametrize('output', ['memory://drives', 'memory://drives/'])
def test_the_input_is_never_overwritten(output: str, memory: Any, here: list[str]) -> None:
    memory.pipe('/drives/in.bag', b'content')
    memory.pipe('/drives/in.bag.report.json', b'{}')
    with pytest.raises(BagError, match=r'memory://drives/in.bag would change the input, which is never overwritten'):
        run_on_cluster(['memory://drives/in.bag'], output, JOB, overwrite=True)
    assert memory.cat('/drives/in.bag') == b'content'


def test_a_missing_bag_is_an_error(memory: Any, here: list[str]) -> None:
    with pytest.raises(BagError, match=r'memory://nothing.mcap does not exist; expected a bag'):
        run_on_cluster(['memory://nothing.mcap'], 'memory://out', JOB)


@pytest.mark.slow
@pytest.mark.parametrize('bag', ['mcap'], indirect=True)
def test_ray_writes_the_same_bag_although_a_process_dies(
    bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv('RAY_ADDRESS', raising=False)
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(sys.path))  # Ray's processes import the stand-in of the network
    monkeypatch.setenv('BODYPIX_DIED', str(tmp_path / 'died'))
    images: list[tuple[str, int, int]] = []
    try:
        (report,) = run_on_cluster(
            [f'file://{bag}'], f'file://{tmp_path}/out', JOB, 1,
            progress=lambda *call: images.append(call), load=bag_stand_in.load_after_a_death,
        )  # fmt: skip
        with pytest.raises(
            BagError, match=r'of /camera/image_raw failed repeatedly: its process ended \(WorkerCrashed'
        ):
            job = dataclasses.replace(JOB, topics=(IMAGES,), chunk_frames=100)
            run_on_cluster([str(bag)], f'{tmp_path}/dead', job, 1, load=bag_stand_in.die_at_start)
    finally:
        ray.shutdown()
    assert (tmp_path / 'died').exists()
    assert (report['frames'], report['failed']) == (16, 0)
    assert sorted(images) == [('processing', done, 16) for done in (4, 8, 12, 16)]
    run_bags([BagTarget(bag, tmp_path / 'local')], JOB, 1, 1, load=bag_stand_in.load)
    assert read_bag(tmp_path / 'out' / bag.name) == read_bag(tmp_path / 'local')
