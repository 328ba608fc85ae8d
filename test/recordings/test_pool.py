# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tasks run in processes; those of dead processes are repeated."""

from __future__ import annotations

import signal
from pathlib import Path

import bag_stand_in
import pytest

from bodypix_ros.errors import BodyPixError, ModelError
from bodypix_ros.recordings.pool import run_tasks


def test_all_tasks_run_and_report_their_steps(tmp_path: Path) -> None:
    steps: list[int] = []
    tasks = [str(tmp_path / str(number)) for number in range(5)]
    assert run_tasks(tasks, bag_stand_in.start_square, 2, threads=3, progress=steps.append) == {}
    assert [Path(task).read_text() for task in tasks] == ['0 3', '1 3', '4 3', '9 3', '16 3']
    assert sum(steps) == 15


def test_a_task_whose_process_died_is_repeated_and_one_that_kills_every_process_is_named(tmp_path: Path) -> None:
    steps: list[int] = []
    tasks = [str(tmp_path / name) for name in ('a', 'poison', 'b')]
    failed = run_tasks(tasks, bag_stand_in.start_deadly, 2, progress=steps.append)
    assert failed == {1: 'its process ended with status 9'}
    assert (tmp_path / 'a').exists()
    assert (tmp_path / 'b').exists()
    assert sum(steps) == 2  # those of failed attempts are taken back


def test_a_task_that_fails_is_tried_three_times(tmp_path: Path) -> None:
    failed = run_tasks([str(tmp_path / 'task')], bag_stand_in.start_failing, 1)
    assert failed == {0: 'cannot do task'}
    assert (tmp_path / 'task').read_text() == 'xxx'


def test_without_tasks_no_process_starts() -> None:
    assert run_tasks([], bag_stand_in.fail_to_start, 2) == {}


def test_an_error_at_the_start_of_a_process_is_raised() -> None:
    with pytest.raises(ModelError, match='the weights are missing'):
        run_tasks(['task'], bag_stand_in.fail_to_start, 1)


def test_a_process_that_dies_at_its_start_is_an_error() -> None:
    with pytest.raises(BodyPixError, match='a worker process failed to start: its process ended with status 3'):
        run_tasks(['task'], bag_stand_in.die_at_start, 1)


def test_finished_tasks_are_passed_on_but_failed_ones_are_not(tmp_path: Path) -> None:
    done: list[str] = []
    tasks = [str(tmp_path / name) for name in ('a', 'poison', 'b')]
    run_tasks(tasks, bag_stand_in.start_deadly, 1, done=done.append)
    assert sorted(done) == [tasks[0], tasks[2]]


def test_workers_are_not_interrupted_with_their_parent(tmp_path: Path) -> None:
    assert run_tasks([str(tmp_path / 'mask')], bag_stand_in.start_blocked_signals, 1) == {}
    assert str(signal.SIGINT.value) in (tmp_path / 'mask').read_text().split()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
