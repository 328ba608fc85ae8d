# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The executor around the node, and what it logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rclpy
from rclpy.logging import LoggingSeverity
from rclpy.node import Node

from bodypix_ros.errors import ModelError, log_error
from bodypix_ros.ros.main import _spin, forward_logging


class Signals:
    """Fake signals; the test requests the end itself."""

    requested = False

    def on_request(self, react: Callable[[], None]) -> None:
        """Do nothing."""


class FailingNode(Node):
    """A node with a timer that fails twice and then ends the process."""

    fatal = None

    def __init__(self, signals: Signals) -> None:
        super().__init__('failing')
        self.calls = 0
        self._signals = signals
        self.create_timer(0.01, self._fail)

    def start(self) -> None:
        """Do nothing."""

    def _fail(self) -> None:
        self.calls += 1
        self._signals.requested = self.calls == 3
        if self.calls < 3:
            raise ValueError('no luck')


@pytest.fixture
def ros(domain: int) -> Iterator[None]:
    rclpy.init(args=[], domain_id=domain)
    yield
    rclpy.shutdown()


@pytest.mark.usefixtures('ros')
def test_a_callback_that_raises_is_logged_and_the_executor_continues(caplog: pytest.LogCaptureFixture) -> None:
    signals = Signals()
    node = FailingNode(signals)
    _spin(node, signals)  # type: ignore[arg-type]
    node.destroy_node()
    assert node.calls == 3
    assert caplog.messages == ['a callback failed: ValueError: no luck'] * 2


class Logger:
    """A fake ROS logger."""

    def __init__(self, level: LoggingSeverity) -> None:
        self.level = level
        self.lines: list[tuple[str, str]] = []

    def is_enabled_for(self, level: LoggingSeverity) -> bool:
        return level >= self.level

    def __getattr__(self, name: str) -> Any:
        return lambda text: self.lines.append((name, text))


@pytest.mark.parametrize('level', [LoggingSeverity.INFO, LoggingSeverity.DEBUG])
def test_errors_are_sentences_and_tracebacks_are_for_debugging(level: LoggingSeverity) -> None:
    logger, source = Logger(level), logging.getLogger('bodypix_ros.test')
    with forward_logging(source, logger):
        try:
            raise ModelError('no weights')
        except ModelError as error:
            log_error(source, 'failed to load', error)
        source.warning('careful: %d', 3)
    source.warning('not forwarded')
    assert logger.lines[0] == ('error', 'failed to load: no weights')
    assert logger.lines[-1] == ('warning', 'careful: 3')
    tracebacks = [text for kind, text in logger.lines if kind == 'debug']
    assert len(tracebacks) == (level == LoggingSeverity.DEBUG)
    assert all('Traceback' in text and "raise ModelError('no weights')" in text for text in tracebacks)
