# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishes statistics and diagnostics once per second, and logs changes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from ..errors import describe_error
from ..msg import CameraStats, Stats
from .advice import CameraFacts, Level, ModelFacts, Status, StatusLog, camera_status, model_status
from .camera import Camera
from .inference_worker import InferenceWorker
from .model_loader import ModelLoader
from .qos import output_profile
from .transport import TransportWatch

try:
    from diagnostic_updater import Updater
except ImportError:
    Updater = None

_TYPES_OF_IMAGES = tuple(f'sensor_msgs/msg/{kind.__name__}' for kind in (Image, CompressedImage))


@dataclass(frozen=True)
class Report:
    """The status of one subject of the node, with its values."""

    subject: str
    status: Status
    values: Mapping[str, Any]

    def write(self, message: DiagnosticStatus) -> DiagnosticStatus:
        """Write level, text and values into a message, and return the message."""
        message.level = bytes([self.status.level])
        message.message = self.status.text
        message.values = [KeyValue(key=key, value=_text(value)) for key, value in self.values.items()]
        return message


class ReportPublisher(Protocol):
    """Publishes the reports of the node."""

    def publish(self, reports: Sequence[Report], hardware_id: str) -> None:
        """Publish a status for each report; `hardware_id` is the device that runs the model."""


class DirectPublisher:
    """Publishes every report on /diagnostics immediately."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', output_profile())

    def publish(self, reports: Sequence[Report], hardware_id: str) -> None:
        """Publish a status for each report."""
        name = self._node.get_fully_qualified_name().lstrip('/')
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [
            report.write(DiagnosticStatus(name=f'{name}: {report.subject}', hardware_id=hardware_id))
            for report in reports
        ]
        self._publisher.publish(message)


class UpdaterPublisher:
    """Publishes the newest reports with a diagnostic_updater, which determines the period and the names."""

    def __init__(self, updater: Any) -> None:
        """Use an Updater that has no tasks yet."""
        self._updater = updater
        self._reports: dict[str, Report] = {}

    def publish(self, reports: Sequence[Report], hardware_id: str) -> None:
        """Keep the reports until they are published."""
        known, self._reports = self._reports, {report.subject: report for report in reports}
        self._updater.setHardwareID(hardware_id or 'none')
        for subject in known.keys() - self._reports.keys():
            self._updater.removeByName(subject)
        for subject in self._reports.keys() - known.keys():
            self._updater.add(subject, partial(self._write, subject))

    def _write(self, subject: str, message: DiagnosticStatus) -> DiagnosticStatus:
        return self._reports[subject].write(message)


def open_reports(node: Node) -> ReportPublisher:
    """Return the publisher of a node's reports: a diagnostic_updater if it is installed."""
    return DirectPublisher(node) if Updater is None else UpdaterPublisher(Updater(node))


def log_status(logger: Any, status: Status) -> None:
    """Log a status at its own level."""
    if status.level == Level.ERROR:
        logger.error(status.text)
    elif status.level == Level.WARN:
        logger.warning(status.text)
    else:
        logger.info(status.text)


