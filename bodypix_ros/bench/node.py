"""The node itself: a camera, the node and a listener in three processes, over DDS."""

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

from ..demo.processes import CAMERA, NODE, as_parameters, prepare_environment, running
from ..errors import BodyPixError
from ..setting import Value
from .case import Case
from .neighbours import cpu_s_of
from .picture import fit
from .report import NodeReport

if TYPE_CHECKING:
    from ..demo.result_collector import ResultCollector

_NAMESPACE = '/bodypix_bench'
_TOPICS = ('mask', 'parts')
_START_S = 60.0
_SETTLE_S = 2.0


def measure_node(case: Case, picture: NDArray[np.uint8], rate_hz: float, seconds: float) -> NodeReport:
    """Let a camera send pictures to the node, which publishes mask and parts, and see what becomes of them.

    Args:
        case: size of the pictures, and the network; its batch is of no meaning here.
        picture: (H, W, 3) uint8 BGR; seen in the case's size.
        rate_hz: of the camera.
        seconds: how long, whole ones.

    Raises:
        BodyPixError: ROS is not installed, or no mask came.
    """
    prepare_environment('bodypix bench --node')
    from ..demo.result_collector import collecting

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cv2.imwrite(str(folder / 'picture.png'), fit(picture, case.width, case.height))
        source: dict[str, Value] = {'source': str(folder / 'picture.png'), 'rate_hz': float(rate_hz)}
        stack.enter_context(running(CAMERA, _NAMESPACE, source))
        collector = stack.enter_context(collecting(_NAMESPACE, _TOPICS))
        collector.wait(lambda: collector.count_publishers('image') > 0, _START_S)
        collector.measure(_SETTLE_S)  # processes that have just found each other may miss a third one for three seconds
        started_s = time.monotonic()
        node = stack.enter_context(running(NODE, _NAMESPACE, as_parameters(_of_node(case))))
        collector.wait(lambda: collector.complete or node.poll() is not None, _START_S)
        if not collector.complete:
            raise BodyPixError('no mask came; the lines above say what the node or the camera lacks')
        first_mask_ms = (collector.arrivals_s[0] - started_s) * 1e3
        collector.measure(_SETTLE_S)
        return _watch(case, collector, node.pid, rate_hz, max(1, round(seconds)), first_mask_ms)


def _watch(
    case: Case, collector: ResultCollector, pid: int, rate_hz: float, seconds: int, first_mask_ms: float
) -> NodeReport:
    before, cpu_before_s = collector.stats, cpu_s_of(pid)
    periods, latencies_ms = [], []
    for _ in range(seconds):
        collector.measure(1.0)
        periods.append(collector.stats)
        latencies_ms += collector.latencies_ms
    after, cpu_after_s = collector.stats, cpu_s_of(pid)
    assert after is not None, 'the collector was complete before'
    frames = _counted(before, after, 'frames_out')
    cpu_ms = None if cpu_before_s is None or cpu_after_s is None else (cpu_after_s - cpu_before_s) * 1e3
    return NodeReport(
        case=case,
        network=after.model,
        provider=after.provider,
        rate_hz=rate_hz,
        first_mask_ms=first_mask_ms,
        frames=frames,
        dropped=_counted(before, after, 'frames_dropped'),
        stages={stage: _median(periods, stage) for stage in NodeReport.STAGES},
        arrival_ms=float(np.median(latencies_ms)) if latencies_ms else float('nan'),
        cpu_ms=None if cpu_ms is None else cpu_ms / max(len(latencies_ms), 1),
    )


def _of_node(case: Case) -> Any:
    """Return the network's settings as the node takes them: it may fetch nothing, since all is here already."""
    return dataclasses.replace(case.network, allow_download=False)


def _counted(before: Any, after: Any, name: str) -> int:
    return int(getattr(after.cameras[0], name) - getattr(before.cameras[0], name))


def _median(periods: list[Any], stage: str) -> float:
    """Return the median of the seconds' medians, milliseconds."""
    return float(np.nanmedian([getattr(stats.cameras[0], stage).p50_ms for stats in periods]))
