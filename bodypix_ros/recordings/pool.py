# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A pool of worker processes: a task whose worker dies is repeated, and one that fails repeatedly is reported."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

import cv2

from ..errors import BodyPixError, describe_error
from ..inference.cpu_session import quota_threads

ATTEMPTS = 3
"""How often a task is tried."""

T = TypeVar('T')
Report = Callable[[int], None]
"""Called by a task with the number of its steps that are done."""

Start = Callable[[int], Callable[[T, Report], None]]
"""Called once in each worker with its number of CPU threads; returns the function that runs a task."""


@dataclass
class _Worker(Generic[T]):
    process: BaseProcess
    pipe: Connection
    started: bool = False
    task: int | None = None
    steps: int = 0


def run_tasks(
    tasks: Sequence[T],
    start: Start[T],
    workers: int,
    *,
    threads: int = 1,
    progress: Callable[[int], None] = lambda steps: None,
    done: Callable[[T], None] = lambda task: None,
) -> dict[int, str]:
    """Run tasks in processes.

    Args:
        tasks: passed to the workers, so they must be picklable.
        start: loads what a worker needs for all its tasks.
        workers: number of processes.
        threads: CPU threads of each.
        progress: called with the number of additional steps that were done.
        done: called with each finished task; meanwhile, the workers continue with their current tasks.

    Returns:
        The tasks that failed in every attempt, by index, and the reason of the last failure.

    Raises:
        BodyPixError: a worker cannot start.
    """
    return _Pool(tasks, start, threads, progress, done).run(min(workers, len(tasks)))


class _Pool(Generic[T]):
    def __init__(
        self,
        tasks: Sequence[T],
        start: Start[T],
        threads: int,
        progress: Callable[[int], None],
        done: Callable[[T], None],
    ) -> None:
        self._tasks, self._start, self._threads = tasks, start, threads
        self._progress, self._done = progress, done
        self._waiting = deque(range(len(tasks)))
        self._tried: Counter[int] = Counter()
        self._failed: dict[int, str] = {}
        self._workers: list[_Worker[T]] = []
        self._context = multiprocessing.get_context('spawn')  # networks do not survive a fork

    def run(self, workers: int) -> dict[int, str]:
        try:
            for _ in range(workers):
                self._open_worker()
            while self._waiting or any(worker.task is not None for worker in self._workers):
                for ready in wait([worker.pipe for worker in self._workers]):
                    self._receive(next(worker for worker in self._workers if worker.pipe is ready))
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()
                worker.pipe.close()
        return self._failed

    def _open_worker(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._start, self._threads), daemon=True)
        with _without_sigint():
            process.start()
        theirs.close()  # so that the end of the process closes the pipe
        self._workers.append(_Worker(process, ours))

    def _receive(self, worker: _Worker[T]) -> None:
        """Process one message of a worker, or its death."""
        try:
            kind, value = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        if kind == 'failed to start':
            raise value
        if kind == 'step':
            self._progress(value - worker.steps)
            worker.steps = value
            return
        if kind == 'failed':
            self._fail(worker, value)
        finished = worker.task if kind == 'done' else None
        worker.started, worker.task = True, None
        self._assign(worker)
        if finished is not None:
            self._done(self._tasks[finished])

    def _assign(self, worker: _Worker[T]) -> None:
        if self._waiting:
            worker.task, worker.steps = self._waiting.popleft(), 0
            self._tried[worker.task] += 1
            with suppress(OSError):  # it has just died, which the next read of the pipe reports
                worker.pipe.send(self._tasks[worker.task])

    def _fail(self, worker: _Worker[T], reason: str) -> None:
        """Repeat the task of a worker, or record that it failed."""
        assert worker.task is not None
        self._progress(-worker.steps)
        if self._tried[worker.task] < ATTEMPTS:
            self._waiting.append(worker.task)
        else:
            self._failed[worker.task] = reason

    def _replace(self, worker: _Worker[T]) -> None:
        """Start another process for one that died."""
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        reason = f'its process ended with status {worker.process.exitcode}'
        if not worker.started:
            raise BodyPixError(f'a worker process failed to start: {reason}')
        if worker.task is not None:
            self._fail(worker, reason)
        if self._waiting:
            self._open_worker()


def available_cores() -> int:
    """Return the number of CPU cores that this process may use, within the CPU quota of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return quota_threads() or cores


@contextmanager
def _without_sigint() -> Iterator[None]:
    """Block SIGINT in processes that are started in the block: after Ctrl-C, the parent ends its workers.

    If the workers ignored SIGINT themselves, a signal at their start would print a traceback.
    """
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _work(pipe: Connection, start: Start[Any], threads: int) -> None:
    """Run tasks in a worker process until the pipe closes."""
    _end_with_parent()
    cv2.setNumThreads(threads)
    try:
        run = start(threads)
    except Exception as error:
        known = isinstance(error, BodyPixError)
        pipe.send(('failed to start', error if known else BodyPixError(describe_error(error))))
        return
    pipe.send(('ready', None))
    with suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                run(task, lambda steps: pipe.send(('step', steps)))
            except Exception as error:
                pipe.send(('failed', describe_error(error)))
            else:
                pipe.send(('done', None))


def _end_with_parent() -> None:
    """End this process when its parent has ended, even if that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
