# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes bags on a cluster with Ray, from and to any file system of fsspec; a single machine is enough."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import cv2

from ...errors import describe_error
from ...models.progress import Progress, no_progress
from ...segmenter import Segmenter, load
from ..pool import ATTEMPTS
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

os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # read when Ray is imported; otherwise, it sends statistics
import ray

_LOG = logging.getLogger(__name__)
_PLAN = 'plan.json'


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


def run_on_cluster(
    sources: Sequence[str],
    output: str,
    job: BagJob,
    workers: int = 0,
    overwrite: bool = False,
    progress: Progress = no_progress,
    load: Load = load,
) -> list[dict[str, Any]]:
    """Process bags on the cluster of RAY_ADDRESS, or one that is started on this machine; return their reports.

    Bags and chunks that an earlier call with the same settings has finished are not processed again.

    Args:
        sources: addresses of the bags, with different names.
        output: address of the folder of the new bags.
        job: what is done with them.
        workers: maximum number of processes, each with one CPU; 0 means one per CPU of the cluster.
        overwrite: whether results of other settings or of another bag are replaced.
        progress: called with the number of images that were processed in this run.
        load: loads the network; picklable.

    Raises:
        BagError: a bag cannot be read or written, or chunks failed repeatedly.
    """
    bags = [RemoteBag(source, f'{output.rstrip("/")}/{PurePosixPath(source).name}') for source in sources]
    finished = {bag: finished_report(bag, job, overwrite) for bag in bags}
    remaining = [bag for bag, report in finished.items() if report is None]
    workers = _start(workers)
    _run_for_each(plan_bag, remaining, job, workers)
    _run_chunks(remaining, job, workers, progress, load)
    _run_for_each(finish_bag, remaining, job, workers)
    return [finished[bag] or json.loads(read(bag.report)) for bag in bags]


def _start(workers: int) -> int:
    """Connect to the cluster, or start one on this machine; return the number of processes to use."""
    local = {} if os.environ.get('RAY_ADDRESS') else {'include_dashboard': False}
    ray.init(ignore_reinit_error=True, log_to_driver=False, **local)
    return workers or max(1, int(ray.cluster_resources().get('CPU', 1)))


def _run_for_each(
    function: Callable[[RemoteBag, BagJob], None], bags: Sequence[RemoteBag], job: BagJob, workers: int
) -> None:
    """Run a function for each bag.

    Raises:
        BagError: it failed for a bag.
    """
    failed = _run_tasks(function, [(bag, job) for bag in bags], workers)
    for index, reason in failed.items():
        raise BagError(f'{bags[index].source}: {reason}')


def _run_chunks(bags: Sequence[RemoteBag], job: BagJob, workers: int, progress: Progress, load: Load) -> None:
    """Process all chunks that have no results; try again what failed, on whichever machine.

    Raises:
        BagError: chunks failed in every attempt.
    """
    chunks = [(bag, chunk) for bag in bags for chunk in remaining_chunks(bag)]
    total, frames = sum(chunk.frames for _, chunk in chunks), 0

    def done(index: int) -> None:
        nonlocal frames
        frames += chunks[index][1].frames
        progress('processing', frames, total)

    _LOG.info('%d chunks to process with %d workers', len(chunks), workers)
    failed = _run_tasks(run_chunk, [(bag, job, chunk, load) for bag, chunk in chunks], workers, retry=True, done=done)
    for index, reason in failed.items():
        bag, chunk = chunks[index]
        raise chunk_error(bag.source, chunk, reason, len(failed))


def _run_tasks(
    function: Callable[..., None],
    tasks: Sequence[tuple[Any, ...]],
    workers: int,
    *,
    retry: bool = False,
    done: Callable[[int], None] = lambda index: None,
) -> dict[int, str]:
    """Run a function on the cluster.

    Args:
        function: importable on all machines.
        tasks: its arguments in each call; picklable.
        workers: maximum number of calls at a time.
        retry: whether a call that fails is tried again; one whose process or machine dies always is.
        done: called with the index of each task that is finished.

    Returns:
        The tasks that failed in every attempt, by index, and the reason of the last failure.
    """
    remote = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1, retry_exceptions=retry)(function)
    failed: dict[int, str] = {}
    running: dict[Any, int] = {}
    waiting = deque(enumerate(tasks))
    while waiting or running:
        while waiting and len(running) < workers:
            index, arguments = waiting.popleft()
            running[remote.remote(*arguments)] = index
        (ready,), _ = ray.wait(list(running), num_returns=1)
        index = running.pop(ready)
        try:
            ray.get(ready)
        except ray.exceptions.RayTaskError as error:
            failed[index] = describe_error(error.cause)
        except ray.exceptions.RayError as error:
            failed[index] = f'its process ended ({type(error).__name__})'
        else:
            done(index)
    return failed


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


def run_chunk(bag: RemoteBag, job: BagJob, chunk: Chunk, load: Load) -> None:
    """Process a chunk and store its results."""
    net = _network(job, load)
    opened = _open(fetch(bag.source))
    with tempfile.TemporaryDirectory(prefix='bodypix-chunk') as folder:
        result = Path(folder, chunk.file)
        process_chunk(opened, chunk, job, net, result, lambda frames: None)
        upload(result, f'{bag.work}/{chunk.file}')


@lru_cache(maxsize=1)
def _network(job: BagJob, load: Load) -> Segmenter:
    """Return the network, which each process of the cluster loads once."""
    cv2.setNumThreads(1)
    net = job.open_network(load, threads=1)
    FrameProcessor(net, job).check_network()
    return net


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
