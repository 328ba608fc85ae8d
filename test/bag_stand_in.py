# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stand-ins that the worker processes of the tests import."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.errors import ModelError
from bodypix_ros.people import Keypoint, People, Person, Pose
from bodypix_ros.recordings.pool import Report
from bodypix_ros.regions import Box
from bodypix_ros.segmentation import Segmentation

HEAD = Box(10, 5, 20, 20)


class StandIn:
    """A network that finds a head in the same place of each image, and fails where the first value is 200.

    Where the first value is even, it finds nobody, so that anonymisation depends on the images before.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        self.settings = SimpleNamespace(part_ids='bodypix1')
        self.network = SimpleNamespace(model='bodypix_ros')
        self._delay_s = delay_s

    def segment(self, image: NDArray[np.uint8], settings: Any, **_: bool) -> Segmentation:
        time.sleep(self._delay_s)
        if image[0, 0, 0] == 200:
            raise RuntimeError('a fault of ours')
        labels = np.zeros(image.shape[:2], np.uint8)
        persons: tuple[Person, ...] = ()
        if image[0, 0, 0] % 2:
            shift = int(image[0, 0, 0]) % 16
            x, y, width, height = HEAD
            labels[y : y + height, x + shift : x + shift + width] = 1
            center = x + shift + width / 2, y + height / 2
            keypoints = tuple(Keypoint(name, *center, 0.9) for name in ('nose', 'left_eye', 'right_eye'))
            persons = (Person(1, 0.9, Box(x + shift, y, width, height), keypoints, width * height, ()),)
        parts = np.where(labels > 0, 0, -1).astype(np.int8)
        people = People(persons, labels, tuple(Pose(one.score, one.keypoints) for one in persons))
        return Segmentation(labels > 0, parts, people, confidence=labels * np.uint8(250))


def load(*_: Any, **__: Any) -> StandIn:
    return StandIn()


def load_slowly(*_: Any, **__: Any) -> StandIn:
    return StandIn(0.02)


class WithoutParts(StandIn):
    """A network that has no parts."""

    def segment(self, image: NDArray[np.uint8], settings: Any, **requested: bool) -> Segmentation:
        return dataclasses.replace(super().segment(image, settings, **requested), parts=None)


def load_without_parts(*_: Any, **__: Any) -> StandIn:
    return WithoutParts()


def load_after_a_death(*_: Any, **__: Any) -> StandIn:
    """End the process at the first call; $BODYPIX_DIED is the file that marks it."""
    mark = Path(os.environ['BODYPIX_DIED'])
    if not mark.exists():
        mark.touch()
        os._exit(9)
    return StandIn()


def fail_to_load(*_: Any, **__: Any) -> StandIn:
    raise ModelError('the weights are missing')


def start_square(threads: int) -> Any:
    """Return a task that writes the square of a number; the file's name is the number."""

    def run(path: str, report: Report) -> None:
        for step in range(1, 4):
            report(step)
        number = int(Path(path).name)
        Path(path).write_text(f'{number**2} {threads}')

    return run


def start_deadly(_: int) -> Any:
    """Return a task that ends its process: always if the name contains 'poison', else at its first attempt."""

    def run(path: str, report: Report) -> None:
        report(1)
        mark = Path(f'{path}.tried')
        if 'poison' in path or not mark.exists():
            mark.touch()
            os._exit(9)
        Path(path).touch()

    return run


def start_failing(_: int) -> Any:
    def run(path: str, report: Report) -> None:
        with Path(path).open('a') as file:
            file.write('x')
        raise ModelError(f'cannot do {Path(path).name}')

    return run


def start_blocked_signals(_: int) -> Any:
    """Return a task that writes the numbers of the signals that are blocked."""

    def run(path: str, report: Report) -> None:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        Path(path).write_text(' '.join(str(int(one)) for one in blocked))

    return run


def fail_to_start(_: int) -> Any:
    raise ModelError('the weights are missing')


def die_at_start(*_: Any, **__: Any) -> Any:
    os._exit(3)
