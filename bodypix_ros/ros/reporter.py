"""Once a second: statistics, diagnostics, and lines in the log about what has changed."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rclpy.node import Node

from ..msg import CameraStats, Stats
from .camera import Camera
from .diagnostics import Report, diagnostics_of
from .health import Announcer, CameraFacts, Finding, Level, judge_camera
from .keeper import NetworkKeeper
from .pipeline import Pipeline
from .qos import output_profile


class Reporter:
    """Tells how the node and its cameras do. Belongs to the executor's thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._stats = node.create_publisher(Stats, '~/stats', output_profile())
        self._diagnostics = diagnostics_of(node)
        self._announcer = Announcer()
        self._reported_s = time.monotonic()

    def report(self, state: str, cameras: Sequence[Camera], keeper: NetworkKeeper, pipeline: Pipeline | None) -> None:
        """Publish statistics and diagnostics of the time since the last report, and log what has changed.

        Args:
            state: of the node's life, in a word.
            cameras: of the node.
            keeper: knows the network.
            pipeline: what runs the network; None while there is none.
        """
        now_s = time.monotonic()
        stats = Stats(period_s=now_s - self._reported_s, state=keeper.doing or state, batch_size=float('nan'))
        self._reported_s = now_s
        stats.header.stamp = self._node.get_clock().now().to_msg()
        if keeper.net is not None:
            stats.model, stats.provider = keeper.net.network.name, keeper.net.provider
            stats.device = keeper.net.provider_reason
        trouble = ''
        if pipeline is not None:
            stats.batch_size, trouble = pipeline.take_batch_size(), pipeline.take_trouble()
        reports = [_network_report(stats, keeper.finding(trouble))]
        for camera in cameras:
            own = camera.tally.report(stats.period_s)
            finding = judge_camera(self._facts(camera, own, now_s))
            own.state = finding.kind
            stats.cameras.append(own)
            reports.append(_camera_report(camera, own, finding))
        self._stats.publish(stats)
        self._diagnostics.publish(reports, hardware_id=stats.provider)
        for report in reports:
            self._announce(report.subject, report.finding, now_s)

    def _facts(self, camera: Camera, stats: CameraStats, now_s: float) -> CameraFacts:
        source = camera.source
        defect = camera.tally.take_defect()
        return CameraFacts(
            topic=source.topic,
            kind=f'sensor_msgs/msg/{source.kind.__name__}',
            active=camera.active,
            wanted=source.is_open,
            offers=source.offers() if source.is_open else (),
            reliable=source.reliable,
            received=source.received,
            silent_s=now_s - source.last_s,
            stale_after_s=camera.settings.stale_after_s,
            defect=defect,
            all_bad=bool(defect) and not stats.rate_out_hz,
            elsewhere=self._topics_of_images(),
        )

    def _topics_of_images(self) -> list[str]:
        """Return a few topics that carry images of others."""
        own = {publisher.topic_name for publisher in self._node.publishers}
        found = [
            topic
            for topic, kinds in self._node.get_topic_names_and_types()
            if 'sensor_msgs/msg/Image' in kinds and topic not in own and self._node.count_publishers(topic)
        ]
        return sorted(found)[:3]

    def _announce(self, subject: str, finding: Finding, now_s: float) -> None:
        if not self._announcer.is_news(subject, finding, now_s):
            return
        logger = self._node.get_logger()
        if finding.level == Level.ERROR:
            logger.error(finding.text)
        elif finding.level == Level.WARN:
            logger.warning(finding.text)
        else:
            logger.info(finding.text)


def _network_report(stats: Stats, finding: Finding) -> Report:
    return Report(
        'network',
        finding,
        {
            'state': stats.state,
            'model': stats.model,
            'provider': stats.provider,
            'device': stats.device,
            'batch size': stats.batch_size,
        },
    )


def _camera_report(camera: Camera, stats: CameraStats, finding: Finding) -> Report:
    return Report(
        f'camera {camera.name}'.rstrip(),
        finding,
        {
            'topic': camera.source.topic,
            'subscription': ('reliable' if camera.source.reliable else 'best effort') if camera.source.is_open else '',
            'outputs wanted': ', '.join(one.output.topic for one in camera.wanted()),
            'rate in (Hz)': stats.rate_in_hz,
            'rate out (Hz)': stats.rate_out_hz,
            'images in': stats.frames_in,
            'images out': stats.frames_out,
            'images dropped': stats.frames_dropped,
            'images bad': stats.frames_bad,
            'inference p50 (ms)': stats.inference.p50_ms,
            'inference p95 (ms)': stats.inference.p95_ms,
            'age p50 (ms)': stats.age.p50_ms,
            'age p95 (ms)': stats.age.p95_ms,
        },
    )
