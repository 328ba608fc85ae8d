"""Bring one file from a server or a folder."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from ..errors import ModelError
from .address import local_path
from .disk import writing

TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 18
_ABSENT = (403, 404, 410)  # Google's storage answers 403 for what is not there and may not be listed
_OTHER_WAYS = (
    'a folder with the weights is brought in by `bodypix models import DIR`, another server is named by model_url or '
    '$BODYPIX_MODEL_URL'
)


class AbsentError(ModelError):
    """The server works but has no such file."""


def download(address: str, target: Path, limit_bytes: int, progress: Callable[[int], None]) -> int:
    """Copy the file at an address to a new file.

    Args:
        address: http:, https: or file:.
        target: the file to write; it is not atomic, so let it lie where nobody looks.
        limit_bytes: what is longer is refused.
        progress: called with the bytes done so far.

    Returns:
        The file's size in bytes.

    Raises:
        AbsentError: there is no such file.
        ModelError: the server cannot be reached, fails, or sends too much or too little; the disk is full.
    """
    done = 0
    with closing(_open(address)) as source, writing(target), target.open('wb') as file:
        while chunk := _read(source, address):
            done += len(chunk)
            if done > limit_bytes:
                raise ModelError(f'{address} is longer than the {limit_bytes} bytes that were expected')
            file.write(chunk)
            progress(done)
    announced = _announced_bytes(source)
    if announced is not None and done != announced:
        raise ModelError(f'{address} broke off after {done} of {announced} bytes; try again')
    return done


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class _StayingSecure(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.type == 'https' and urlsplit(newurl).scheme != 'https':
            raise ModelError(f'{req.full_url} redirects to {newurl}, which is not https; it is not followed')
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(address: str) -> _Source:
    path = local_path(address)
    try:
        if path is not None:
            return path.open('rb')
        request = urllib.request.Request(address, headers={'User-Agent': 'bodypix_ros'})
        source: _Source = urllib.request.build_opener(_StayingSecure()).open(request, timeout=TIMEOUT_S)
        return source
    except HTTPError as error:
        answer = f'{address}: the server answers {error.code} {error.reason}'
        raise (AbsentError if error.code in _ABSENT else ModelError)(answer) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AbsentError(f'{address}: there is no such file') from error
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(_explain(address, error)) from error


def _read(source: _Source, address: str) -> bytes:
    try:
        return source.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(_explain(address, error)) from error


def _announced_bytes(source: _Source) -> int | None:
    length = source.headers.get('Content-Length') if isinstance(source, http.client.HTTPResponse) else None
    return int(length) if length and length.isdecimal() else None


def _explain(address: str, error: Exception) -> str:
    """Return the cause in words, and other ways to bring weights."""
    reason = error.reason if isinstance(error, URLError) else error
    host = urlsplit(address).hostname
    if host is None:
        return f'{address} cannot be read ({getattr(reason, "strerror", reason)})'
    if isinstance(reason, socket.gaierror):
        cause = f'{host} cannot be found: this machine is offline or its name service fails ({reason.strerror})'
    elif isinstance(reason, TimeoutError):
        cause = f'{host} did not answer within {TIMEOUT_S:g} s'
    elif isinstance(reason, ConnectionRefusedError):
        cause = f'{host} refuses the connection'
    elif isinstance(reason, ssl.SSLError):
        cause = f"{host} is not trusted ({reason}); look at this machine's clock and certificates"
    else:
        cause = f'{address} cannot be fetched ({reason or type(reason).__name__})'
    return f'{cause}; {_OTHER_WAYS}'
