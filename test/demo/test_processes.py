# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Child processes of the demo, and the signals that end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bodypix_ros.demo.processes import StopSignals, as_parameters, running
from bodypix_ros.errors import SettingError
from bodypix_ros.settings import NetworkSettings

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Restore the handlers of this process."""
    before = [signal.getsignal(number) for number in NUMBERS]
    yield
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize('number', NUMBERS)
def test_in_its_block_the_first_signal_raises_and_later_ones_do_not(number: signal.Signals) -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), StopSignals():
        try:
            signal.raise_signal(number)
            reached.append('after the first signal')
        finally:
            signal.raise_signal(number)
            reached.append('after the second signal')
    assert reached == ['after the second signal']


def test_a_process_that_handled_the_signal_inside_exec_ends_with_its_own_status(tmp_path: Path) -> None:
    """A plain KeyboardInterrupt would make it end with SIGINT."""
    (tmp_path / 'interrupted.py').write_text(
        'import signal, sys\n'
        'from bodypix_ros.demo.processes import StopSignals\n'
        'signals = StopSignals()\n'
        'try:\n'
        '    with signals:\n'
        "        exec('signal.raise_signal(signal.SIGINT)')\n"
        'except KeyboardInterrupt:\n'
        '    sys.exit(3 if signals.received else 4)\n'
    )
    environment = {**os.environ, 'PYTHONPATH': ':'.join([str(tmp_path), *filter(None, sys.path)])}
    done = subprocess.run([sys.executable, '-m', 'interrupted'], env=environment, timeout=60, check=False)
    assert done.returncode == 3


def test_a_parameter_that_is_not_utf8_is_refused() -> None:
    """ROS would refuse it with a UnicodeEncodeError."""
    refusal = r"source must be UTF-8, as required by ROS, got '/tmp/\\udce9.png'; rename the file"
    with pytest.raises(SettingError, match=refusal), running('waiting', '/demo', {'source': '/tmp/\udce9.png'}):
        pass


def test_a_signal_before_the_block_raises_at_its_start() -> None:
    signals = StopSignals()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), signals:
        pytest.fail('the block must not run')


def test_a_delayed_signal_raises_at_the_end_of_the_delay() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), StopSignals() as signals:
        with signals.delayed():
            signal.raise_signal(signal.SIGINT)
            reached.append('end of the delay')
        reached.append('after the delay')
    assert reached == ['end of the delay']


def test_nohup_is_respected() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reached = []
    with pytest.raises(KeyboardInterrupt), StopSignals():
        signal.raise_signal(signal.SIGHUP)
        reached.append('after SIGHUP')
        signal.raise_signal(signal.SIGINT)
    assert reached == ['after SIGHUP']


def test_at_the_end_of_a_process_signals_are_ignored() -> None:
    StopSignals().ignore_more()
    assert {signal.getsignal(number) for number in NUMBERS} == {signal.SIG_IGN}


def test_only_changed_settings_become_parameters() -> None:
    assert as_parameters(NetworkSettings()) == {}
    settings = NetworkSettings(model='bodypix', multiplier=0.5, require_gpu=True)
    assert as_parameters(settings) == {'model': 'bodypix', 'multiplier': 0.5, 'require_gpu': True}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that writes its arguments to a file and waits."""
    (tmp_path / 'waiting.py').write_text(
        'import json, pathlib, sys, time\n'
        'file = pathlib.Path(__file__)\n'
        "file.with_suffix('.part').write_text(json.dumps([__name__, *sys.argv[1:]]))\n"
        "file.with_suffix('.part').rename(file.with_suffix('.json'))\n"
        'time.sleep(60)\n'
    )
    monkeypatch.setenv('PYTHONPATH', ':'.join([str(tmp_path), *filter(None, sys.path)]))
    return 'waiting'


def test_a_module_runs_with_typed_parameters_until_the_end_of_the_block(module: str, tmp_path: Path) -> None:
    parameters = {'threshold': 0.5, 'model_dir': '123', 'lazy': False, 'cameras': ('front', 'rear')}
    with running(module, '/demo', parameters) as process:
        end_s = time.monotonic() + 60
        while not (tmp_path / 'waiting.json').exists() and time.monotonic() < end_s:
            time.sleep(0.02)
        assert process.poll() is None
    assert process.returncode == -signal.SIGTERM
    assert json.loads((tmp_path / 'waiting.json').read_text()) == [
        '__main__', '--ros-args', '-r', '__ns:=/demo', '-p', 'threshold:=0.5', '-p', 'model_dir:="123"',
        '-p', 'lazy:=false', '-p', 'cameras:=["front", "rear"]',
    ]  # fmt: skip
