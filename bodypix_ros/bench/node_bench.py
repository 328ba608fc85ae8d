# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures the node on one case: a camera, the node and a subscriber in three processes, over DDS."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..demo.processes import as_parameters, prepare_environment, running
from ..errors import BodyPixError
from ..inference.kernel_compiler import prepare_kernels
from ..setting import Value
from .cases import Case, fit
from .machine import process_cpu_s
from .report import NodeReport

if TYPE_CHECKING:
    from ..demo.result_collector import ResultCollector

_NAMESPACE = '/bodypix_bench'
_TOPICS = ('mask', 'parts')
_START_S = 60.0
_SETTLE_S = 2.0


def measure_node(case: Case, picture: NDArray[np.uint8], rate_hz: float, seconds: float) -> NodeReport:
    """Publish images to the node, subscribe to mask and parts, and measure.

    Args:
        case: size of the images, and the network; the batch size is ignored.
        picture: (H, W, 3) uint8 BGR; fitted into the size of the case.
        rate_hz: frame rate of the camera.
        seconds: duration, rounded to whole seconds.

    Raises:
        BodyPixError: ROS is not installed, or no mask was received.
    """
    prepare_environment('bodypix bench --node')
    prepare_kernels(case.network.kernels)
    from ..demo.result_collector import collecting, topics_of

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cv2.imwrite(str(folder / 'picture.png'), fit(picture, case.width, case.height))
        source: dict[str, Value] = {'source': str(folder / 'picture.png'), 'rate_hz': float(rate_hz)}
        stack.enter_context(running('bodypix_ros.demo.virtual_camera', _NAMESPACE, source))
        topics = [topic for topic in _TOPICS if topic in topics_of(case.network.model)]
        collector = stack.enter_context(collecting(_NAMESPACE, topics))
        collector.wait(lambda: collector.count_publishers('image') > 0, _START_S)
        collector.measure(_SETTLE_S)  # two processes that are still discovering each other may miss a third one
        started_s = time.monotonic()
        parameters = as_parameters(dataclasses.replace(case.network, allow_download=False))
        node = stack.enter_context(running('bodypix_ros.ros.main', _NAMESPACE, parameters))
        collector.wait(lambda: collector.complete or node.poll() is not None, _START_S)
        if not collector.complete:
            raise BodyPixError('no mask was received; see the log of the node and of the camera above')
        first_mask_ms = (collector.arrivals_s[0] - started_s) * 1e3
        collector.measure(_SETTLE_S)
        return _measure(case, collector, node.pid, rate_hz, max(1, round(seconds)), first_mask_ms)


def _measure(
    case: Case, collector: ResultCollector, pid: int, rate_hz: float, seconds: int, first_mask_ms: float
) -> NodeReport:
    before, cpu_before_s = collector.stats, process_cpu_s(pid)
    samples, latencies_ms = [], []
    for _ in range(seconds):
        collector.measure(1.0)
        samples.append(collector.stats)
        latencies_ms += collector.latencies_ms
    after, cpu_after_s = collector.stats, process_cpu_s(pid)
    assert after is not None, 'the collector was complete before'
    cpu_ms = None if cpu_before_s is None or cpu_after_s is None else (cpu_after_s - cpu_before_s) * 1e3
    return NodeReport(
        case=case,
        network=after.model,
        provider=after.provider,
        rate_hz=rate_hz,
        first_mask_ms=first_mask_ms,
        frames=_difference(before, after, 'frames_out'),
        dropped=_difference(before, after, 'frames_dropped'),
        stages_ms={stage: _median_ms(samples, stage) for stage in NodeReport.STAGES},
        latency_ms=float(np.median(latencies_ms)) if latencies_ms else float('nan'),
        cpu_ms=None if cpu_ms is None else cpu_ms / max(len(latencies_ms), 1),
    )


def _difference(before: Any, after: Any, counter: str) -> int:
    return int(getattr(after.cameras[0], counter) - getattr(before.cameras[0], counter))


def _median_ms(samples: list[Any], stage: str) -> float:
    """Return the median of the medians that the node publishes every second, milliseconds."""
    return float(np.nanmedian([getattr(stats.cameras[0], stage).p50_ms for stats in samples]))
