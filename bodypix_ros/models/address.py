"""Where weights come from: the address that stands for the official server."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import SettingError
from ..settings import OFFICIAL_SERVER, NetworkSettings

ENVIRONMENT_VARIABLE = 'BODYPIX_MODEL_URL'


def server_address(settings: NetworkSettings) -> str:
    """Return the server's address without a final slash: `model_url`, else $BODYPIX_MODEL_URL, else the official one.

    Raises:
        SettingError: the address is not an http, https or file address.
    """
    if settings.model_url:
        return clean_address(settings.model_url, 'model_url')
    if os.environ.get(ENVIRONMENT_VARIABLE):
        return clean_address(os.environ[ENVIRONMENT_VARIABLE], ENVIRONMENT_VARIABLE)
    return OFFICIAL_SERVER


def clean_address(address: str, name: str) -> str:
    """Return an address in the form that `server_address` promises.

    Args:
        address: as a person wrote it; one that points at a folder inside the server's tree is led back to its top.
        name: of the setting, for error texts.
    """
    parts = urlsplit(address)
    if parts.scheme not in ('http', 'https', 'file'):
        raise SettingError(
            f'{name} must be an https:, http: or file: address, got {address!r}; a folder is written file:///its/path'
        )
    if parts.scheme == 'file' and parts.netloc not in ('', 'localhost'):
        raise SettingError(f'{name} must be file:///an/absolute/path, got {address!r}')
    if parts.scheme != 'file' and not parts.hostname:
        raise SettingError(f'{name} must name a server, got {address!r}')
    address = address.rstrip('/')
    return address.removesuffix('/savedmodel/bodypix').removesuffix('/savedmodel')


def local_path(address: str) -> Path | None:
    """Return the path of a file: address, None for any other."""
    parts = urlsplit(address)
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == 'file' else None
