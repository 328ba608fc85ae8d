"""The other side of the node's tests: a camera and a listener in this process, the real node in another."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from bodypix_ros.ros.image_msg import fill

REPOSITORY = Path(__file__).resolve().parent.parent
TIMEOUT_S = 30.0

RELIABLE = QoSProfile(depth=5, reliability=QoSReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT)


@contextmanager
def own_domain() -> Iterator[int]:
    """A ROS domain that no other test on this machine uses; a bound port is the lock."""
    for domain in np.random.default_rng().permutation(np.arange(1, 101)).tolist():
        with socket.socket() as lock:
            try:
                lock.bind(('127.0.0.1', 21000 + domain))
            except OSError:
                continue
            yield domain
            return
    raise RuntimeError('all ROS domains are in use')


class Process:
    """A process of the node, and what it logs."""

    def __init__(self, domain: int, log: Path, *arguments: str, **environment: str) -> None:
        profile = str(REPOSITORY / 'config' / 'fastdds_shm.xml')
        variables = {
            **os.environ,
            'PYTHONPATH': os.pathsep.join([str(REPOSITORY), os.environ.get('PYTHONPATH', '')]),
            'ROS_DOMAIN_ID': str(domain),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'FASTRTPS_DEFAULT_PROFILES_FILE': profile,
            'FASTDDS_DEFAULT_PROFILES_FILE': profile,
            'MALLOC_MMAP_THRESHOLD_': '1073741824',
            'MALLOC_TRIM_THRESHOLD_': '1073741824',
            **environment,
        }
        self._log = log
        with log.open('ab') as output:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'bodypix_ros.ros.node', '--ros-args', *arguments],
                env=variables, cwd=log.parent, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def log(self) -> str:
        """Everything that was printed so far."""
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end; return the exit status."""
        return self._process.wait(TIMEOUT_S)

    def stop(self) -> int:
        """End the process as Ctrl-C does; return the exit status."""
        if self.alive:
            self.signal(signal.SIGINT)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise


class Robot:
    """Publishes pictures and keeps the messages that come, by topic."""

    def __init__(self, domain: int) -> None:
        self.domain = domain
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node('robot', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._publishers: dict[str, Any] = {}
        self._subscriptions: dict[str, Any] = {}
        self.received: defaultdict[str, list[Any]] = defaultdict(list)
        self._stamp = 0

    def __enter__(self) -> Robot:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def subscribe(self, topic: str, kind: Any = Image, profile: QoSProfile = RELIABLE) -> Any:
        """Keep what comes on a topic, which is asked for once."""
        if topic not in self._subscriptions:
            keep = self.received[topic].append
            self._subscriptions[topic] = self.node.create_subscription(kind, topic, keep, profile)
        return self._subscriptions[topic]

    def unsubscribe(self, topic: str) -> None:
        self.node.destroy_subscription(self._subscriptions.pop(topic))

    def camera(self, topic: str = 'image', profile: QoSProfile = RELIABLE, kind: Any = Image) -> Any:
        """Return the publisher of a topic."""
        if topic not in self._publishers:
            self._publishers[topic] = self.node.create_publisher(kind, topic, profile)
        return self._publishers[topic]

    def remove_camera(self, topic: str = 'image') -> None:
        self.node.destroy_publisher(self._publishers.pop(topic))

    def header(self, frame_id: str = 'camera') -> Header:
        """Return a header with a stamp that was never used before."""
        self._stamp += 1
        header = Header(frame_id=frame_id)
        header.stamp.sec, header.stamp.nanosec = 1_700_000_000 + self._stamp, 123_456_000 + self._stamp
        return header

    def message(self, picture: NDArray[Any], encoding: str = 'bgr8') -> Image:
        message = Image()
        fill(message, self.header(), picture, encoding)
        return message

    def show(self, message: Any, topic: str = 'image') -> None:
        """Publish one message."""
        self.camera(topic, kind=type(message)).publish(message)

    def spin(self, seconds: float) -> None:
        self.until(lambda: False, seconds, required=False)

    def until(self, condition: Callable[[], Any], timeout_s: float = TIMEOUT_S, required: bool = True) -> Any:
        """Spin until the condition gives something true, and return that."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            result = condition()
            if result:
                return result
            self._executor.spin_once(timeout_sec=0.02)
        assert not required, f'nothing came within {timeout_s} s'
        return None

    def until_logged(self, process: Process, text: str) -> None:
        """Spin until the process has logged a text."""
        self.until(lambda: text in process.log or not process.alive)
        assert text in process.log, process.log

    def answer(self, message: Any, topics: list[str], camera: str = 'image') -> dict[str, Any]:
        """Publish a message, again every second until all topics have answered with its stamp, and return that."""
        found: dict[str, Any] = {}

        def answered() -> bool:
            for topic in topics:
                for one in self.received[topic]:
                    if one.header.stamp == message.header.stamp:
                        found[topic] = one
            return len(found) == len(topics)

        for _ in range(int(TIMEOUT_S)):
            self.show(message, camera)
            if self.until(answered, 1.0, required=False):
                return found
        raise AssertionError(f'no answer on {sorted(set(topics) - set(found))}')


def pixels(message: Image) -> NDArray[Any]:
    """Return (H, W) or (H, W, C) pixels of a message of the node."""
    kinds = {'mono8': np.uint8, '8SC1': np.int8, '8UC1': np.uint8, '16SC1': np.int16, '16UC1': np.uint16,
             '32SC1': np.int32, 'rgb8': np.uint8, 'bgr8': np.uint8}  # fmt: skip
    flat = np.frombuffer(message.data, kinds[message.encoding]).reshape(message.height, message.width, -1)
    return flat[..., 0] if flat.shape[2] == 1 else flat
