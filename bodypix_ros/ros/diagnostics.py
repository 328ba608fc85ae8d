"""Findings as messages on /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from .health import Finding
from .qos import output_profile


@dataclass(frozen=True)
class Report:
    """A finding about one subject of the node, with the figures that belong to it."""

    subject: str
    finding: Finding
    values: Mapping[str, Any]


class Diagnostics:
    """Publishes what is found about the node and its cameras."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', output_profile())

    def publish(self, reports: list[Report], hardware_id: str) -> None:
        """Publish one status for each report.

        Args:
            reports: about the network and each camera.
            hardware_id: what runs the network.
        """
        name = self._node.get_fully_qualified_name().lstrip('/')
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [
            DiagnosticStatus(
                level=bytes([report.finding.level]),
                name=f'{name}: {report.subject}',
                message=report.finding.text,
                hardware_id=hardware_id,
                values=[KeyValue(key=key, value=_text(value)) for key, value in report.values.items()],
            )
            for report in reports
        ]
        self._publisher.publish(message)


def _text(value: Any) -> str:
    return f'{value:.3g}' if isinstance(value, float) else str(value)
