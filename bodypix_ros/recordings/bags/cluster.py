# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes bags on a cluster with Ray Data, from and to any file system of fsspec; a single machine is enough."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2

from ...segmenter import Segmenter, load
from ..work_folder import file_versions, fingerprint
from .assembly import draw_contact_sheet, write_bag
from .bag import Bag, open_bag
from .chunks import Chunk, chunk_error, process_chunk
from .frames import FrameProcessor
from .job import BagJob, Load
from .plan import BagPlan, make_plan, read_plan
from .remote_files import (
    cache_folder,
    delete,
    download,
    exists,
    fetch,
    forget,
    names_in,
    overlap,
    read,
    upload,
    versions,
    write,
)
from .storage import BagError

os.environ.setdefault(
    'RAY_USAGE_STATS_ENABLED', '0'
)  # Ray reads it when it is imported; without it, it sends statistics
import ray
import ray.data

_LOG = logging.getLogger(__name__)
_PLAN = 'plan.json'
_ATTEMPTS = 3


@dataclass(frozen=True)
class RemoteBag:
    """A bag and its results, as addresses of fsspec such as s3://bucket/drive.mcap, or as paths.

    Attributes:
        source: the bag.
        target: the new bag. Its report, target + '.report.json', is written last: the bag is complete if it exists.
    """

    source: str
    target: str

    @property
    def report(self) -> str:
        """Address of the report."""
        return f'{self.target}.report.json'

    @property
    def work(self) -> str:
        """Address of the folder of the plan and of the results of chunks."""
        return f'{self.target}.partial'


@dataclass(frozen=True)
class Task:
    """A task for a process of the cluster: plan a bag, process one of its chunks, or finish it."""

    bag: RemoteBag
    job: BagJob
    chunk: Chunk | None = None


def run_on_cluster(
    sources: Sequence[str], output: str, job: BagJob, workers: int = 0, overwrite: bool = False, load: Load = load
) -> list[dict[str, Any]]:
    """Process bags on the cluster of RAY_ADDRESS, or one that is started on this machine; return their reports.

    Bags and chunks that an earlier call with the same settings has finished are not processed again.

    Args:
        sources: addresses of the bags, with different names.
        output: address of the folder of the new bags.
        job: what is done with them.
        workers: number of processes with one CPU each; 0 means one per CPU of the cluster.
        overwrite: whether results of other settings or of another bag are replaced.
        load: loads the network; picklable.

    Raises:
        BagError: a bag cannot be read or written, or chunks failed repeatedly.
    """
    bags = [RemoteBag(source, f'{output.rstrip("/")}/{PurePosixPath(source).name}') for source in sources]
    finished = {bag: finished_report(bag, job, overwrite) for bag in bags}
    remaining = [bag for bag, report in finished.items() if report is None]
    workers = _start(workers)
    _raise_first_error(_map(_PlanWorker, [Task(bag, job) for bag in remaining], workers))
    _run_chunks(remaining, job, workers, load)
    _raise_first_error(_map(_FinishWorker, [Task(bag, job) for bag in remaining], workers))
    return [finished[bag] or json.loads(read(bag.report)) for bag in bags]


def _start(workers: int) -> int:
    """Connect to the cluster, or start one on this machine; return the number of processes to use."""
    local = {} if os.environ.get('RAY_ADDRESS') else {'include_dashboard': False}
    ray.init(ignore_reinit_error=True, log_to_driver=False, **local)
    return workers or int(ray.cluster_resources().get('CPU', 1))


def _run_chunks(bags: Sequence[RemoteBag], job: BagJob, workers: int, load: Load) -> None:
    """Process all chunks that have no results; try again what failed, on whichever machine.

    Raises:
        BagError: chunks failed in every attempt.
    """
    reasons: dict[str, str] = {}
    for attempt in range(_ATTEMPTS):
        tasks = [Task(bag, job, chunk) for bag in bags for chunk in remaining_chunks(bag)]
        if not tasks:
            return
        _LOG.info('%d chunks to process with %d workers (attempt %d)', len(tasks), workers, attempt + 1)
        try:
            results = _map(_ChunkWorker, tasks, workers, load)
            reasons |= {result['file']: result['error'] for result in results if result['error']}
        except ray.exceptions.RayError as error:  # a process died repeatedly
            _LOG.warning('the cluster failed: %s', error)
    failed = [(bag, chunk) for bag in bags for chunk in remaining_chunks(bag)]
    if failed:
        bag, chunk = failed[0]
        reason = reasons.get(chunk.file, 'its process ended')
        raise chunk_error(bag.source, chunk, reason, len(failed))


def _map(worker: type, tasks: Sequence[Task], workers: int, *arguments: Any) -> list[dict[str, Any]]:
    """Run tasks in processes of a class, created with arguments, with Ray Data; return the results."""
    if not tasks:
        return []
    dataset = ray.data.from_items([{'task': task} for task in tasks], override_num_blocks=len(tasks))
    mapped = dataset.map_batches(
        worker,
        fn_constructor_args=arguments,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(tasks))),
        num_cpus=1,
        ray_remote_args_fn=lambda: {'max_restarts': workers, 'max_task_retries': 1},  # by default, without limit
    )
    return [json.loads(row['result']) for row in mapped.take_all()]


