# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Addresses of servers, and the download of one file.

pooch transfers the bytes (proxies, redirects, certificates). `pooch.retrieve` does not store the files, because a
checkpoint must appear as a whole: a manifest and its weight files, and most of their checksums are not published.
`store.py` downloads them to a temporary folder, verifies them together and then moves them into the cache.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from ..errors import BodyPixError, ModelError, SettingError, missing_package, quoted, shorten, without_password
from ..settings import OFFICIAL_SERVER, NetworkSettings
from .disk import describe, writing

ENVIRONMENT_VARIABLE = 'BODYPIX_MODEL_URL'
TIMEOUT_S = 30.0  # of a connection, and of each wait for more bytes
MINIMUM_RATE_BYTES_PER_S = 20_000  # the download is aborted if the average rate is lower
_PROGRESS_S = 0.1
_CHUNK_BYTES = 1 << 16
_ABSENT = (403, 404, 410)  # Google's storage returns 403 for missing files of a bucket that must not be listed
_OTHER_WAYS = (
    'copy the weights from a folder with `bodypix models import DIR`, or set model_url or $BODYPIX_MODEL_URL to '
    'another server'
)


class AbsentError(ModelError):
    """The server responds but does not have the file."""


def server_address(settings: NetworkSettings, official: str = OFFICIAL_SERVER) -> str:
    """Return the server address without a trailing slash: `model_url`, $BODYPIX_MODEL_URL or the official server.

    Args:
        settings: only `model_url` is used.
        official: address of the official server.

    Raises:
        SettingError: the address is not an http, https or file address.
        ModelError: it cannot be parsed.
    """
    if settings.model_url:
        return clean_address(settings.model_url, 'model_url')
    if os.environ.get(ENVIRONMENT_VARIABLE):
        return clean_address(os.environ[ENVIRONMENT_VARIABLE], ENVIRONMENT_VARIABLE)
    return official


def clean_address(address: str, name: str) -> str:
    """Return an address in the normal form that `server_address` returns.

    Args:
        address: as written by the user; an address below the root of the server's tree is shortened to the root.
        name: of the setting, for error texts.

    Raises:
        SettingError: the address is not an http, https or file address.
        ModelError: it cannot be parsed.
    """
    received = quoted(without_password(address))
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(f'{name} must be a valid address, got {received} ({error})') from error
    if parts.scheme not in ('http', 'https', 'file'):
        raise SettingError(
            f'{name} must be an https:, http: or file: address, got {received}; specify a folder as '
            'file:///path/to/folder'
        )
    if parts.scheme == 'file' and parts.netloc not in ('', 'localhost'):
        raise SettingError(f'{name} must be file:///an/absolute/path, got {received}')
    if parts.scheme != 'file' and not host:
        raise SettingError(f'{name} must contain the name of a server, got {received}')
    address = address.rstrip('/')
    return address.removesuffix('/savedmodel/bodypix').removesuffix('/savedmodel')


def local_path(address: str) -> Path | None:
    """Return the path of a file: address, None for any other."""
    parts = urlsplit(address)
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == 'file' else None


def shown(address: str) -> str:
    """Return an address for error texts: without a password, at most 200 characters."""
    return shorten(without_password(address))


def download(
    address: str, target: Path, limit_bytes: int, progress: Callable[[int], None], deadline_s: float = 3600.0
) -> int:
    """Copy the file at an address to a new file.

    Args:
        address: http:, https: or file:.
        target: the file to write; it is incomplete while the download runs, so use a temporary path.
        limit_bytes: longer files are rejected.
        progress: called in this thread with the number of bytes downloaded so far.
        deadline_s: maximum duration of the whole download, seconds.

    Returns:
        The size of the file, bytes.

    Raises:
        AbsentError: the file does not exist.
        ModelError: the server cannot be reached, fails, is too slow, or sends too much or too little; the disk is full.
    """
    try:
        source = local_path(address)
    except ValueError as error:
        raise ModelError(f'{quoted(address)} is not a valid address ({error})') from error
    with writing(target):
        file = target.open('wb')
    with file:
        transfer = _Transfer(address, source, file, limit_bytes)
        try:
            _watch(transfer, progress, deadline_s)
        finally:
            transfer.abandoned = True
    return transfer.done_bytes


