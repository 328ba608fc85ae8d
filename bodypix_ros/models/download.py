"""Addresses of servers, and the download of one file.

pooch transfers the bytes (proxies, redirects, certificates). The files are not placed by `pooch.retrieve`, because what
has to appear whole is a checkpoint: a manifest and the weight files that it names, most of whose checksums are not
published. `store.py` fetches them aside, verifies them together and then moves them into the cache.
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

from ..errors import BodyPixError, ModelError, SettingError, shorten
from ..settings import OFFICIAL_SERVER, NetworkSettings
from .disk import describe, quoted, writing

ENVIRONMENT_VARIABLE = 'BODYPIX_MODEL_URL'
TIMEOUT_S = 30.0  # of a connection, and of each wait for more bytes
MINIMUM_RATE_BYTES_PER_S = 20_000  # a server that sends less than this, on average, is given up
_PROGRESS_S = 0.1
_CHUNK_BYTES = 1 << 16
_ABSENT = (403, 404, 410)  # Google's storage answers 403 for a file that does not exist and must not be listed
_OTHER_WAYS = (
    'copy the weights from a folder with `bodypix models import DIR`, or set model_url or $BODYPIX_MODEL_URL to '
    'another server'
)


class AbsentError(ModelError):
    """The server works but does not have the file."""


def server_address(settings: NetworkSettings) -> str:
    """Return the server's address without a final slash: `model_url`, else $BODYPIX_MODEL_URL, else the official one.

    Raises:
        SettingError: the address is not an http, https or file address.
        ModelError: it cannot be parsed.
    """
    if settings.model_url:
        return clean_address(settings.model_url, 'model_url')
    if os.environ.get(ENVIRONMENT_VARIABLE):
        return clean_address(os.environ[ENVIRONMENT_VARIABLE], ENVIRONMENT_VARIABLE)
    return OFFICIAL_SERVER


def clean_address(address: str, name: str) -> str:
    """Return an address in the form that `server_address` promises.

    Args:
        address: as a person wrote it; an address inside the server's tree is shortened to the top of the tree.
        name: of the setting, for error texts.

    Raises:
        SettingError: the address is not an http, https or file address.
        ModelError: it cannot be parsed.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(f'{name} must be a valid address, got {quoted(address)} ({error})') from error
    if parts.scheme not in ('http', 'https', 'file'):
        raise SettingError(
            f'{name} must be an https:, http: or file: address, got {quoted(address)}; write a folder as '
            'file:///path/to/folder'
        )
    if parts.scheme == 'file' and parts.netloc not in ('', 'localhost'):
        raise SettingError(f'{name} must be file:///an/absolute/path, got {quoted(address)}')
    if parts.scheme != 'file' and not host:
        raise SettingError(f'{name} must name a server, got {quoted(address)}')
    address = address.rstrip('/')
    return address.removesuffix('/savedmodel/bodypix').removesuffix('/savedmodel')


def local_path(address: str) -> Path | None:
    """Return the path of a file: address, None for any other."""
    parts = urlsplit(address)
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == 'file' else None


def shown(address: str) -> str:
    """Return an address for error texts: without a password, at most 200 characters."""
    try:
        parts = urlsplit(address)
        address = parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()
    except ValueError:
        pass
    return shorten(address)