class Diagnostics:
    """Reports the status of the node and of its cameras. Must be used in the executor thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._stats = node.create_publisher(Stats, '~/stats', output_profile())
        self._reports = open_reports(node)
        self._log = StatusLog()
        self._transport = TransportWatch()
        self._reported_s = time.monotonic()

    def report(
        self, state: str, cameras: Sequence[Camera], loader: ModelLoader, workers: Sequence[InferenceWorker]
    ) -> None:
        """Publish statistics and diagnostics since the last report, and log changes.

        Args:
            state: lifecycle state of the node.
            cameras: cameras of the node.
            loader: model loader of the node.
            workers: at most one active worker, and those that have been stopped but have not ended yet.
        """
        now_s = time.monotonic()
        stats = Stats(period_s=now_s - self._reported_s, state=loader.task or state, batch_size=float('nan'))
        self._reported_s = now_s
        stats.header.stamp = self._node.get_clock().now().to_msg()
        facts = _model_facts(loader, workers)
        if loader.model is not None:
            segmenter = loader.model.segmenter
            stats.model, stats.provider, stats.device = facts.name, facts.provider, facts.provider_reason
            stats.model_reason = facts.fallback_reason or segmenter.model_reason
        if workers:
            stats.batch_size = workers[-1].take_batch_size()
        reports = [_model_report(stats, model_status(facts))]
        running_s, elsewhere = _running_s(workers, now_s), list(self._other_images(cameras))[:3]
        for camera in cameras:
            own = camera.stats.report(stats.period_s)
            status = camera_status(_camera_facts(camera, own, now_s, running_s, elsewhere))
            own.state = status.kind
            stats.cameras.append(own)
            reports.append(_camera_report(camera, own, status))
        self._stats.publish(stats)
        self._reports.publish(reports, hardware_id=stats.provider)
        for report in reports:
            self._log_news(report, now_s)
        advice = self._transport.advice(max((camera.largest_image_bytes for camera in cameras), default=0))
        if advice:
            self._node.get_logger().warning(advice)

    def _other_images(self, cameras: Sequence[Camera]) -> Iterator[tuple[str, str]]:
        """Yield the image topics of other nodes that no camera of this node receives, with their types."""
        own = {publisher.topic_name for publisher in self._node.publishers} | {one.images.topic for one in cameras}
        for topic, types in sorted(self._node.get_topic_names_and_types()):
            if topic not in own and self._node.count_publishers(topic):
                yield from ((topic, kind) for kind in types if kind in _TYPES_OF_IMAGES)

    def _log_news(self, report: Report, now_s: float) -> None:
        if self._log.is_news(report.subject, report.status, now_s):
            log_status(self._node.get_logger(), report.status)


def _camera_facts(
    camera: Camera, stats: CameraStats, now_s: float, running_s: float, elsewhere: Sequence[tuple[str, str]]
) -> CameraFacts:
    images, settings = camera.images, camera.parameters.node
    defect = camera.stats.take_defect()
    period_s = 2 / settings.max_rate_hz if settings.max_rate_hz else 0.0
    return CameraFacts(
        topic=images.topic,
        unmapped_topic=camera.unmapped_topic,
        kind=images.type_name,
        active=camera.active,
        wanted=images.is_open,
        offers=images.offers() if images.is_open else (),
        request=images.request,
        received=images.received,
        silent_s=now_s - images.last_s,
        stale_after_s=settings.stale_after_s,
        unanswered_s=max(0.0, min(camera.unanswered_s(now_s), running_s) - period_s),
        defect=defect,
        all_bad=bool(defect) and not stats.rate_out_hz,
        elsewhere=elsewhere,
    )


def _running_s(workers: Sequence[InferenceWorker], now_s: float) -> float:
    """Return for how long the current worker has been running, seconds; 0 if there is none."""
    return max((now_s - worker.started_s for worker in workers if not worker.stopping), default=0.0)


def _model_facts(loader: ModelLoader, workers: Sequence[InferenceWorker]) -> ModelFacts:
    error = '' if loader.error is None else describe_error(loader.error)
    if loader.model is None:
        return ModelFacts(loading=loader.task, error=error)
    segmenter = loader.model.segmenter
    failures = [failure for worker in workers if (failure := worker.take_failure())]
    return ModelFacts(
        name=segmenter.network.name,
        provider=segmenter.provider,
        provider_reason=segmenter.provider_reason,
        requested_provider=segmenter.settings.provider,
        fallback_reason=loader.model.fallback_reason,
        loading=loader.task,
        error=error,
        failure=failures[0] if failures else '',
        people_error=workers[-1].people_error if workers else '',
        hands_error=workers[-1].hands_error if workers else '',
        topics_without_parts=workers[-1].topics_without_parts if workers else (),
        busy_s=max((worker.busy_s for worker in workers), default=0.0),
        abandoned=sum(worker.stopping for worker in workers),
    )


def _model_report(stats: Stats, status: Status) -> Report:
    return Report(
        'network',
        status,
        {
            'state': stats.state,
            'model': stats.model,
            'reason of the model': stats.model_reason,
            'provider': stats.provider,
            'device': stats.device,
            'batch size': stats.batch_size,
        },
    )


def _camera_report(camera: Camera, stats: CameraStats, status: Status) -> Report:
    return Report(
        f'camera {camera.name}'.rstrip(),
        status,
        {
            'topic': camera.images.topic,
            'subscription': str(camera.images.request) if camera.images.is_open else '',
            'following': camera.history.following,
            'outputs wanted': ', '.join(one.output.topic for one in camera.wanted.publishers),
            'rate in (Hz)': stats.rate_in_hz,
            'rate out (Hz)': stats.rate_out_hz,
            'images in': stats.frames_in,
            'images out': stats.frames_out,
            'images dropped': stats.frames_dropped,
            'images bad': stats.frames_bad,
            'images not anonymized': camera.stats.not_anonymized,
            'images doubtful': camera.stats.doubtful,
            'inference p50 (ms)': stats.inference.p50_ms,
            'inference p95 (ms)': stats.inference.p95_ms,
            'age p50 (ms)': stats.age.p50_ms,
            'age p95 (ms)': stats.age.p95_ms,
        },
    )


def _text(value: Any) -> str:
    return f'{value:.3g}' if isinstance(value, float) else str(value)
