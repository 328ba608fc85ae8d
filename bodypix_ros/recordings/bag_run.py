"""Processes bags on this machine, in several processes; continues after an interruption."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .bag import Bag, open_bag
from .bag_assembly import draw_contact_sheet, write_bag
from .bag_chunks import Chunk, process_chunk
from .bag_frames import FrameProcessor
from .bag_job import BagJob
from .bag_plan import BagPlan, make_plan, read_plan
from .bag_storage import BagError
from .pool import Report, run_tasks

_LOG = logging.getLogger(__name__)
_PLAN = 'plan.json'


@dataclass(frozen=True)
class BagTarget:
    """Where the results of one bag are written.

    Attributes:
        source: the bag.
        path: the new bag.
    """

    source: Path
    path: Path

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.path.with_name(f'{self.path.name}.report.json')

    @property
    def sheet(self) -> Path:
        """Path of the contact sheet."""
        return self.path.with_name(f'{self.path.name}.contact_sheet.png')

    @property
    def work(self) -> Path:
        """Folder of the results of chunks until the new bag is complete."""
        return self.path.with_name(f'{self.path.name}.partial')


@dataclass(frozen=True)
class ChunkTask:
    """A chunk of a bag, as passed to a worker."""

    target: BagTarget
    chunk: Chunk


def run_bags(
    targets: Sequence[BagTarget],
    job: BagJob,
    workers: int,
    threads: int,
    progress: Callable[[int], None] = lambda frames: None,
    planned: Callable[[int], None] = lambda frames: None,
) -> list[dict[str, Any]]:
    """Process bags, and return their reports.

    Bags and chunks that an earlier call with the same settings has finished are not processed again.

    Args:
        targets: the bags.
        job: what is done with them.
        workers: number of processes.
        threads: CPU threads of each.
        progress: called with the number of further images that were processed.
        planned: called with the number of images that remain to be processed.

    Raises:
        BagError: a bag cannot be read or written, a result already exists, or chunks failed.
    """
    for target in targets:
        check_target(target)
    reports = {target: finished_report(target, job) for target in targets}
    remaining = [target for target, report in reports.items() if report is None]
    with ExitStack() as locks:
        for target in remaining:
            locks.enter_context(_locked(target))
        plans = {target: prepare(target, job) for target in remaining}
        tasks = [task for target in remaining for task in _remaining(target, plans[target])]
        planned(sum(task.chunk.frames for task in tasks))
        failed = run_tasks(tasks, partial(start_worker, job), workers, threads=threads, progress=progress)
        unfinished = {tasks[index].target for index in failed}
        for target in remaining:
            if target not in unfinished:
                reports[target] = finish(target, plans[target], job)
    if failed:
        raise _failure([(tasks[index], reason) for index, reason in failed.items()])
    return [report for report in reports.values() if report is not None]


def check_target(target: BagTarget) -> None:
    """Raise BagError if the results would be written over or into the bag."""
    source, path = target.source.resolve(), target.path.resolve()
    if path == source or source in path.parents:
        raise BagError(f'{target.path} is the bag itself or in it, and inputs are not overwritten; choose another OUT')


def finished_report(target: BagTarget, job: BagJob) -> dict[str, Any] | None:
    """Return the report of a bag that is complete; None if there is no result yet.

    Raises:
        BagError: the result was written with other settings or from another bag.
    """
    if not target.path.exists():
        return None
    fingerprint = job.fingerprint(_open(target).sources())
    try:
        report: dict[str, Any] = json.loads(target.report.read_text(encoding='utf-8'))
        if report['fingerprint'] == fingerprint:
            shutil.rmtree(target.work, ignore_errors=True)
            _LOG.info('%s is already finished', target.path)
            return report
    except (OSError, ValueError, KeyError):
        pass
    raise BagError(f'{target.path} exists and is not overwritten; delete it or choose another OUT')


def prepare(target: BagTarget, job: BagJob) -> BagPlan:
    """Return the plan of a bag: that of an interrupted run, or a new one, which is stored.

    Raises:
        BagError: the bag cannot be processed, or the interrupted run had other settings.
    """
    bag = _open(target)
    stored = target.work / _PLAN
    if stored.exists():
        plan = read_plan(stored.read_text(encoding='utf-8'))
        if plan.fingerprint == job.fingerprint(bag.sources()):
            return plan
        raise BagError(
            f'{target.work} belongs to an interrupted run with other settings or another version of the bag; '
            'use the same options to continue it, or delete it to start again'
        )
    plan = make_plan(bag, job)
    write_whole(stored, plan.to_json().encode())
    return plan


def start_worker(job: BagJob, threads: int) -> Callable[[ChunkTask, Report], None]:
    """Load the network in a worker process and return the function that processes a chunk."""
    net = job.open_network(threads)
    FrameProcessor(net, job).check_network()
    opened = lru_cache(maxsize=1)(_open)  # opening a large bag takes time

    def run(task: ChunkTask, report: Report) -> None:
        process_chunk(opened(task.target), task.chunk, job, net, task.target.work / task.chunk.file, report)

    return run


def finish(target: BagTarget, plan: BagPlan, job: BagJob) -> dict[str, Any]:
    """Write the new bag, its report and its contact sheet, and delete the results of the chunks."""
    bag = _open(target)
    complete = target.work / target.path.name
    _delete(complete)
    report = write_bag(bag, plan, job, target.work, complete)
    write_whole(target.sheet, draw_contact_sheet(plan, target.work))
    write_whole(target.report, json.dumps(report, indent=1).encode())
    for path in sorted(complete.rglob('*')) if complete.is_dir() else [complete]:
        _flush(path)
    complete.rename(target.path)
    shutil.rmtree(target.work, ignore_errors=True)
    return report


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears when it is complete."""
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    part.write_bytes(data)
    _flush(part)
    part.replace(path)


def _remaining(target: BagTarget, plan: BagPlan) -> list[ChunkTask]:
    return [ChunkTask(target, chunk) for chunk in plan.chunks if not (target.work / chunk.file).exists()]


def _failure(failed: Sequence[tuple[ChunkTask, str]]) -> BagError:
    task, reason = failed[0]
    chunk = task.chunk
    more = f'; {len(failed) - 1} more chunks failed' if len(failed) > 1 else ''
    return BagError(
        f'{task.target.source}: images {chunk.first} to {chunk.first + chunk.frames - 1} of {chunk.topic} failed '
        f'repeatedly: {reason}{more}. Finished chunks are kept: run the same command again to continue'
    )


@contextmanager
def _locked(target: BagTarget) -> Iterator[None]:
    """Prevent two processes from writing the same bag, and remove the folder of its results if it is empty."""
    target.work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.work / 'lock')
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BagError(f'another process is writing {target.path}; wait for it or choose another OUT') from error
    try:
        yield
    finally:
        if not (target.work / _PLAN).exists():
            shutil.rmtree(target.work, ignore_errors=True)
        lock.release()


def _open(target: BagTarget) -> Bag:
    return open_bag(target.source, target.work / 'decompressed')


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    if path.is_file():
        with path.open('rb') as file:
            os.fsync(file.fileno())