class _Transfer:
    """One download, in a separate thread so that the deadline also covers name lookups and stalled reads."""

    def __init__(self, address: str, source: Path | None, file: IO[bytes], limit_bytes: int) -> None:
        self.address = address
        self.source = source
        self.done_bytes = 0
        self.abandoned = False
        self.finished: Future[None] = Future()
        self._file = file
        self._limit_bytes = limit_bytes
        self.announced_bytes: int | None = None

    def run(self) -> None:
        try:
            if self.source is None:
                self._download()
            else:
                for chunk in _chunks(self.source):
                    self.write(chunk)
            self._check_length()
        except BaseException as error:
            self.finished.set_exception(error)
        else:
            self.finished.set_result(None)

    def write(self, data: bytes) -> None:
        """Receive the next bytes; pooch calls this like the method of a file."""
        if self.abandoned:
            raise ModelError(f'{shown(self.address)}: the download was aborted')
        self.done_bytes += len(data)
        self._check_limit(self.done_bytes)
        with writing(Path(self._file.name)):
            self._file.write(data)

    def flush(self) -> None:
        """Write the received bytes to the disk; pooch calls this after each chunk."""
        with writing(Path(self._file.name)):
            self._file.flush()

    def _download(self) -> None:
        import pooch  # slow to import, and rarely needed

        headers = {'User-Agent': 'bodypix_ros', 'Accept-Encoding': 'identity'}
        downloader = pooch.HTTPDownloader(
            chunk_size=_CHUNK_BYTES, timeout=TIMEOUT_S, headers=headers, hooks={'response': self._check_response}
        )
        downloader(self.address, self, None)

    def _check_response(self, response: Any, **_: Any) -> None:
        """Check the headers of a response before its body is read or its redirection is followed."""
        if 'Location' in response.headers:
            _check_redirection(response.url, response.headers['Location'])
        elif response.ok:
            length = response.headers.get('Content-Length', '')
            self.announced_bytes = int(length) if length.isdecimal() and len(length) < 20 else None
            self._check_limit(self.announced_bytes or 0)

    def _check_limit(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise ModelError(f'{shown(self.address)} is longer than the expected {self._limit_bytes} bytes')

    def _check_length(self) -> None:
        if self.announced_bytes is not None and self.done_bytes != self.announced_bytes:
            raise http.client.IncompleteRead(b'')  # as requests does with recent versions of urllib3


def _watch(transfer: _Transfer, progress: Callable[[int], None], deadline_s: float) -> None:
    """Run a transfer and report its progress; abort it at the deadline."""
    end_s = time.monotonic() + deadline_s
    Thread(target=transfer.run, name='bodypix download', daemon=True).start()
    while not wait([transfer.finished], _PROGRESS_S).done:
        progress(transfer.done_bytes)
        if time.monotonic() > end_s:
            raise ModelError(
                f'{shown(transfer.address)} was aborted after {deadline_s:.3g} s and {transfer.done_bytes} bytes: the '
                f'server is too slow; {_OTHER_WAYS}'
            )
    error = transfer.finished.exception()
    if error is not None:
        raise _explain(transfer, error) from error
    progress(transfer.done_bytes)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open('rb') as source:
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk


def _check_redirection(address: str, location: str) -> None:
    """Raise ModelError if a redirection leads to something other than http and https, or away from https."""
    try:
        scheme = urlsplit(urljoin(address, location)).scheme
    except ValueError as error:
        raise ModelError(f'{shown(address)} redirects to {quoted(location)}, which is not a valid address') from error
    if scheme != 'https' and (scheme != 'http' or urlsplit(address).scheme == 'https'):
        raise ModelError(f'{shown(address)} redirects to {quoted(location)}, which is not {urlsplit(address).scheme}')


def _explain(transfer: _Transfer, error: BaseException) -> BaseException:
    """Return an error with the cause as a sentence and with other ways to get the weights."""
    if isinstance(error, BodyPixError) or not isinstance(error, Exception):
        return error
    if missing := missing_package(error):
        return ModelError(missing)
    address = shown(transfer.address)
    if transfer.source is not None:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return AbsentError(f'{address} does not exist')
        return ModelError(f'{address} cannot be read ({getattr(error, "strerror", error)})')
    response = getattr(error, 'response', None)
    if response is not None and response.status_code >= 400:
        return _refusal(address, response.status_code, str(response.reason)[:100])
    return ModelError(f'{_cause(transfer, error)}; {_OTHER_WAYS}')


def _refusal(address: str, status: int, reason: str) -> ModelError:
    if status == 407:
        return ModelError(f'{_peer(address)} requires a user name and password (407 {reason}); {_OTHER_WAYS}')
    return (AbsentError if status in _ABSENT else ModelError)(f'{address}: the server returned {status} {reason}')


def _cause(transfer: _Transfer, error: Exception) -> str:
    """Return a description of why a server cannot be reached, or why the transfer broke off."""
    from requests.exceptions import ProxyError, Timeout

    causes = list(_causes(error))

    def found(*kinds: type[BaseException]) -> BaseException | None:
        return next((one for one in causes if isinstance(one, kinds)), None)

    peer = _peer(transfer.address)
    if found(http.client.IncompleteRead):
        return f'{shown(transfer.address)} ended before all {transfer.announced_bytes} bytes were received'
    if lookup := found(socket.gaierror):
        return f'{peer} cannot be resolved: this machine is offline or its name service fails ({describe(lookup)})'
    if found(ConnectionRefusedError):
        return f'{peer} refused the connection'
    if isinstance(error, Timeout) or found(TimeoutError):
        return f'{peer} did not answer within {TIMEOUT_S:g} s'
    if untrusted := found(ssl.SSLError):
        return f"{peer} is not trusted ({describe(untrusted)}); check this machine's clock and certificates"
    if isinstance(error, ProxyError):
        return f'{peer} refused to connect ({describe(causes[-1])})'
    return f'{shown(transfer.address)} cannot be fetched ({describe(causes[-1])})'


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes, the original one last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _peer(address: str) -> str:
    """Return the host to which the connection is made: the server, or its proxy according to the environment."""
    from requests.utils import get_environ_proxies, select_proxy

    host = (urlsplit(address).hostname or '')[:100]
    proxy = select_proxy(address, get_environ_proxies(address, no_proxy=None))
    if not proxy:
        return host
    parts = urlsplit(proxy if '://' in proxy else f'http://{proxy}')
    return f'the proxy {parts.netloc.rpartition("@")[2]} for {host}'
