# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The other side of the node's tests: a camera and subscribers in this process, the node in another."""

from __future__ import annotations

import json
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
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from numpy.typing import NDArray
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from bodypix_ros.ros.image_msg import fill

REPOSITORY = Path(__file__).resolve().parent.parent
TIMEOUT_S = 60.0
CALLS = 2  # of a service, until the test gives up
NODE = ('-m', 'bodypix_ros.ros.main')
GATED_NODE = (str(REPOSITORY / 'test' / 'gated_node.py'),)

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
    """A process of the node, and what it logs. Variables of the environment that are given empty are left out."""

    def __init__(
        self, domain: int, log: Path, *arguments: str, program: tuple[str, ...] = NODE, **environment: str
    ) -> None:
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
        variables = {name: value for name, value in variables.items() if value}
        self._log = log
        with log.open('ab') as output:
            self._process = subprocess.Popen(
                [sys.executable, *program, '--ros-args', *arguments],
                env=variables, cwd=log.parent, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def log(self) -> str:
        """Everything that was printed so far."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def handles(self, number: signal.Signals) -> bool:
        """Return whether the process has a handler for a signal; Linux only."""
        status = Path(f'/proc/{self._process.pid}/status').read_text(encoding='utf-8')
        caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith('SigCgt:'))
        return bool(caught & 1 << (number - 1))

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


class Gate:
    """Lets the model of a gated node run, batch by batch."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder

    def open(self) -> None:
        """Let everything pass from now on."""
        (self.folder / 'open').touch()

    def load(self, number: int) -> None:
        """Let the n-th network be loaded."""
        (self.folder / f'load {number}').touch()

    def go(self, number: int) -> None:
        """Let the n-th batch pass."""
        (self.folder / f'go {number}').touch()

    def fail(self, number: int) -> None:
        """Let the n-th batch fail."""
        (self.folder / f'fail {number}').touch()

    def begun(self, number: int) -> dict[str, Any] | None:
        """Return what the n-th batch asks of the network, None while it has not come."""
        note = self.folder / f'begun {number}'
        return json.loads(note.read_text()) if note.exists() else None


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

    def until_seen(self, topic: str = 'image') -> None:
        """Spin until the node receives what this robot publishes on a topic, as reliably as it is published."""
        offered = self._publishers[topic].qos_profile.reliability

        def seen() -> bool:
            asked = self.node.get_subscriptions_info_by_topic(self.node.resolve_topic_name(topic))
            matched = self._publishers[topic].get_subscription_count() == 1
            return matched and [one.qos_profile.reliability for one in asked] == [offered]

        self.until(seen)

    def until_wanted(self, *topics: str, camera: str = '') -> None:
        """Spin until the node has noticed that exactly these of its outputs are subscribed to."""
        self.diagnosis(
            f'camera {camera}'.rstrip(), lambda status: value_of(status, 'outputs wanted') == ', '.join(topics)
        )

    def diagnosis(self, subject: str, where: Callable[[Any], bool] = lambda _: True, node: str = 'bodypix') -> Any:
        """Return the next diagnostic status of the node's network or of a camera for which something holds."""
        self.subscribe('/diagnostics', DiagnosticArray)
        known = len(self.received['/diagnostics'])

        def found() -> Any:
            for array in self.received['/diagnostics'][known:]:
                for status in array.status:
                    if status.name == f'{node}: {subject}' and where(status):
                        return status
            return None

        return self.until(found)

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """Call a service of the node and return its answer.

        On a busy machine, an answer is lost if the node has not discovered this client yet; the call is then repeated.
        """
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready)
        futures: list[Any] = []

        def answered() -> Any:
            return next((future for future in futures if future.done()), None)

        while len(futures) < CALLS and answered() is None:
            futures.append(client.call_async(request))
            self.until(answered, TIMEOUT_S / CALLS, required=len(futures) == CALLS)
        answer = answered().result()
        self.node.destroy_client(client)
        return answer

    def set(self, name: str, value: Any, node: str = 'bodypix') -> str:
        """Set a parameter of the node; return why it refuses, empty where it does not."""
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        result = self.call(SetParameters, f'{node}/set_parameters', request).results[0]
        assert result.successful == (not result.reason)
        return str(result.reason)

    def get(self, name: str) -> Any:
        """Return the value of a parameter of the node."""
        values = self.call(GetParameters, 'bodypix/get_parameters', GetParameters.Request(names=[name])).values
        return parameter_value_to_python(values[0])

    def next(self, topic: str, where: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the next message of a topic, received from now on, for which something holds."""
        known = len(self.received[topic])
        return self.until(lambda: next((one for one in self.received[topic][known:] if where(one)), None))

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


def value_of(status: DiagnosticStatus, key: str) -> str:
    """Return a value of a diagnostic status."""
    return next(one.value for one in status.values if one.key == key)


def pixels(message: Image) -> NDArray[Any]:
    """Return (H, W) or (H, W, C) pixels of a message of the node."""
    kinds = {'mono8': np.uint8, '8SC1': np.int8, '8UC1': np.uint8, '16SC1': np.int16, '16UC1': np.uint16,
             '32SC1': np.int32, 'rgb8': np.uint8, 'bgr8': np.uint8}  # fmt: skip
    flat = np.frombuffer(message.data, kinds[message.encoding]).reshape(message.height, message.width, -1)
    return flat[..., 0] if flat.shape[2] == 1 else flat
