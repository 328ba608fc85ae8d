# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Receives the results of the node and measures their rate and latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from ..msg import Stats
from ..render import colorize_labels
from ..settings import BLAZEPOSE_MODELS, SELFIE_MODELS

TOPICS = ('mask', 'parts', 'parts_color', 'overlay', 'instances')


def topics_of(model: str) -> tuple[str, ...]:
    """Return the topics with images that a concrete model publishes with default settings."""
    if model in SELFIE_MODELS:
        return 'mask', 'overlay'
    return ('mask', 'overlay', 'instances') if model in BLAZEPOSE_MODELS else TOPICS


@contextmanager
def collecting(namespace: str, topics: Sequence[str] = TOPICS) -> Iterator[ResultCollector]:
    """Run a collector in this process; the caller handles signals."""
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        yield ResultCollector(namespace, topics)
    finally:
        rclpy.try_shutdown()


class ResultCollector(Node):
    """Keeps the newest image of each topic and times those of `mask`.

    Attributes:
        images: newest message by topic.
        stats: newest statistics of the node; None before the first message.
        arrivals_s: arrival of each mask, monotonic clock, seconds.
        latencies_ms: from the stamp of an image to the arrival of its mask.
    """

    def __init__(self, namespace: str, topics: Sequence[str] = TOPICS) -> None:
        super().__init__('collector', namespace=namespace)
        self._topics = topics
        self.images: dict[str, Image] = {}
        self.stats: Stats | None = None
        self.arrivals_s: list[float] = []
        self.latencies_ms: list[float] = []
        for topic in topics:
            self.create_subscription(Image, topic, lambda msg, topic=topic: self._keep(topic, msg), QoSProfile(depth=5))
        self.create_subscription(Stats, 'bodypix/stats', self._keep_stats, QoSProfile(depth=1))

    @property
    def complete(self) -> bool:
        """Whether at least one image of every topic and statistics with the name of the model have arrived."""
        return self.stats is not None and bool(self.stats.model) and len(self.images) == len(self._topics)

    @property
    def rate_hz(self) -> float:
        """Masks per second; 0 before the second mask."""
        if len(self.arrivals_s) < 2:
            return 0.0
        return (len(self.arrivals_s) - 1) / (self.arrivals_s[-1] - self.arrivals_s[0])

    def wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Receive messages until a condition is true or the timeout expires; return whether it is true."""
        end_s = time.monotonic() + timeout_s
        while not until() and time.monotonic() < end_s:
            rclpy.spin_once(self, timeout_sec=0.1)
        return until()

    def measure(self, seconds: float) -> None:
        """Discard the times measured so far and receive messages for the given time."""
        self.arrivals_s, self.latencies_ms = [], []
        self.wait(lambda: False, seconds)

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Return the newest images by topic, (H, W) grey or (H, W, 3) BGR uint8.

        The background of `parts` is 255. In `instances` each person has a different colour.
        """
        arrays = {topic: np.frombuffer(msg.data, np.uint8) for topic, msg in self.images.items()}
        pictures = {topic: arrays[topic].reshape(msg.height, msg.width, -1) for topic, msg in self.images.items()}
        if 'parts_color' in pictures:
            pictures['parts_color'] = pictures['parts_color'][..., ::-1]
        if 'instances' in pictures:
            pictures['instances'] = colorize_labels(pictures['instances'][..., 0], order='bgr')
        return pictures

    def _keep(self, topic: str, msg: Image) -> None:
        self.images[topic] = msg
        if topic == 'mask':
            stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
            self.latencies_ms.append((self.get_clock().now().nanoseconds - stamp_ns) / 1e6)
            self.arrivals_s.append(time.monotonic())

    def _keep_stats(self, msg: Any) -> None:
        self.stats = msg
