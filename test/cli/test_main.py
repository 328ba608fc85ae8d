# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The `bodypix` command."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bodypix_ros import __version__
from bodypix_ros.cli import models
from bodypix_ros.cli.main import VERBS, _AboveProgressBar, main
from bodypix_ros.cli.progress import ProgressBar

ROOT = Path(__file__).resolve().parents[2]


def _run(*words: str, stdout: int = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'bodypix_ros.cli.main', *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )


def test_help_lists_every_verb() -> None:
    done = _run('--help')
    assert done.returncode == 0
    for verb, purpose in VERBS.items():
        assert f'{verb} {purpose}' in ' '.join(done.stdout.split())


def test_help_imports_nothing_heavy() -> None:
    script = (
        'import sys\n'
        'from bodypix_ros.cli.main import main\n'
        'try:\n'
        "    main(['--help'])\n"
        'except SystemExit:\n'
        "    print(sorted({'numpy', 'cv2', 'onnx', 'onnxruntime', 'rclpy'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == '[]\n'


@pytest.mark.parametrize('verb', VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([verb, '--help'])
    assert raised.value.code == 0
    assert VERBS[verb][1:] in ' '.join(capsys.readouterr().out.split())


def test_an_error_is_not_hidden_below_a_list_of_options(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (['bag', 'x', '--write', 'mask'], ['video', 'x'], ['models', 'build', '--cameras', '0']):
        with pytest.raises(SystemExit) as raised:
            main(words)
        usage, error = capsys.readouterr().err.splitlines()
        assert (raised.value.code, usage.startswith('usage: bodypix '), ': error: ' in error) == (2, True, True)


def test_log_messages_are_above_the_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    handler = _AboveProgressBar()
    with ProgressBar('image') as progress:
        progress('searching', 1, 2)
        handler.emit(logging.LogRecord('x', logging.INFO, '', 0, 'a message', (), None))
        before, _, after = capsys.readouterr().err.partition('a message\n')
    assert before.endswith('\r')
    assert 'searching:  50%' in after


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(['--version'])
    assert raised.value.code == 0
    assert capsys.readouterr().out == f'bodypix_ros {__version__}\n'


def test_an_unknown_verb_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(['paint'])
    assert raised.value.code == 2
    assert "invalid choice: 'paint' (choose from " in capsys.readouterr().err


def test_an_error_of_ours_is_one_line_and_status_1(tmp_path: Path) -> None:
    done = _run('models', 'import', str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith(f'bodypix: {tmp_path} must contain checkpoints in the layout of the server, such as ')


def test_an_interrupted_command_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, 'run', interrupt)
    assert main(['models', 'where']) == 130
    assert capsys.readouterr().err == ''


def test_a_reader_that_closes_the_pipe_ends_it_quietly() -> None:
    unread, output = os.pipe()
    os.close(unread)
    for unbuffered in ('', '1'):
        done = _run('models', 'list', stdout=output, PYTHONUNBUFFERED=unbuffered)
        assert (done.stderr, done.returncode) == ('', 1)
    os.close(output)


def test_a_full_disk_behind_stdout_is_one_sentence() -> None:
    with open('/dev/full', 'w') as full:
        done = _run('models', 'list', stdout=full.fileno(), PYTHONUNBUFFERED='')
    assert (done.stderr, done.returncode) == ('bodypix: failed to write to stdout (No space left on device)\n', 1)


def test_a_closed_stdout_is_one_sentence() -> None:
    command = [sys.executable, '-m', 'bodypix_ros.cli.main', 'models', 'list']
    done = subprocess.run(
        ['sh', '-c', 'exec "$@" >&-', 'sh', *command], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.stderr, done.returncode) == ('bodypix: stdout is closed; nothing is printed there\n', 0)


def test_closed_streams_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, 'run', lambda _: 0)
    monkeypatch.setattr(sys, 'stdout', None)
    monkeypatch.setattr(sys, 'stderr', None)
    assert main(['models', 'where']) == 0
    assert sys.stdout.name == sys.stderr.name == os.devnull


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """`bodypix models` raises an exception that is not one of ours."""

    def fail(_: object) -> int:
        raise KeyError('a fault\nof ours')

    monkeypatch.setattr(models, 'run', fail)
    monkeypatch.delenv('BODYPIX_DEBUG', raising=False)


SENTENCE = "bodypix: unexpected KeyError: 'a fault\\nof ours'; --debug shows the traceback\n"


@pytest.mark.usefixtures('fault')
def test_an_unexpected_exception_is_one_sentence_and_status_1(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main(['models', 'where']) == 1
    assert capsys.readouterr() == ('', SENTENCE)
    assert caplog.records == []


@pytest.mark.usefixtures('fault')
@pytest.mark.parametrize('words', [['--debug', 'models', 'where'], ['models', 'where', '--debug']])
def test_debug_adds_the_traceback(
    words: list[str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main(words) == 1
    assert capsys.readouterr().err.startswith(SENTENCE)
    assert 'raise KeyError' in caplog.text


@pytest.mark.usefixtures('fault')
def test_an_environment_variable_adds_the_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv('BODYPIX_DEBUG', '1')
    assert main(['models', 'where']) == 1
    assert 'raise KeyError' in caplog.text


def test_a_verb_that_cannot_be_imported_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, 'bodypix_ros.cli.models', None)
    assert main(['models', 'where']) == 1
    assert capsys.readouterr().err.startswith('bodypix: unexpected ModuleNotFoundError: ')
