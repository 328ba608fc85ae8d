# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The way of a frame: from the DDS callback to the published mask, a reader opens at most twelve of our modules.

The kernels of numba repeat those of numpy, so a reader needs only one of them.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from robot import own_domain
from sensor_msgs.msg import Image

import bodypix_ros
from bodypix_ros.ros.image_msg import fill
from bodypix_ros.ros.node import BodyPixNode

PACKAGE = Path(bodypix_ros.__file__).parent
MESSAGES = PACKAGE / 'msg'


def module_of(frame: FrameType | None) -> str:
    """Return the module of our package that a frame runs in; empty for all other code."""
    path = Path(frame.f_code.co_filename) if frame is not None else Path()
    inside = PACKAGE in path.parents and MESSAGES not in path.parents
    return path.relative_to(PACKAGE).with_suffix('').as_posix() if inside else ''


def caller_of(frame: FrameType) -> str:
    """Return the module of ours that called, over frames of other code; empty where none did."""
    back = frame.f_back
    while back is not None and not module_of(back):
        back = back.f_back
    return module_of(back)


class Trace:
    """Notes which module of ours calls which, of the subscription's callback and of the worker."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.recording = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if not self.recording or event != 'call' or frame.f_back is None:  # functions compiled by numba have no caller
            return
        module = module_of(frame)
        if module and caller_of(frame) != module and self._is_of_a_frame(frame):
            self.entries.append((caller_of(frame), module))

    @staticmethod
    def _is_of_a_frame(frame: FrameType | None) -> bool:
        """Return whether this is the worker's thread, or below the callback of the subscription."""
        if threading.current_thread() is not threading.main_thread():
            return True
        while frame is not None:
            if module_of(frame) == 'ros/camera' and frame.f_code.co_name == '_receive':
                return True
            frame = frame.f_back
        return False


class Stage:
    """The node and a camera with a subscriber of its mask, all in this process."""

    def __init__(self, domain: int, trace: Trace) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        threading.setprofile(trace)
        arguments = ['--ros-args', '-p', 'provider:=cpu', '-p', 'threads:=1', '-p', 'kernels:=numpy']
        self.node = BodyPixNode(arguments=[], context=self._context, cli_args=arguments)
        self.robot = Node('robot', context=self._context)
        self.masks: list[Image] = []
        self.robot.create_subscription(Image, 'mask', self.masks.append, QoSProfile(depth=5))
        self.camera = self.robot.create_publisher(Image, 'image', QoSProfile(depth=5))
        self._executor = SingleThreadedExecutor(context=self._context)
        for node in (self.node, self.robot):
            self._executor.add_node(node)
        self.node.start()
        self.until(lambda: self.camera.get_subscription_count() and self.robot.count_publishers('mask'))

    def until(self, condition: Callable[[], Any]) -> None:
        end_s = time.monotonic() + 60.0
        while not condition():
            assert time.monotonic() < end_s, 'nothing came'
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        threading.setprofile(None)  # type: ignore[arg-type]
        sys.setprofile(None)
        self.node.stop()
        self._executor.shutdown()
        for node in (self.node, self.robot):
            node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture(scope='module')
def entries(astronaut: NDArray[np.uint8]) -> Iterator[list[tuple[str, str]]]:
    """Who called which of our modules for one frame, in order; the first frames are not traced."""
    trace = Trace()
    picture = np.ascontiguousarray(cv2.resize(astronaut, (320, 320)))
    with own_domain() as domain:
        stage = Stage(domain, trace)
        try:
            for number in range(4):
                message = Image()
                fill(message, message.header, picture, 'bgr8')
                message.header.stamp.sec = number + 1
                if number == 3:
                    trace.recording = True
                    sys.setprofile(trace)
                stage.camera.publish(message)
                stage.until(lambda count=number + 1: len(stage.masks) == count)
            trace.recording = False
            sys.setprofile(None)
            assert (np.frombuffer(stage.masks[-1].data, np.uint8) == 255).any()
            yield trace.entries
        finally:
            trace.recording = False
            stage.close()


def test_a_frame_passes_through_at_most_twelve_of_our_modules(entries: list[tuple[str, str]]) -> None:
    modules = {module for entry in entries for module in entry if module}
    assert {'ros/camera', 'ros/frame_queue', 'ros/inference_worker', 'segmenter', 'ros/outputs'} <= modules
    assert len(modules) <= 12, sorted(modules)


def test_no_module_is_entered_twice(entries: list[tuple[str, str]]) -> None:
    """The way is a line without loops: each module is called by one other module, and never calls back.

    Only the queue is called by two, because it connects two threads.
    """
    callers: dict[str, set[str]] = {}
    for caller, module in entries:
        callers.setdefault(module, set()).add(caller)
    assert callers.pop('ros/frame_queue') == {'ros/camera', 'ros/inference_worker'}
    assert {module: names for module, names in callers.items() if len(names) > 1} == {}


@pytest.mark.parametrize('module', ['camera', 'outputs', 'stats'])
def test_a_module_of_the_node_is_called_once(entries: list[tuple[str, str]], module: str) -> None:
    assert [called for _, called in entries].count(f'ros/{module}') == 1