class _Worker:
    """A process that runs tasks. A task that fails is part of the result, so that the others continue."""

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Run the tasks of a batch."""
        return {'result': [json.dumps(self._result(task)) for task in batch['task']]}

    def _result(self, task: Task) -> dict[str, Any]:
        result = {'source': task.bag.source, 'file': task.chunk.file if task.chunk else '', 'error': ''}
        try:
            self.run(task)
        except Exception as error:
            result['error'] = f'{type(error).__name__}: {error}'
        return result

    def run(self, task: Task) -> None:
        """Run a task."""
        raise NotImplementedError


class _PlanWorker(_Worker):
    def run(self, task: Task) -> None:
        plan_bag(task.bag, task.job)


class _ChunkWorker(_Worker):
    def __init__(self, load: Load) -> None:
        self._load = load
        cv2.setNumThreads(1)
        self._net: Segmenter | None = None

    def run(self, task: Task) -> None:
        if self._net is None:
            self._net = task.job.open_network(self._load, threads=1)
            FrameProcessor(self._net, task.job).check_network()
        assert task.chunk is not None
        run_chunk(task.bag, task.job, task.chunk, self._net)


class _FinishWorker(_Worker):
    def run(self, task: Task) -> None:
        finish_bag(task.bag, task.job)


def plan_bag(bag: RemoteBag, job: BagJob) -> None:
    """Write the plan of a bag, unless an interrupted run has written it.

    Raises:
        BagError: the bag cannot be processed, or the interrupted run had other settings.
    """
    expected = job.fingerprint(versions(bag.source))
    if exists(f'{bag.work}/{_PLAN}'):
        if _plan(bag).fingerprint != expected:
            raise BagError(
                f'{bag.work} belongs to an interrupted run with other settings or another version of the bag; '
                'use the same options to continue it, or delete it to start again'
            )
        return
    write(f'{bag.work}/{_PLAN}', make_plan(_open(fetch(bag.source)), job, expected).to_json().encode())


def remaining_chunks(bag: RemoteBag) -> list[Chunk]:
    """Return the chunks that have no results yet."""
    done = names_in(bag.work)
    return [chunk for chunk in _plan(bag).chunks if chunk.file not in done]


def run_chunk(bag: RemoteBag, job: BagJob, chunk: Chunk, net: Segmenter) -> None:
    """Process a chunk and store its results."""
    opened = _open(fetch(bag.source))
    with tempfile.TemporaryDirectory(prefix='bodypix-chunk') as folder:
        result = Path(folder, chunk.file)
        process_chunk(opened, chunk, job, net, result, lambda frames: None)
        upload(result, f'{bag.work}/{chunk.file}')


def finish_bag(bag: RemoteBag, job: BagJob) -> None:
    """Write the new bag, its contact sheet and, last, its report; delete the results of the chunks."""
    plan = _plan(bag)
    local = fetch(bag.source)
    with tempfile.TemporaryDirectory(prefix='bodypix-bag') as folder:
        results = Path(folder, 'chunks')
        results.mkdir()
        for chunk in plan.chunks:
            download(f'{bag.work}/{chunk.file}', results / chunk.file)
        complete = Path(folder, PurePosixPath(bag.target).name)
        report = write_bag(_open(local), plan, job, results, complete)
        upload(complete, bag.target)
        write(f'{bag.target}.contact_sheet.png', draw_contact_sheet(plan, results))
    write(bag.report, json.dumps(report, indent=1).encode())
    delete(bag.work)
    shutil.rmtree(_decompressed(local), ignore_errors=True)
    forget(local)


def finished_report(bag: RemoteBag, job: BagJob, overwrite: bool) -> dict[str, Any] | None:
    """Return the report of a finished bag; None if the bag has to be processed.

    Raises:
        BagError: the target exists, and has other settings, is of another source or was not written by this program; or
            writing it would change the source.
    """
    if overlap(bag.source, bag.target):
        raise BagError(f'{bag.target} would change the input, which is never overwritten; choose another OUT')
    reported = exists(bag.report)
    if reported:
        report: dict[str, Any] = json.loads(read(bag.report))
        if report.get('fingerprint') == job.fingerprint(versions(bag.source)):
            return report
    interrupted = exists(f'{bag.work}/{_PLAN}')
    if (reported and not overwrite) or (exists(bag.target) and not (reported or interrupted)):
        raise BagError(
            f'{bag.target} exists; choose another OUT, or add --overwrite to replace it if its report is next to it'
        )
    return None


def _open(local: Path) -> Bag:
    return open_bag(local, _decompressed(local))


def _decompressed(local: Path) -> Path:
    """Return the folder for the decompressed files of a bag, which the processes of this machine share."""
    return cache_folder() / fingerprint([str(local), file_versions(local)])[:32]


def _plan(bag: RemoteBag) -> BagPlan:
    return read_plan(read(f'{bag.work}/{_PLAN}').decode())


def _raise_first_error(results: Sequence[dict[str, Any]]) -> None:
    for result in results:
        if result['error']:
            raise BagError(f'{result["source"]}: {result["error"]}')
