# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Addresses, and the download of one file with everything that can go wrong."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import pooch
import pytest
import requests
from checkpoints import QuietFiles, serving

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models import download as module
from bodypix_ros.models.download import AbsentError, download, local_path, server_address, shown
from bodypix_ros.settings import OFFICIAL_SERVER, NetworkSettings

OTHER_WAYS = (
    'copy the weights from a folder with `bodypix models import DIR`, or set model_url or $BODYPIX_MODEL_URL to '
    'another server'
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('BODYPIX_MODEL_URL', *(f'{kind}_proxy' for kind in ('http', 'https', 'all', 'no'))):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Answering(BaseHTTPRequestHandler):
    """Answers as the requested path says."""

    released = Event()

    def do_GET(self) -> None:
        action = self.path[1:].partition('/')[0]
        if action == 'broken':
            self._start(200, {'Content-Length': '100'})
            self.wfile.write(b'only this')
        elif action == 'silent':
            self.released.wait(20)
        elif action == 'drip':
            self._drip()
        elif action == 'redirect':
            self._start(302, {'Location': self.redirection})
        elif action == 'nonsense':
            self._start(200, {'Content-Length': 'many'})
            self.wfile.write(b'x')
        else:
            self._start(int(action), {'Content-Length': '0'})

    redirection = ''

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        """Send a byte now and then, each of them long before any time-out."""
        self._start(200, {'Content-Length': '1000'})
        while not self.released.wait(0.02):
            try:
                self.wfile.write(b'.')
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Answering.released.clear()
    with serving(Answering) as address:
        yield address
        Answering.released.set()


def _message(address: str, target: Path, limit_bytes: int = 1000, deadline_s: float = 20.0) -> str:
    with pytest.raises(ModelError) as raised:
        download(address, target, limit_bytes, lambda _: None, deadline_s)
    return str(raised.value)


def _failing_get(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(requests, 'get', fail)


def test_the_official_server_is_asked_by_default() -> None:
    assert server_address(NetworkSettings()) == OFFICIAL_SERVER


def test_the_environment_names_another_server_and_the_setting_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BODYPIX_MODEL_URL', 'https://mirror.example/models')
    assert server_address(NetworkSettings()) == 'https://mirror.example/models'
    assert server_address(NetworkSettings(model_url='file:///srv/models')) == 'file:///srv/models'


@pytest.mark.parametrize(
    'ending', ['', '/', '/savedmodel', '/savedmodel/', '/savedmodel/bodypix', '/savedmodel/bodypix/']
)
def test_an_address_inside_the_tree_is_shortened_to_its_top(ending: str) -> None:
    assert server_address(NetworkSettings(model_url=f'https://mirror.example/a{ending}')) == 'https://mirror.example/a'


@pytest.mark.parametrize(
    ('address', 'text'),
    [
        ('ftp://mirror.example/a', "model_url must be an https:, http: or file: address, got 'ftp://mirror.example/a'"),
        ('ftp://me:secret@mirror.example', "got 'ftp://mirror.example'"),
        ('/srv/models', "got '/srv/models'; specify a folder as file:///path/to/folder"),
        ('file://srv/models', "model_url must be file:///an/absolute/path, got 'file://srv/models'"),
        ('https:///models', "model_url must contain the name of a server, got 'https:///models'"),
    ],
)
def test_other_addresses_are_refused(address: str, text: str) -> None:
    with pytest.raises(SettingError) as raised:
        server_address(NetworkSettings(model_url=address))
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ('address', 'reason'),
    [
        ('http://[', 'Invalid IPv6 URL'),
        ('http://server.example:99999/', 'Port out of range 0-65535'),
    ],
)
def test_what_cannot_be_parsed_as_an_address_is_a_model_error(address: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        server_address(NetworkSettings(model_url=address))
    assert str(raised.value) == f'model_url must be a valid address, got {address!r} ({reason})'


def test_a_wrong_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BODYPIX_MODEL_URL', 'models')
    with pytest.raises(SettingError, match="BODYPIX_MODEL_URL must be an https:, http: or file: address, got 'models'"):
        server_address(NetworkSettings())


def test_file_addresses_become_paths() -> None:
    assert local_path('file:///srv/my%20models') == Path('/srv/my models')
    assert local_path('https://mirror.example/a') is None


def test_an_address_is_shown_without_its_password_and_at_most_200_characters_of_it() -> None:
    assert shown('https://me:secret@mirror.example/a') == 'https://mirror.example/a'
    assert shown(f'https://mirror.example/{"a" * 300}') == f'https://mirror.example/{"a" * 74} ... {"a" * 97}'


@pytest.mark.parametrize('scheme', ['file', 'http'])
def test_a_file_arrives_whole_and_its_progress_is_reported(scheme: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3000
    (tmp_path / 'a.bin').write_bytes(data)
    seen: list[int] = []
    with serving(partial(QuietFiles, directory=str(tmp_path))) as server:
        address = f'{server}/a.bin' if scheme == 'http' else (tmp_path / 'a.bin').as_uri()
        assert download(address, tmp_path / 'b.bin', len(data), seen.append) == len(data)
    assert (tmp_path / 'b.bin').read_bytes() == data
    assert seen == sorted(seen)
    assert seen[-1] == len(data)


def test_an_absent_file_differs_from_other_failures(tmp_path: Path, server: str) -> None:
    for code, reason in ((404, 'Not Found'), (403, 'Forbidden')):
        with pytest.raises(AbsentError, match=f'{server}/{code}: the server returned {code} {reason}'):
            download(f'{server}/{code}', tmp_path / 'x', 10, lambda _: None)
    with pytest.raises(ModelError, match='the server returned 503 Service Unavailable') as raised:
        download(f'{server}/503', tmp_path / 'x', 10, lambda _: None)
    assert not isinstance(raised.value, AbsentError)
    with pytest.raises(AbsentError, match='nothing does not exist'):
        download((tmp_path / 'nothing').as_uri(), tmp_path / 'x', 10, lambda _: None)


def test_a_file_that_breaks_off_is_refused(tmp_path: Path, server: str) -> None:
    assert _message(f'{server}/broken', tmp_path / 'x') == (
        f'{server}/broken ended before all 100 bytes were received; {OTHER_WAYS}'
    )


def test_a_file_that_breaks_off_is_refused_with_an_old_urllib3_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    get = requests.get

    def lenient(*arguments: Any, **options: Any) -> requests.Response:
        response = get(*arguments, **options)
        response.raw.enforce_content_length = False
        return response

    monkeypatch.setattr(requests, 'get', lenient)
    assert 'ended before all 100 bytes were received' in _message(f'{server}/broken', tmp_path / 'x')


def test_a_nonsensical_length_is_a_sentence(tmp_path: Path, server: str) -> None:
    assert _message(f'{server}/nonsense', tmp_path / 'x').startswith(f'{server}/nonsense cannot be fetched (')


def test_what_is_too_long_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    (tmp_path / 'a.bin').write_bytes(bytes(1001))
    with serving(partial(QuietFiles, directory=str(tmp_path))) as server:
        for address in ((tmp_path / 'a.bin').as_uri(), f'{server}/a.bin'):
            text = _message(address, tmp_path / 'x')
            assert text == f'{address} is longer than the expected 1000 bytes'
            assert (tmp_path / 'x').stat().st_size == 0


def test_a_file_without_an_end_is_refused(tmp_path: Path) -> None:
    assert _message('file:///dev/zero', tmp_path / 'x', limit_bytes=1 << 20) == (
        'file:///dev/zero is longer than the expected 1048576 bytes'
    )


def test_a_silent_server_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setattr(module, 'TIMEOUT_S', 0.1)
    assert _message(f'{server}/silent', tmp_path / 'x') == f'127.0.0.1 did not answer within 0.1 s; {OTHER_WAYS}'


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(tmp_path: Path, server: str) -> None:
    text = _message(f'{server}/drip', tmp_path / 'x', deadline_s=0.5)
    assert text.startswith(f'{server}/drip was aborted after 0.5 s and ')
    assert text.endswith(f' bytes: the server is too slow; {OTHER_WAYS}')


def test_a_pipe_in_a_folder_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    address = (tmp_path / 'pipe').as_uri()
    assert _message(address, tmp_path / 'x', deadline_s=0.2).startswith(
        f'{address} was aborted after 0.2 s and 0 bytes'
    )
    os.close(os.open(tmp_path / 'pipe', os.O_RDWR | os.O_NONBLOCK))  # lets the thread of the download end


def test_a_failing_progress_ends_the_download(tmp_path: Path, server: str) -> None:
    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(f'{server}/drip', tmp_path / 'x', 1000, fail, 20.0)


def test_a_closed_port_is_a_refusal(tmp_path: Path) -> None:
    address = f'http://127.0.0.1:{_closed_port()}/x'
    assert _message(address, tmp_path / 'x') == f'127.0.0.1 refused the connection; {OTHER_WAYS}'


@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_a_proxy_that_refuses_is_named_without_its_password(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = _closed_port()
    monkeypatch.setenv(f'{scheme}_proxy', f'http://me:secret@127.0.0.1:{port}')
    assert _message(f'{scheme}://storage.example/x', tmp_path / 'x') == (
        f'the proxy 127.0.0.1:{port} for storage.example refused the connection; {OTHER_WAYS}'
    )


def test_a_proxy_that_asks_for_a_password_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    proxy = server.removeprefix('http://')
    monkeypatch.setenv('http_proxy', server)
    monkeypatch.setattr(Answering, 'do_GET', lambda handler: handler._start(407, {'Content-Length': '0'}))
    assert _message('http://storage.example/x', tmp_path / 'x') == (
        f'the proxy {proxy} for storage.example requires a user name and password (407 Proxy Authentication Required); '
        f'{OTHER_WAYS}'
    )


def test_a_proxy_that_forbids_a_tunnel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv('https_proxy', server)
    monkeypatch.setattr(
        Answering, 'do_CONNECT', lambda handler: handler._start(403, {'Content-Length': '0'}), raising=False
    )
    text = _message('https://storage.example/x', tmp_path / 'x')
    assert text.startswith(f'the proxy {server.removeprefix("http://")} for storage.example refused to connect (')
    assert '403 Forbidden' in text


def test_being_offline_is_a_sentence_with_the_alternatives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

    monkeypatch.setattr(socket, 'getaddrinfo', fail)
    assert _message('https://storage.example/x', tmp_path / 'x') == (
        'storage.example cannot be resolved: this machine is offline or its name service fails (Name or service not '
        f'known); {OTHER_WAYS}'
    )


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (
            ssl.SSLCertVerificationError(1, 'certificate verify failed'),
            "storage.example is not trusted (certificate verify failed); check this machine's clock and certificates",
        ),
        (requests.exceptions.TooManyRedirects('Exceeded 30 redirects.'), 'https://storage.example/x cannot be fetched'),
        (ConnectionResetError(errno.ECONNRESET, 'reset by peer'), 'https://storage.example/x cannot be fetched (reset'),
        (RecursionError('deep'), 'https://storage.example/x cannot be fetched (RecursionError: deep); copy'),
        (MemoryError(), 'https://storage.example/x cannot be fetched (MemoryError); copy'),
    ],
)
def test_other_failures_name_their_cause(
    error: Exception, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing_get(monkeypatch, error)
    assert text in _message('https://storage.example/x', tmp_path / 'x')


def test_an_untrusted_server_is_said(tmp_path: Path, server: str) -> None:
    text = _message(server.replace('http:', 'https:') + '/200', tmp_path / 'x')
    assert text.startswith('127.0.0.1 is not trusted (')
    assert "check this machine's clock and certificates" in text


@pytest.mark.parametrize(
    ('address', 'text'),
    [
        ('http://[', "'http://[' is not a valid address (Invalid IPv6 URL)"),
        ('file:///%00', 'file:///%00 cannot be read (embedded null byte)'),
        (f'file:///{"a" * 400}', f'file:///{"a" * 89} ... {"a" * 97} cannot be read (File name too long)'),
        ('file:///tmp', 'file:///tmp cannot be read (Is a directory)'),
        (f'http://{"a" * 300}/x', f'http://{"a" * 90} ... {"a" * 95}/x cannot be fetched ('),
        (f'http://{"a" * 64}.example/x', f'http://{"a" * 64}.example/x cannot be fetched ('),
        ('http://ex\udcffmple/x', 'http://ex\udcffmple/x cannot be fetched ('),
    ],
)
def test_impossible_addresses_are_sentences(address: str, text: str, tmp_path: Path) -> None:
    assert _message(address, tmp_path / 'x').startswith(text)


def test_an_address_beyond_ascii_is_encoded(tmp_path: Path) -> None:
    (tmp_path / 'größe.bin').write_bytes(b'12')
    with serving(partial(QuietFiles, directory=str(tmp_path))) as server:
        assert download(f'{server}/größe.bin', tmp_path / 'x', 10, lambda _: None) == 2
    assert download(f'file://{tmp_path}/größe.bin', tmp_path / 'x', 10, lambda _: None) == 2


def test_a_host_beyond_ascii_is_looked_up_in_its_encoded_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fail(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

    monkeypatch.setattr(socket, 'getaddrinfo', fail)
    assert _message('http://exämple.invalid/x', tmp_path / 'x').startswith('exämple.invalid cannot be resolved')
    assert asked == ['xn--exmple-cua.invalid']


@pytest.mark.parametrize(
    ('redirection', 'text'),
    [
        ('http://[', " redirects to 'http://[', which is not a valid address"),
        ('ftp://storage.example/x', " redirects to 'ftp://storage.example/x', which is not http"),
        ('file:///etc/passwd', " redirects to 'file:///etc/passwd', which is not http"),
        (f'http://{"a" * 300}/', ' cannot be fetched ('),
        ('/redirect', ' cannot be fetched (TooManyRedirects'),
    ],
)
def test_bad_redirections_are_sentences(
    redirection: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setattr(Answering, 'redirection', redirection)
    assert _message(f'{server}/redirect', tmp_path / 'x').startswith(f'{server}/redirect{text}')


def test_a_redirection_within_http_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    (tmp_path / 'a.bin').write_bytes(b'12')
    with serving(partial(QuietFiles, directory=str(tmp_path))) as files:
        monkeypatch.setattr(Answering, 'redirection', f'{files}/a.bin')
        assert download(f'{server}/redirect', tmp_path / 'x', 10, lambda _: None) == 2


def test_a_redirection_does_not_leave_https() -> None:
    with pytest.raises(ModelError, match="redirects to 'http://storage.example/x', which is not https"):
        module._check_redirection('https://storage.example/x', 'http://storage.example/x')
    module._check_redirection('https://storage.example/x', '/y')
    module._check_redirection('http://storage.example/x', 'https://storage.example/x')


def test_a_full_disk_is_a_sentence() -> None:
    full = Path('/dev/full')
    if not full.exists():
        pytest.skip('needs /dev/full')
    assert _message(Path(__file__).as_uri(), full, limit_bytes=1 << 20) == (
        'the disk is full: /dev/full cannot be written; free some space or set model_dir to a folder elsewhere'
    )


def test_a_server_is_asked_for_the_plain_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[dict[str, Any]] = []

    class Downloader:
        def __init__(self, **options: Any) -> None:
            made.append(options)

        def __call__(self, url: str, output_file: Any, pooch: None) -> None:
            output_file.write(url.encode())
            output_file.flush()

    monkeypatch.setattr(pooch, 'HTTPDownloader', Downloader)
    assert download('https://storage.example/x', tmp_path / 'x', 100, lambda _: None) == 25
    assert (tmp_path / 'x').read_bytes() == b'https://storage.example/x'
    assert made[0]['headers'] == {'User-Agent': 'bodypix_ros', 'Accept-Encoding': 'identity'}
    assert made[0]['timeout'] == module.TIMEOUT_S


def _closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        return int(unused.getsockname()[1])
