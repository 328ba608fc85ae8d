# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes bags on this machine, in several processes; continues after an interruption."""

from __future__ import annotations

import json
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ...models.disk import discard, replacing
from ...models.progress import Progress, no_progress
from ...segmenter import load
from ..pool import Report, run_tasks
from ..work_folder import Checkpoint, WorkFolder, check_output, file_versions, partial_folder, writing
from .assembly import draw_contact_sheet, write_bag
from .bag import Bag, open_bag
from .chunks import Chunk, chunk_error, process_chunk
from .frames import FrameProcessor
from .job import BagJob, Load
from .plan import make_plan, read_plan

_LOG = logging.getLogger(__name__)


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


@dataclass(frozen=True)
class ChunkTask:
    """A chunk of a bag, as passed to a worker.

    Attributes:
        source: the bag.
        pieces: folder of the results of chunks; see `WorkFolder`.
        chunk: what is processed.
    """

    source: Path
    pieces: Path
    chunk: Chunk


def run_bags(
    targets: Sequence[BagTarget],
    job: BagJob,
    workers: int,
    cores: int,
    overwrite: bool = False,
    progress: Progress = no_progress,
    load: Load = load,
) -> list[dict[str, Any]]:
    """Process bags, and return their reports. Each bag is written as soon as its last chunk is finished.

    Bags and chunks that an earlier call with the same settings has finished are not processed again.

    Args:
        targets: the bags.
        job: what is done with them.
        workers: maximum number of processes.
        cores: CPU cores that the processes share; each process has the same number of threads, at least one.
        overwrite: whether results of other settings or of another bag are replaced.
        progress: called with the number of images that were processed in this run.
        load: loads the network; picklable.

    Raises:
        BodyPixError: a bag cannot be read or written, a result already exists, or chunks failed.
    """
    reports = {target: finished_report(target, job, overwrite) for target in targets}
    remaining = [target for target, report in reports.items() if report is None]
    with ExitStack() as folders:
        runs = {run.work.pieces: run for run in [_BagRun(target, job, folders) for target in remaining]}
        tasks = [task for run in runs.values() for task in run.tasks()]
        left = Counter(task.pieces for task in tasks)

        def finish(pieces: Path) -> None:
            run = runs[pieces]
            reports[run.target] = run.finish()
            _LOG.info('%s is finished', run.target.path)

        def done(task: ChunkTask) -> None:
            left[task.pieces] -= 1
            if not left[task.pieces]:
                finish(task.pieces)

        for pieces in runs:
            if not left[pieces]:  # an earlier call finished all its chunks
                finish(pieces)
        threads = max(1, cores // max(1, min(workers, len(tasks))))
        counted = _Counted(sum(task.chunk.frames for task in tasks), progress)
        start = partial(start_worker, job, load)
        failed = run_tasks(tasks, start, workers, threads=threads, progress=counted.add, done=done)
        if failed:
            index, reason = next(iter(failed.items()))
            raise chunk_error(tasks[index].source, tasks[index].chunk, reason, len(failed))
    return [report for report in reports.values() if report is not None]


def finished_report(target: BagTarget, job: BagJob, overwrite: bool) -> dict[str, Any] | None:
    """Return the report of a bag that is complete; None if it has to be processed.

    Raises:
        BodyPixError: the result was written with other settings or from another bag, or writing it would change the
            bag.
    """
    if target.path.exists() and _fingerprint_in(target.report) == job.fingerprint(file_versions(target.source)):
        shutil.rmtree(partial_folder(target.path), ignore_errors=True)  # of a run that was killed while deleting it
        _LOG.info('%s is already finished', target.path)
        report: dict[str, Any] = json.loads(target.report.read_text(encoding='utf-8'))
        return report
    check_output(target.path, target.source, overwrite, target.report)
    return None


class _Counted:
    """Passes on the progress of tasks, which report further steps, as the number of all steps that are done."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done, self._total, self._progress = 0, total, progress
        if total:
            self.add(0)

    def add(self, steps: int) -> None:
        self._done += steps
        self._progress('processing', self._done, self._total)


class _BagRun:
    """One run for a bag, which may continue an earlier one.

    Attributes:
        target: the bag.
        work: its work folder: the checkpoint has the plan, and the pieces are the results of chunks.
    """

    def __init__(self, target: BagTarget, job: BagJob, folders: ExitStack) -> None:
        fingerprint = job.fingerprint(file_versions(target.source))
        self.target, self._job = target, job
        self.work = folders.enter_context(WorkFolder(target.path, {'fingerprint': fingerprint}))
        checkpoint = self.work.resume()
        if checkpoint is None:
            with writing(target.path):  # the decompressed files of the bag
                self._plan = make_plan(self._open(), job, fingerprint)
            self.work.save(Checkpoint(0, self._plan.to_json().encode()))
        else:
            self._plan = read_plan(checkpoint.state.decode())

    def tasks(self) -> list[ChunkTask]:
        """Return the chunks that have no results yet."""
        pieces = self.work.pieces
        return [
            ChunkTask(self.target.source, pieces, chunk)
            for chunk in self._plan.chunks
            if not (pieces / chunk.file).exists()
        ]

    def finish(self) -> dict[str, Any]:
        """Write the new bag, its contact sheet and its report, and delete the work folder.

        Raises:
            BodyPixError: they cannot be written; the results of the chunks are kept.
        """
        with writing(self.target.path):
            complete = self.work.result / self.target.path.name
            discard(complete)
            report = write_bag(self._open(), self._plan, self._job, self.work.pieces, complete)
            discard(self.target.path)  # never an old bag with the new report
            for path, data in (
                (self.target.sheet, draw_contact_sheet(self._plan, self.work.pieces)),
                (self.target.report, json.dumps(report, indent=1).encode()),
            ):
                with replacing(path) as new:
                    new.write_bytes(data)
            self.work.publish(complete)
        return report

    def _open(self) -> Bag:
        """Open the bag again: an open bag of ROS 1 keeps its file and index, which is too much for many bags."""
        return _open(self.target.source, self.work.pieces)


def start_worker(job: BagJob, load: Load, threads: int) -> Callable[[ChunkTask, Report], None]:
    """Load the network in a worker process and return the function that processes a chunk."""
    net = job.open_network(load, threads)
    FrameProcessor(net, job).check_network()
    opened = lru_cache(maxsize=1)(_open)  # opening a large bag takes time

    def run(task: ChunkTask, report: Report) -> None:
        process_chunk(opened(task.source, task.pieces), task.chunk, job, net, task.pieces / task.chunk.file, report)

    return run


def _open(source: Path, pieces: Path) -> Bag:
    return open_bag(source, pieces / 'decompressed')


def _fingerprint_in(report: Path) -> Any:
    try:
        return json.loads(report.read_text(encoding='utf-8'))['fingerprint']
    except (OSError, ValueError, TypeError, KeyError):
        return None
