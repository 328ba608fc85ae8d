# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports as diagnostics; over the transport they are looked at in test_advice."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from bodypix_ros.ros.advice import Level, Status
from bodypix_ros.ros.diagnostics import Report, UpdaterPublisher


class StandIn:
    """Has what is used of diagnostic_updater.Updater."""

    def __init__(self) -> None:
        self.hardware_id = ''
        self.tasks: dict[str, Any] = {}

    def setHardwareID(self, hardware_id: str) -> None:
        self.hardware_id = hardware_id

    def add(self, name: str, write: Any) -> None:
        assert name not in self.tasks
        self.tasks[name] = write

    def removeByName(self, name: str) -> None:
        del self.tasks[name]


def report(subject: str, text: str, level: Level = Level.OK) -> Report:
    return Report(subject, Status(level, 'kind', text), {'rate': 14.98765, 'model': 'small', 'images': 3})


def test_an_updater_gets_the_newest_report_of_each_subject() -> None:
    updater = StandIn()
    diagnostics = UpdaterPublisher(updater)
    diagnostics.publish([report('network', 'loading', Level.WARN)], hardware_id='')
    assert updater.hardware_id == 'none'
    diagnostics.publish([report('network', 'fine'), report('camera left', 'stale', Level.ERROR)], hardware_id='cpu')
    assert updater.hardware_id == 'cpu'
    assert sorted(updater.tasks) == ['camera left', 'network']
    left = updater.tasks['camera left'](DiagnosticStatus(name='camera left'))
    assert (left.name, left.level, left.message) == ('camera left', b'\2', 'stale')
    assert updater.tasks['network'](DiagnosticStatus()).message == 'fine'


def test_an_updater_forgets_cameras_that_are_gone() -> None:
    updater = StandIn()
    diagnostics = UpdaterPublisher(updater)
    diagnostics.publish([report('network', 'fine'), report('camera', 'fine')], hardware_id='cpu')
    diagnostics.publish([report('network', 'fine')], hardware_id='cpu')
    assert list(updater.tasks) == ['network']


def test_values_are_texts_of_a_few_digits() -> None:
    status = report('network', 'fine').write(DiagnosticStatus())
    assert {one.key: one.value for one in status.values} == {'rate': '15', 'model': 'small', 'images': '3'}
