"""The `bodypix` command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bodypix_ros import __version__
from bodypix_ros.cli import models
from bodypix_ros.cli.main import VERBS, main

ROOT = Path(__file__).resolve().parents[2]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'bodypix_ros.cli.main', *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


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
    assert line.startswith(f'bodypix: {tmp_path} holds no official checkpoint; expected files laid out like the server')


def test_an_interrupted_command_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, 'run', interrupt)
    assert main(['models', 'where']) == 130
    assert capsys.readouterr().err == ''


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    unread, output = os.pipe()
    os.close(unread)
    command = [sys.executable, '-m', 'bodypix_ros.cli.main', 'models', 'list']
    for unbuffered in ('', '1'):
        environment = {**os.environ, 'PYTHONUNBUFFERED': unbuffered}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60
        )
        assert (done.stderr, done.returncode) == ('', 1)
    os.close(output)