def download(
    address: str, target: Path, limit_bytes: int, progress: Callable[[int], None], deadline_s: float = 3600.0
) -> int:
    """Copy the file at an address to a new file.

    Args:
        address: http:, https: or file:.
        target: the file to write; it grows while the download runs, so place it where nobody looks.
        limit_bytes: a longer file is refused.
        progress: called in this thread with the bytes done so far.
        deadline_s: how long the whole download may take, seconds.

    Returns:
        The file's size in bytes.

    Raises:
        AbsentError: there is no such file.
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
    """One download, in a thread of its own: only so can a deadline also cover name lookups and stalled reads."""

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
        """Take the next bytes; pooch calls this as it would a file's method."""
        if self.abandoned:
            raise ModelError(f'{shown(self.address)}: the download was abandoned')
        self.done_bytes += len(data)
        self._check_limit(self.done_bytes)
        with writing(Path(self._file.name)):
            self._file.write(data)

    def flush(self) -> None:
        """Write to the disk what was taken; pooch calls this after each chunk."""
        with writing(Path(self._file.name)):
            self._file.flush()

    def _download(self) -> None:
        import pooch  # slow to import, and most starts fetch nothing

        headers = {'User-Agent': 'bodypix_ros', 'Accept-Encoding': 'identity'}
        downloader = pooch.HTTPDownloader(
            chunk_size=_CHUNK_BYTES, timeout=TIMEOUT_S, headers=headers, hooks={'response': self._check_response}
        )
        downloader(self.address, self, None)

    def _check_response(self, response: Any, **_: Any) -> None:
        """Look at the headers of an answer, before its body is read or its redirection is followed."""
        if 'Location' in response.headers:
            _check_redirection(response.url, response.headers['Location'])
        elif response.ok:
            length = response.headers.get('Content-Length', '')
            self.announced_bytes = int(length) if length.isdecimal() and len(length) < 20 else None
            self._check_limit(self.announced_bytes or 0)

    def _check_limit(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise ModelError(f'{shown(self.address)} is longer than the {self._limit_bytes} bytes that were expected')

    def _check_length(self) -> None:
        if self.announced_bytes is not None and self.done_bytes != self.announced_bytes:
            raise http.client.IncompleteRead(b'')  # as requests does where its urllib3 is recent enough


def _watch(transfer: _Transfer, progress: Callable[[int], None], deadline_s: float) -> None:
    """Run a transfer to its end and report its progress; abandon it at the deadline."""
    end_s = time.monotonic() + deadline_s
    Thread(target=transfer.run, name='bodypix download', daemon=True).start()
    while not wait([transfer.finished], _PROGRESS_S).done:
        progress(transfer.done_bytes)
        if time.monotonic() > end_s:
            raise ModelError(
                f'{shown(transfer.address)} was given up after {deadline_s:.3g} s and {transfer.done_bytes} bytes: the '
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
    """Return the error as a sentence: the cause, and other ways to get the weights."""
    if isinstance(error, BodyPixError) or not isinstance(error, Exception):
        return error
    address = shown(transfer.address)
    if transfer.source is not None:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return AbsentError(f'{address}: there is no such file')
        return ModelError(f'{address} cannot be read ({getattr(error, "strerror", error)})')
    response = getattr(error, 'response', None)
    if response is not None and response.status_code >= 400:
        return _refusal(address, response.status_code, str(response.reason)[:100])
    return ModelError(f'{_cause(transfer, error)}; {_OTHER_WAYS}')


def _refusal(address: str, status: int, reason: str) -> ModelError:
    if status == 407:
        return ModelError(f'{_peer(address)} asks for a user name and password (407 {reason}); {_OTHER_WAYS}')
    return (AbsentError if status in _ABSENT else ModelError)(f'{address}: the server answers {status} {reason}')


def _cause(transfer: _Transfer, error: Exception) -> str:
    """Return in words why a server cannot be reached, or breaks off."""
    from requests.exceptions import ProxyError, Timeout

    causes = list(_causes(error))

    def found(*kinds: type[BaseException]) -> BaseException | None:
        return next((one for one in causes if isinstance(one, kinds)), None)

    peer = _peer(transfer.address)
    if found(http.client.IncompleteRead):
        return f'{shown(transfer.address)} ended before all of its {transfer.announced_bytes} bytes had arrived'
    if lookup := found(socket.gaierror):
        return f'{peer} cannot be found: this machine is offline or its name service fails ({describe(lookup)})'
    if found(ConnectionRefusedError):
        return f'{peer} refuses the connection'
    if isinstance(error, Timeout) or found(TimeoutError):
        return f'{peer} did not answer within {TIMEOUT_S:g} s'
    if untrusted := found(ssl.SSLError):
        return f"{peer} is not trusted ({describe(untrusted)}); check this machine's clock and certificates"
    if isinstance(error, ProxyError):
        return f'{peer} refuses to connect ({describe(causes[-1])})'
    return f'{shown(transfer.address)} cannot be fetched ({describe(causes[-1])})'


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what led to it, the origin last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _peer(address: str) -> str:
    """Return which machine the connection goes to: the server, or the proxy that the environment names for it."""
    from requests.utils import get_environ_proxies, select_proxy

    host = (urlsplit(address).hostname or '')[:100]
    proxy = select_proxy(address, get_environ_proxies(address, no_proxy=None))
    if not proxy:
        return host
    parts = urlsplit(proxy if '://' in proxy else f'http://{proxy}')
    return f'the proxy {parts.netloc.rpartition("@")[2]} for {host}'
