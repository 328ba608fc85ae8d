"""Newest frame wins, and every camera has its turn."""

from __future__ import annotations

import threading

from bodypix_ros.ros.schedule import Schedule


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def alone(frame: str) -> str:
    return frame


def together(_: str) -> None:
    return None


def take(schedule: Schedule[str], alike=together) -> list[str]:  # type: ignore[no-untyped-def]
    return schedule.take(alike, timeout_s=0.0)


def test_a_newer_frame_replaces_the_one_that_waits() -> None:
    schedule: Schedule[str] = Schedule()
    assert not schedule.file('front', 'front 1')
    assert schedule.file('front', 'front 2')
    assert take(schedule) == ['front 2']
    assert take(schedule) == []


def test_frames_of_equal_size_make_one_batch() -> None:
    schedule: Schedule[str] = Schedule()
    for camera, frame in [('a', 'vga'), ('b', 'hd'), ('c', 'vga')]:
        schedule.file(camera, frame)
    assert take(schedule, alone) == ['vga', 'vga']
    assert take(schedule, alone) == ['hd']


def test_the_camera_served_longest_ago_comes_first() -> None:
    schedule: Schedule[str] = Schedule()
    for camera in ('a', 'b', 'c'):
        schedule.file(camera, camera)
    assert [take(schedule, alone) for _ in range(3)] == [['a'], ['b'], ['c']]
    for camera in ('c', 'b', 'a'):
        schedule.file(camera, camera)
    assert [take(schedule, alone) for _ in range(3)] == [['a'], ['b'], ['c']]


def test_a_fast_camera_does_not_starve_a_slow_one() -> None:
    schedule: Schedule[str] = Schedule()
    served = []
    for number in range(6):
        schedule.file('fast', f'fast {number}')
        if number in (1, 4):
            schedule.file('slow', f'slow {number}')
        served += take(schedule, alone)
    assert served == ['fast 0', 'slow 1', 'fast 2', 'fast 3', 'slow 4', 'fast 5']


def test_a_limited_rate_leaves_frames_waiting_until_they_are_due() -> None:
    clock = Clock()
    schedule: Schedule[str] = Schedule(clock)
    schedule.limit(10.0)
    schedule.file('a', 'first')
    assert take(schedule) == ['first']
    clock.now_s += 0.05
    schedule.file('a', 'too early')
    assert take(schedule) == []
    schedule.file('a', 'newest')
    clock.now_s += 0.051
    assert take(schedule) == ['newest']


def test_a_limit_below_the_camera_rate_is_kept_on_average() -> None:
    clock = Clock()
    schedule: Schedule[str] = Schedule(clock)
    schedule.limit(20.0)
    served = 0
    for _ in range(300):
        schedule.file('a', 'frame')
        served += len(take(schedule))
        clock.now_s += 1 / 30
    assert 195 <= served <= 201


def test_no_limit_hands_out_every_frame() -> None:
    schedule: Schedule[str] = Schedule(Clock())
    schedule.limit(0.0)
    for number in range(5):
        schedule.file('a', str(number))
        assert take(schedule) == [str(number)]


def test_a_filed_frame_wakes_who_waits() -> None:
    schedule: Schedule[str] = Schedule()
    taken: list[list[str]] = []
    waiting = threading.Thread(target=lambda: taken.append(schedule.take(together, timeout_s=20.0)))
    waiting.start()
    schedule.file('a', 'frame')
    waiting.join(10.0)
    assert taken == [['frame']]


def test_an_emptied_slot_gives_nothing() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.file('a', 'frame')
    assert schedule.clear('a')
    assert not schedule.clear('a')
    assert take(schedule) == []
