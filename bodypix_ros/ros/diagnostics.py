"""Findings as messages on /diagnostics, by way of diagnostic_updater where that is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from .health import Finding
from .qos import output_profile

try:
    from diagnostic_updater import Updater
except ImportError:
    Updater = None


@dataclass(frozen=True)
class Report:
    """A finding about one subject of the node, with the figures that belong to it."""

    subject: str
    finding: Finding
    values: Mapping[str, Any]

    def write(self, status: DiagnosticStatus) -> DiagnosticStatus:
        """Write level, message and values into a status, and return that."""
        status.level = bytes([self.finding.level])
        status.message = self.finding.text
        status.values = [KeyValue(key=key, value=_text(value)) for key, value in self.values.items()]
        return status


class Diagnostics(Protocol):
    """Publishes what is found about the node and its cameras."""

    def publish(self, reports: Sequence[Report], hardware_id: str) -> None:
        """Publish a status for each report; `hardware_id` tells what runs the network."""


def diagnostics_of(node: Node) -> Diagnostics:
    """Return what publishes the diagnostics of a node."""
    return PlainDiagnostics(node) if Updater is None else UpdaterDiagnostics(Updater(node))


class PlainDiagnostics:
    """Publishes the message itself, as often as it is given something to publish."""

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


class UpdaterDiagnostics:
    """Leaves it to a diagnostic_updater when, under which name and where the newest reports are published."""

    def __init__(self, updater: Any) -> None:
        """Fill an Updater that has no tasks yet."""
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

    def _write(self, subject: str, status: DiagnosticStatus) -> DiagnosticStatus:
        return self._reports[subject].write(status)


def _text(value: Any) -> str:
    return f'{value:.3g}' if isinstance(value, float) else str(value)
