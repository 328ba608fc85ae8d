# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The queue hands out the latest frame of each camera, and cameras take turns."""

from __future__ import annotations

import threading

import pytest

from bodypix_ros.ros.frame_queue import LatestFrameQueue

VGA, HD = (480, 640), (720, 1280)


class Frame:
    """A frame with a name and a size."""

    def __init__(self, name: str, size: tuple[int, int] = VGA) -> None:
        self.name, self.size = name, size


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def put(queue: LatestFrameQueue[Frame], camera: str, name: str, size: tuple[int, int] = VGA) -> bool:
    return queue.put(camera, Frame(name, size))


def get(queue: LatestFrameQueue[Frame], batch: bool = False) -> list[str]:
    return [frame.name for frame in queue.get(timeout_s=0.0, batch=batch)]


def test_a_newer_frame_replaces_the_one_that_waits() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    assert not put(queue, 'front', 'front 1')
    assert put(queue, 'front', 'front 2')
    assert get(queue) == ['front 2']
    assert get(queue) == []


def test_frames_of_equal_size_make_one_batch() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    for camera, name, size in [('a', 'vga 1', VGA), ('b', 'hd', HD), ('c', 'vga 2', VGA)]:
        put(queue, camera, name, size)
    assert get(queue, batch=True) == ['vga 1', 'vga 2']
    assert get(queue, batch=True) == ['hd']


def test_without_batches_frames_come_one_by_one() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    for camera in ('a', 'b'):
        put(queue, camera, camera)
    assert [get(queue) for _ in range(3)] == [['a'], ['b'], []]


def test_the_camera_served_longest_ago_comes_first() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    for cameras in ('abc', 'cba'):
        for camera in cameras:
            put(queue, camera, camera)
        assert [get(queue) for _ in range(3)] == [['a'], ['b'], ['c']]


def test_a_fast_camera_does_not_starve_a_slow_one() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    served = []
    for number in range(6):
        put(queue, 'fast', f'fast {number}')
        if number in (1, 4):
            put(queue, 'slow', f'slow {number}')
        served += get(queue)
    assert served == ['fast 0', 'slow 1', 'fast 2', 'fast 3', 'slow 4', 'fast 5']


def test_a_limited_rate_leaves_frames_waiting_until_they_are_due() -> None:
    clock = Clock()
    queue: LatestFrameQueue[Frame] = LatestFrameQueue(clock)
    queue.limit_rate(10.0)
    put(queue, 'a', 'first')
    assert get(queue) == ['first']
    clock.now_s += 0.05
    put(queue, 'a', 'too early')
    assert get(queue) == []
    put(queue, 'a', 'newest')
    clock.now_s += 0.051
    assert get(queue) == ['newest']


def test_a_limit_below_the_camera_rate_is_kept_on_average() -> None:
    clock = Clock()
    queue: LatestFrameQueue[Frame] = LatestFrameQueue(clock)
    queue.limit_rate(20.0)
    served = 0
    for _ in range(300):
        put(queue, 'a', 'frame')
        served += len(get(queue))
        clock.now_s += 1 / 30
    assert 195 <= served <= 201


@pytest.mark.parametrize('rate_hz', [0.0, 50.0])
def test_a_new_limit_forgets_the_old_period(rate_hz: float) -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue(Clock())
    queue.limit_rate(0.01)  # the next frame would be due in 100 s
    put(queue, 'a', 'first')
    assert get(queue) == ['first']
    put(queue, 'a', 'second')
    assert get(queue) == []
    queue.limit_rate(rate_hz)
    assert get(queue) == ['second']


def test_the_same_limit_again_changes_nothing() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue(Clock())
    for name, served in (('first', ['first']), ('second', [])):
        queue.limit_rate(1.0)
        put(queue, 'a', name)
        assert get(queue) == served


def test_no_limit_hands_out_every_frame() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue(Clock())
    for number in range(5):
        put(queue, 'a', str(number))
        assert get(queue) == [str(number)]


def test_a_new_frame_wakes_a_waiting_thread() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    taken: list[list[Frame]] = []
    waiting = threading.Thread(target=lambda: taken.append(queue.get(timeout_s=20.0, batch=True)))
    waiting.start()
    put(queue, 'a', 'frame')
    waiting.join(10.0)
    assert [frame.name for frame in taken[0]] == ['frame']


def test_a_removed_frame_is_gone() -> None:
    queue: LatestFrameQueue[Frame] = LatestFrameQueue()
    put(queue, 'a', 'frame')
    assert queue.remove('a')
    assert not queue.remove('a')
    assert get(queue) == []
