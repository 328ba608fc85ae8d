"""Bringing one file, and what can go wrong."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from checkpoints import QuietFiles, serving

from bodypix_ros.errors import ModelError
from bodypix_ros.models import download as module
from bodypix_ros.models.download import AbsentError, download


class Answering(BaseHTTPRequestHandler):
    """Answers as the requested path says."""

    def do_GET(self) -> None:
        if self.path == '/broken':
            self.send_response(200)
            self.send_header('Content-Length', '100')
            self.end_headers()
            self.wfile.write(b'only this')
        elif self.path == '/silent':
            time.sleep(0.5)
        else:
            self.send_response(int(self.path[1:]))
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _failing(error: Exception) -> Any:
    """Return an opener's `open` that fails."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def _message(address: str, target: Path, limit_bytes: int = 1000) -> str:
    with pytest.raises(ModelError) as raised:
        download(address, target, limit_bytes, lambda _: None)
    return str(raised.value)


@pytest.mark.parametrize('scheme', ['file', 'http'])
def test_a_file_arrives_whole_and_its_progress_is_told(scheme: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3000
    (tmp_path / 'a.bin').write_bytes(data)
    seen: list[int] = []
    with serving(partial(QuietFiles, directory=str(tmp_path))) as server:
        address = f'{server}/a.bin' if scheme == 'http' else (tmp_path / 'a.bin').as_uri()
        assert download(address, tmp_path / 'b.bin', len(data), seen.append) == len(data)
    assert (tmp_path / 'b.bin').read_bytes() == data
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert seen[-1] == len(data)


def test_an_absent_file_is_told_from_other_failures(tmp_path: Path) -> None:
    with serving(Answering) as server:
        for code, reason in ((404, 'Not Found'), (403, 'Forbidden')):
            with pytest.raises(AbsentError, match=f'{server}/{code}: the server answers {code} {reason}'):
                download(f'{server}/{code}', tmp_path / 'x', 10, lambda _: None)
        with pytest.raises(ModelError, match='the server answers 503 Service Unavailable') as raised:
            download(f'{server}/503', tmp_path / 'x', 10, lambda _: None)
        assert not isinstance(raised.value, AbsentError)
    with pytest.raises(AbsentError, match='nothing: there is no such file'):
        download((tmp_path / 'nothing').as_uri(), tmp_path / 'x', 10, lambda _: None)


def test_what_breaks_off_is_noticed(tmp_path: Path) -> None:
    with serving(Answering) as server:
        assert (
            _message(f'{server}/broken', tmp_path / 'x') == f'{server}/broken broke off after 9 of 100 bytes; try again'
        )


def test_what_is_too_long_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    (tmp_path / 'a.bin').write_bytes(bytes(1001))
    assert 'a.bin is longer than the 1000 bytes that were expected' in _message(
        (tmp_path / 'a.bin').as_uri(), tmp_path / 'x'
    )
    assert (tmp_path / 'x').stat().st_size == 0


def test_a_silent_server_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'TIMEOUT_S', 0.1)
    with serving(Answering) as server:
        assert '127.0.0.1 did not answer within 0.1 s; ' in _message(f'{server}/silent', tmp_path / 'x')


def test_a_closed_port_is_a_refusal(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        port = unused.getsockname()[1]
    assert '127.0.0.1 refuses the connection; ' in _message(f'http://127.0.0.1:{port}/x', tmp_path / 'x')


def test_being_offline_is_said_with_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = urllib.error.URLError(socket.gaierror(socket.EAI_NONAME, 'Name or service not known'))
    monkeypatch.setattr(urllib.request.OpenerDirector, 'open', _failing(error))
    assert _message('https://storage.example/x', tmp_path / 'x') == (
        'storage.example cannot be found: this machine is offline or its name service fails (Name or service not '
        'known); a folder with the weights is brought in by `bodypix models import DIR`, another server is named by '
        'model_url or $BODYPIX_MODEL_URL'
    )


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (
            urllib.error.URLError(ssl.SSLCertVerificationError(1, 'certificate verify failed')),
            "storage.example is not trusted (certificate verify failed); look at this machine's clock and certificates",
        ),
        (http.client.BadStatusLine('nonsense'), 'https://storage.example/x cannot be fetched (nonsense)'),
        (ConnectionResetError(104, 'reset by peer'), 'https://storage.example/x cannot be fetched'),
    ],
)
def test_other_failures_name_their_cause(
    error: Exception, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request.OpenerDirector, 'open', _failing(error))
    assert text in _message('https://storage.example/x', tmp_path / 'x')


def test_a_full_disk_is_said() -> None:
    full = Path('/dev/full')
    if not full.exists():
        pytest.skip('needs /dev/full')
    assert _message(Path(__file__).as_uri(), full, limit_bytes=1 << 20) == (
        'the disk is full: /dev/full cannot be written; make room or set model_dir to a folder on another disk'
    )


def test_https_is_not_left_by_a_redirection() -> None:
    request = urllib.request.Request('https://storage.example/x')
    with pytest.raises(ModelError, match='redirects to http://storage.example/x, which is not https'):
        module._StayingSecure().redirect_request(request, None, 302, 'Found', {}, 'http://storage.example/x')  # type: ignore[arg-type]
